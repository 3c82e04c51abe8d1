from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Built while the application runs: outside a transaction.
    atomic = False

    dependencies = [
        ("flowpilot", "0012_lists_of_people_clients_and_domains"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="aisession",
            index=models.Index(
                condition=models.Q(("status", "requesting_escalation")),
                fields=["account", "domain", "client"],
                include=("handler",),
                name="what_waits_by_domain_client",
            ),
        ),
    ]
