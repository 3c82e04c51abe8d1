"""Prints the assessment of a conversation file, as JSON."""

import json
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant.ask import assistant_named
from assistant.conversations import BadConversation, read, to_case
from assistant.faults import Unavailable
from assistant.results import Assessment


def with_turn_indexes(assessment: Assessment) -> dict[str, Any]:
    """The assessment as JSON types; evidence names turns from 0, where a session counts its steps from 1."""
    document = assessment.model_dump()
    cited = list(document["cause_evidence"])
    for part in ("what_we_know", "tried", "suggested_steps", "corrected"):
        for entry in document[part]:
            cited += entry["evidence"] + entry.get("corrected_by", [])
    for evidence in cited:
        evidence["step"] -= 1
    return document


class Command(BaseCommand):
    help = (
        "Reads a support conversation (JSON with id, title and turns) and prints its assessment: summary, what is known, what was tried, "
        "likely cause, next steps, open questions. Each entry cites its turns, counted from 0, with verbatim quotes. Uses no database and, "
        "with the offline assistant, no network. Exit code 1 if the file or --cut is invalid."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the conversation file")
        parser.add_argument(
            "--cut", type=int, metavar="N", help="assess only turns 0 to N (inclusive), as if the rest had not happened yet"
        )
        parser.add_argument(
            "--assistant",
            choices=["offline", "llm"],
            default="offline",
            help="which assistant to use (default: offline; llm is the configured model)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            case = to_case(read(options["file"]), cut=options["cut"])
        except BadConversation as error:
            raise CommandError(str(error)) from None
        try:
            made = assistant_named(options["assistant"]).assess(case)
        except (Unavailable, ImproperlyConfigured) as error:
            raise CommandError(error.sentence if isinstance(error, Unavailable) else str(error)) from None
        self.stdout.write(json.dumps(with_turn_indexes(made), ensure_ascii=False, indent=2))
