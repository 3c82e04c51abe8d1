from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Built while the application runs: outside a transaction.
    atomic = False

    dependencies = [
        ("handoffs", "0007_tried"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="sessionhandoff",
            index=models.Index(
                condition=models.Q(("state", "open")),
                fields=["account", "-priority", "created_at", "id"],
                include=("author", "target"),
                name="handoffs_in_queue_order",
            ),
        ),
        RemoveIndexConcurrently(model_name="sessionhandoff", name="handoff_queue"),
    ]
