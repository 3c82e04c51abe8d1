"""Assessments that were stored before say how a try went in words only: the result is read out of them, once."""

from django.db import migrations

# How outcomes began, in the order in which they are looked for.
BEGINNINGS = [
    ("ruled out", "ruled_out"),
    ("worked in part", "partial"),
    ("partly worked", "partial"),
    ("partial", "partial"),
    ("worked", "worked"),
    ("did not last", "did_not_last"),
    ("no change", "no_change"),
    ("failed", "failed"),
    ("applied", "applied"),
    ("was not applied", "not_applied"),
]


# Said in two ways before, in one now: screens leave out the label that goes with the result.
OLD_LABEL, NEW_LABEL = "partly worked", "worked in part"


def add_results(assessment):
    """Adds `result` to each try. False where all of them have it."""
    changed = False
    for entry in assessment.get("tried", []):
        if "result" in entry:
            continue
        outcome = entry.get("outcome")
        said = (outcome or "").lower()
        found = next((result for beginning, result in BEGINNINGS if said.startswith(beginning)), "other")
        entry["result"] = found if outcome else "not_reported"
        if said.startswith(OLD_LABEL):
            entry["outcome"] = NEW_LABEL + outcome[len(OLD_LABEL) :]
        changed = True
    return changed


def fill(apps, schema_editor):
    handoffs = apps.get_model("handoffs", "SessionHandoff")
    for handoff in handoffs.objects.exclude(assessment__isnull=True).only("id", "assessment").iterator(500):
        if add_results(handoff.assessment):
            handoff.save(update_fields=["assessment"])
    sessions = apps.get_model("flowpilot", "AISession")
    for session in sessions.objects.filter(escalation_package__has_key="assessment").only("id", "escalation_package").iterator(500):
        if add_results(session.escalation_package["assessment"] or {}):
            session.save(update_fields=["escalation_package"])


class Migration(migrations.Migration):
    dependencies = [("flowpilot", "0007_events_and_names"), ("handoffs", "0003_begin_choices")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
