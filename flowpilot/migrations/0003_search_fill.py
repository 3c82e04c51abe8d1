"""Fills the search's index with what there is, some sessions at a time, each in a transaction of its own: nobody waits for it, and where it
was stopped it goes on."""

from django.db import migrations

SESSIONS_AT_A_TIME = 200


def fill(apps, schema_editor):
    ids = list(apps.get_model("flowpilot", "AISession").objects.order_by("created_at").values_list("pk", flat=True))
    with schema_editor.connection.cursor() as cursor:
        for first in range(0, len(ids), SESSIONS_AT_A_TIME):
            cursor.execute("SELECT flowpilot_search_fill(%s)", [ids[first : first + SESSIONS_AT_A_TIME]])
        # Without figures about the new table the first searches would be planned for an empty one.
        cursor.execute("ANALYZE flowpilot_searchentry")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("flowpilot", "0002_search")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
