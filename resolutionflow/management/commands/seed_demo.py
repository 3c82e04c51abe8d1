"""`manage.py seed_demo [--force]`"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from resolutionflow.demodata.people import PASSWORD, PEOPLE, WrongPerson, settle_in
from resolutionflow.demodata.playing import Unplayable, play
from resolutionflow.demodata.stories import BadStory, load


class Command(BaseCommand):
    help = (
        "The demo people and a believable, busy account: sessions that wait, are worked on, parked and resolved, their times counted\n"
        "back from now.\n"
        "\n"
        "It may be run again at any time: what is there stays as it is (sessions that went on, passwords that were changed), and only\n"
        "what is missing is made. A run that was broken off is simply repeated. Everybody made here signs in with the published demo\n"
        "password, so it is refused where DEBUG is off, unless --force is given."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="also where DEBUG is off; everybody knows the demo people's password")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG and not options["force"]:
            raise CommandError("Refused: DEBUG is off, and the demo people's password is public. Use --force if that is what you want.")
        try:
            stories = load()
            people, made = settle_in()
            now = timezone.now()
            played = sum(play(story, people, now=now) for story in stories)
        except (BadStory, WrongPerson, Unplayable) as error:
            raise CommandError(str(error)) from error
        if made or played:
            self.stdout.write(
                f"Demo: made {made} of {len(PEOPLE)} people and {played} of {len(stories)} sessions. Password of new people: {PASSWORD}"
            )
        else:
            self.stdout.write(f"Demo: all {len(PEOPLE)} people and {len(stories)} sessions are there; nothing to do.")
