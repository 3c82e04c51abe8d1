"""Prints the assessment of a conversation file, as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from flowpilot.assessing import assess
from flowpilot.assistant.results import Assessment
from flowpilot.conversations import BadConversation, read, to_case


def with_turn_indexes(assessment: Assessment) -> dict[str, Any]:
    """The assessment as JSON types; evidence names turns from 0, where a session counts its steps from 1."""
    document = assessment.model_dump()
    for part in ("what_we_know", "tried", "suggested_steps"):
        for entry in document[part]:
            for cited in entry["evidence"]:
                cited["step"] -= 1
    return document


class Command(BaseCommand):
    help = (
        "Reads a support conversation (JSON with id, title and turns) and prints what a colleague would be told of it: summary, what is "
        "known, what was tried, likely cause, next steps, open questions. Each entry carries the turns that it rests on, counted from 0, "
        "with verbatim quotes. No database and no network are used. Exit code 1 where the file or --cut is no good."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the conversation file")
        parser.add_argument(
            "--cut", type=int, metavar="N", help="assess turns 0 to N only (N included), as if the rest had not happened yet"
        )
        parser.add_argument("--assistant", choices=["offline"], default="offline", help="who assesses (default: offline)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            case = to_case(read(options["file"]), cut=options["cut"])
        except BadConversation as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(with_turn_indexes(assess(case)), ensure_ascii=False, indent=2))
