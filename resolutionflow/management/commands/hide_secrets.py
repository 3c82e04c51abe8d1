"""`manage.py hide_secrets`: for sessions stored before the product redacted secrets (docs/operating.md)."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.models import Account
from flowpilot.models import AISession
from resolutionflow.redact_existing import redact_existing


class Command(BaseCommand):
    help = "Redacts secrets in sessions that were stored before the product redacted them. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show what would be redacted, change nothing")
        parser.add_argument("--account", metavar="SLUG", help="only sessions of this account")

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = AISession.objects.all()
        if slug := options["account"]:
            account = Account.objects.filter(slug=slug).first()
            if account is None:
                raise CommandError(f'There is no account "{slug}".')
            sessions = sessions.filter(account=account)
        total: Counter[str] = Counter()
        touched = 0
        progress = tqdm(total=sessions.count(), unit="session", file=self.stderr, disable=None)
        for changed in redact_existing(sessions, dry_run=options["dry_run"]):
            total += changed
            touched += bool(changed)
            progress.update()
        progress.close()
        verb = "Would redact" if options["dry_run"] else "Redacted"
        self.stdout.write(f"{verb} {sum(total.values())} texts in {touched} sessions.")
        for place, count in sorted(total.items()):
            self.stdout.write(f"  {place}: {count}")
