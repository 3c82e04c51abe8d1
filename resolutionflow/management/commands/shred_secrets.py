"""`manage.py shred_secrets`: does now what the worker does every hour."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from flowpilot.models import Secret
from flowpilot.revealing import expired, shred


class Command(BaseCommand):
    help = "Erases the secrets of sessions that were resolved or closed more than SECRETS_KEPT_DAYS ago."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show how many would be erased, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            count = Secret.objects.filter(expired(timezone.now())).count()
            self.stdout.write(f"{count} would be erased. Nothing was changed.")
        else:
            self.stdout.write(f"{shred()} erased.")
