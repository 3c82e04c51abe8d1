"""Event steps say what happened in a field of their own, and some columns get plainer names."""

from django.db import migrations, models

# How the sentences of event steps went on after their first word, which was a name: "Bo claimed it and carried on ...".
SENTENCES = {
    "handed it off": "escalated",
    "claimed it": "claimed",
    "released it": "released",
    "returned it": "returned",
    "withdrew it": "withdrawn",
    "parked it": "parked",
    "resumed it": "resumed",
    "resolved it": "resolved",
    "reopened it": "reopened",
    "gave it up": "closed",
    "revealed the": "secret_revealed",
    "removed the": "secret_removed",
    "could not reply": "reply_failed",
}


def event_of(text):
    """Only the beginning counts: what follows may be what somebody wrote, and name any event."""
    words = text.partition(" ")[2]
    return next((event for beginning, event in SENTENCES.items() if words.startswith(beginning)), "")


def fill_events(apps, schema_editor):
    """Reads the event out of the sentence, once."""
    # Handing over had the sentence of escalating. The account's log knows that a claim ended with it.
    claim_ended = apps.get_model("accounts", "Event").objects.filter(
        session=models.OuterRef("session_id"), at=models.OuterRef("at"), kind="handoff_superseded", from_state="claimed"
    )
    steps = apps.get_model("flowpilot", "SessionStep").objects.filter(kind="system")
    changed = []
    for row in steps.filter(event="").annotate(claim_ended=models.Exists(claim_ended)).only("id", "text").iterator(1000):
        row.event = event_of(row.text)
        if row.event == "escalated" and row.claim_ended:
            row.event = "handed_over"
        if row.event:
            changed.append(row)
        if len(changed) == 1000:
            steps.bulk_update(changed, ["event"])
            changed.clear()
    steps.bulk_update(changed, ["event"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_last_here_at"),
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
        migrations.RenameField("aisession", "reply_due", "reply_requested_for"),
        migrations.RenameField("aisession", "reply_due_since", "reply_requested_at"),
        migrations.RenameField("fix", "told_in", "reported_in"),
        # Django renames its content type and permissions, too.
        migrations.RenameModel("SessionHand", "SessionHolder"),
        migrations.RenameIndex(
            "sessionholder", new_name="flowpilot_s_user_id_1f7c4d_idx", old_name="flowpilot_s_user_id_4b85f5_idx"
        ),
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
        # Last: PostgreSQL refuses to alter a table whose rows this transaction has changed and not yet checked.
        migrations.RunPython(fill_events, migrations.RunPython.noop),
    ]
