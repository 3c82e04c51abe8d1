from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0006_lists_by_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="sessionhandoff",
            name="tried",
            field=models.PositiveIntegerField(default=0),
        ),
        # The same as `packaging.tried_in`, for the rows that are there.
        migrations.RunSQL(
            """
            UPDATE handoffs_sessionhandoff
               SET tried = jsonb_array_length(jsonb_path_query_array(snapshot, '$.done_tasks[*] ? (@.state == "done")'))
                         + jsonb_array_length(jsonb_path_query_array(snapshot, '$.fixes[*] ? (@.outcome != "proposed")'))
            """,
            migrations.RunSQL.noop,
        ),
    ]
