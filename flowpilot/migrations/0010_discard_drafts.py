"""Drafts used to outlive their requests, unredacted. One that is still being written stays: it is saved again a moment later."""

from django.db import migrations
from django.db.models import Exists, OuterRef


def discard(apps, schema_editor):
    waiting = apps.get_model("flowpilot", "AISession").objects.filter(pk=OuterRef("session_id"), reply_requested_for=OuterRef("step"))
    apps.get_model("flowpilot", "ReplyDraft").objects.filter(~Exists(waiting)).delete()


class Migration(migrations.Migration):
    dependencies = [("flowpilot", "0009_taken_over_and_reassigned")]

    operations = [migrations.RunPython(discard, migrations.RunPython.noop)]
