"""`manage.py escalation_report --account SLUG --period 30d [--json]`"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Account
from accounts.templatetags.words import seconds
from escalations.metrics import PERIODS, figures


class Command(BaseCommand):
    help = "Shows the metrics of an account: time to claim, time to first action, and how claimers judged the assessments."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, metavar="SLUG", help="slug of the account, for example acme-msp")
        parser.add_argument("--period", default="30d", metavar="PERIOD", help="7d, 30d (default) or 90d, up to now")
        parser.add_argument("--json", action="store_true", help="print the same JSON as /escalations/metrics/")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["period"] not in PERIODS:
            raise CommandError(f"--period {options['period']}: choose {', '.join(PERIODS)}.")
        account = Account.objects.filter(slug=options["account"]).first()
        if account is None:
            known = ", ".join(Account.objects.values_list("slug", flat=True)[:10]) or "none yet"
            raise CommandError(f"There is no account {options['account']}. Known: {known}.")
        found = figures(account.pk, options["period"])
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        self.stdout.write(f"{account}, last {options['period']}")
        self.stdout.write(f"  escalated {found['handed_off']}, claimed {found['claimed']}, acted on {found['acted_on']}")
        for key, label in (("time_to_claim", "time to claim"), ("time_to_first_action", "time to first action")):
            times = found[key]
            average, median, p95 = (seconds(times[name]) for name in ("average_s", "median_s", "p95_s"))
            self.stdout.write(f"  {label}: average {average}, median {median}, p95 {p95}")
        said = found["assessments"]
        self.stdout.write(
            f"  assessments judged {said['judged']}: entries right {said['entries_right']}, wrong {said['entries_wrong']}, "
            f"missing {said['missing']}"
        )
        for part, counts in said["by_part"].items():
            if any(counts.values()):
                self.stdout.write(f"    {part}: right {counts['right']}, wrong {counts['wrong']}")
        self.stdout.write(f"  {found['metric_definition']}")
