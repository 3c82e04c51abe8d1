"""The assistant's usage and circuit breaker move to the app `assistant`: the tables are renamed, the rows stay."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("flowpilot", "0007_events_and_names")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.AlterModelTable("AssistantCall", "assistant_assistantcall"),
                migrations.AlterModelTable("AssistantDay", "assistant_dailyusage"),
                migrations.AlterModelTable("AssistantBreaker", "assistant_circuitbreaker"),
            ],
            state_operations=[
                migrations.DeleteModel("AssistantCall"),
                migrations.DeleteModel("AssistantDay"),
                migrations.DeleteModel("AssistantBreaker"),
            ],
        ),
    ]
