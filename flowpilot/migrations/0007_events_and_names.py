"""Event steps say what happened in a field of their own, and some columns get plainer names."""

from django.db import migrations, models

# How the sentences of event steps began before they had an event; the order matters for none of them.
VERBS = [
    ("handed it off", "escalated"),
    ("claimed it", "claimed"),
    ("released it", "released"),
    ("returned it", "returned"),
    ("withdrew it", "withdrawn"),
    ("parked it", "parked"),
    ("resumed it", "resumed"),
    ("resolved it", "resolved"),
    ("reopened it", "reopened"),
    ("gave it up", "closed"),
    ("revealed the", "secret_revealed"),
    ("removed the", "secret_removed"),
    ("FlowPilot could not reply", "reply_failed"),
]


def fill_events(apps, schema_editor):
    """Reads the event out of the sentence, once. What somebody wrote after the colon does not count."""
    step = apps.get_model("flowpilot", "SessionStep")
    changed = []
    for row in step.objects.filter(kind="system", event="").only("id", "text").iterator(1000):
        said = row.text.partition(":")[0]
        event = next((event for verb, event in VERBS if verb in said), "")
        if event:
            row.event = event
            changed.append(row)
        if len(changed) == 1000:
            step.objects.bulk_update(changed, ["event"])
            changed.clear()
    step.objects.bulk_update(changed, ["event"])


def rename_permissions(apps, schema_editor):
    """Permissions that staff were given follow the model's new name."""
    permission = apps.get_model("auth", "Permission")
    for each in permission.objects.filter(content_type__app_label="flowpilot", codename__endswith="_sessionhand"):
        each.codename = each.codename.removesuffix("sessionhand") + "sessionholder"
        each.save(update_fields=["codename"])


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("flowpilot", "0006_assistant_day"),
    ]

    operations = [
        migrations.AddField(
            model_name="sessionstep",
            name="event",
            field=models.CharField(
                blank=True,
                choices=[
                    ("escalated", "Escalated"),
                    ("handed_over", "Handed over"),
                    ("claimed", "Claimed"),
                    ("released", "Released"),
                    ("returned", "Returned"),
                    ("withdrawn", "Withdrawn"),
                    ("parked", "Parked"),
                    ("resumed", "Resumed"),
                    ("resolved", "Resolved"),
                    ("reopened", "Reopened"),
                    ("closed", "Closed unresolved"),
                    ("secret_revealed", "Secret revealed"),
                    ("secret_removed", "Secret removed"),
                    ("reply_failed", "Reply failed"),
                ],
                default="",
                max_length=16,
            ),
            preserve_default=False,
        ),
        migrations.RunPython(fill_events, migrations.RunPython.noop),
        migrations.RenameField("aisession", "reply_due", "reply_requested_for"),
        migrations.RenameField("aisession", "reply_due_since", "reply_requested_at"),
        migrations.RenameField("fix", "told_in", "reported_in"),
        migrations.RenameModel("SessionHand", "SessionHolder"),
        migrations.RenameIndex(
            "sessionholder", new_name="flowpilot_s_user_id_1f7c4d_idx", old_name="flowpilot_s_user_id_4b85f5_idx"
        ),
        migrations.RunPython(rename_permissions, migrations.RunPython.noop),
        migrations.AlterField(
            "sessionholder",
            "session",
            models.ForeignKey(on_delete=models.deletion.CASCADE, related_name="holders", to="flowpilot.aisession"),
        ),
        migrations.AlterField(
            "aisession",
            "status",
            models.CharField(
                choices=[
                    ("active", "Active"),
                    ("paused", "Parked"),
                    ("requesting_escalation", "Waiting for a colleague"),
                    ("resolved", "Resolved"),
                    ("abandoned", "Closed unresolved"),
                ],
                default="active",
                max_length=24,
            ),
        ),
    ]
