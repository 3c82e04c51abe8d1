"""`manage.py seed_demo [--force]`"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from escalations import metrics
from resolutionflow.demodata.people import PASSWORD, PEOPLE, WrongPerson, create_people
from resolutionflow.demodata.playing import Unplayable, play
from resolutionflow.demodata.stories import BadStory, load


class Command(BaseCommand):
    help = (
        "Creates the demo people and a realistic, busy account: sessions that are waiting, in progress, parked and resolved, with times\n"
        "relative to now.\n"
        "\n"
        "Safe to run again at any time: it creates only what is missing and changes nothing else (sessions that have moved on, passwords\n"
        "that were changed). After an interrupted run, run it again. The demo people sign in with a published password, so the command\n"
        "does nothing if DEBUG is off, unless you pass --force."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="run even if DEBUG is off (the demo password is public)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG and not options["force"]:
            raise CommandError("DEBUG is off, and the demo password is public. Use --force to create the demo people anyway.")
        try:
            stories = load()
            people, made = create_people()
            now = timezone.now()
            played = sum(play(story, people, now=now) for story in stories)
        except (BadStory, WrongPerson, Unplayable) as error:
            raise CommandError(str(error)) from error
        if made or played:
            # The worker does this every minute; the first page comes before that.
            metrics.keep_all(metrics.ABOVE_THE_QUEUE)
            self.stdout.write(
                f"Demo: created {made} of {len(PEOPLE)} people and {played} of {len(stories)} sessions. Password of new people: {PASSWORD}"
            )
        else:
            self.stdout.write(f"Demo: all {len(PEOPLE)} people and {len(stories)} sessions exist already.")
