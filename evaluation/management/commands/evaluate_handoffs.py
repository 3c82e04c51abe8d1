"""`manage.py evaluate_handoffs PATH [--assistant offline|llm] [--cut ...] [--expected DIR] [--json]`"""

import json
import os
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from assistant.ask import assistant_named
from assistant.conversations import BadConversation, Conversation, read
from assistant.faults import Unavailable
from assistant.interface import Assistant
from evaluation import baselines
from evaluation.expectations import BadExpectations, Expectations, load
from evaluation.running import ALL, BEFORE, Cut, Result, judge, totals
from evaluation.scoring import Score
from evaluation.table import as_document, as_text

FAULTY, BAD_INPUT = 1, 2
_NAMES = {ALL: "The whole conversation", BEFORE: "Up to the turn before the resolution, where people hand off"}
# Misses that the text output lists, worst first. --json has all of them.
_LISTED = ("not_evidenced", "leaked", "contradicted", "wrongly_known", "wrongly_done", "invented", "cause_wrong", "overconfident")


def cut(given: str) -> Cut:
    if given in (ALL, BEFORE):
        return given
    if given.isdecimal():
        return int(given)
    raise ArgumentTypeError(f"{given!r} is not a valid cut. Use {ALL}, {BEFORE} or the number of a turn, counted from 0")


def is_faulty(score: Score) -> bool:
    """What must never happen: a quote that is not in its step, or a leaked secret."""
    return score.evidenced < score.entries or score.leaked > 0


class Command(BaseCommand):
    help = (
        "Measures an assistant's assessments of support conversations against what a careful reader would expect, next to simple baselines "
        "of the same size. For a conversation without expectations, only evidence, secrets, length and time are measured. "
        "Exit code 1 if a quote is not in its step or a secret leaks, 2 if the input is invalid or the assistant failed on a conversation "
        "(which is then left out of every row)."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", help="a conversation file, or a folder of them")
        parser.add_argument("--assistant", choices=["offline", "llm"], default="offline", help="which assistant to use (default: offline)")
        parser.add_argument(
            "--cut", type=cut, metavar="CUT", help=f"{BEFORE}, {ALL}, or N: turns 0 to N only (default: both {ALL} and {BEFORE})"
        )
        parser.add_argument(
            "--expected",
            type=Path,
            metavar="DIR",
            help="folder of expectations, one <conversation id>.yaml each (default: tests/data/expectations)",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output, with every miss per conversation")

    def handle(self, *args: Any, **options: Any) -> None:
        conversations = self._conversations(Path(options["path"]))
        expected = self._expected(conversations, options["expected"])
        assistant = self._assistant(options["assistant"])
        cuts: list[Cut] = [ALL, BEFORE] if options["cut"] is None else [options["cut"]]
        results: dict[Cut, list[Result]] = {each: [] for each in cuts}
        work = [(each, conversation) for each in cuts for conversation in conversations]
        left_out: list[str] = []
        for each, conversation in tqdm(work, unit="conversation", disable=options["json"] or len(work) < 5 or None):
            try:
                results[each].append(judge(conversation, expected.get(conversation.id), each, assistant))
            except Unavailable as error:
                # A run can cost money and take an hour, so keep what was measured.
                left_out.append(f"{conversation.id} ({each}): left out, {error.sentence}")
        if options["json"]:
            self._print_json(results, assistant, expected, left_out)
        else:
            self._print_text(results, expected, len(conversations))
        for line in left_out:
            self.stderr.write(line)
        if any(is_faulty(result.ways[assistant.name].score) for of_cut in results.values() for result in of_cut):
            raise SystemExit(FAULTY)
        if left_out:
            raise SystemExit(BAD_INPUT)

    def _conversations(self, path: Path) -> list[Conversation]:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise CommandError(f"{path}: no conversation files (*.json) in this folder", returncode=BAD_INPUT)
        found: dict[str, Conversation] = {}
        for file in files:
            try:
                conversation = read(file)
            except BadConversation as error:
                raise CommandError(str(error), returncode=BAD_INPUT) from None
            if conversation.id in found:
                raise CommandError(f"{file}: duplicate conversation id {conversation.id}", returncode=BAD_INPUT)
            found[conversation.id] = conversation
        return list(found.values())

    def _expected(self, conversations: list[Conversation], given: Path | None) -> dict[str, Expectations]:
        folder = given or Path(settings.BASE_DIR) / "tests" / "data" / "expectations"
        if given is not None and not folder.is_dir():
            raise CommandError(f"{folder}: no such folder", returncode=BAD_INPUT)
        found = {}
        for conversation in conversations:
            file = folder / f"{conversation.id}.yaml"
            # An id can be any text: only look up plain file names, and ignore ids too long for one.
            if file.parent == folder and os.path.isfile(file):  # noqa: PTH113
                try:
                    found[conversation.id] = load(file, conversation)
                except BadExpectations as error:
                    raise CommandError(str(error), returncode=BAD_INPUT) from None
        return found

    def _assistant(self, name: str) -> Assistant:
        try:
            return assistant_named(name)
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None

    def _print_json(
        self, results: dict[Cut, list[Result]], assistant: Assistant, expected: dict[str, Expectations], left_out: list[str]
    ) -> None:
        document = {
            "assistant": assistant.name,
            "expected": len(expected),
            "without": [] if baselines.available() else ["textrank", "lexrank", "lsa"],
            "left_out": left_out,
            "cuts": {str(each): as_document(of_cut) for each, of_cut in results.items()},
        }
        self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))

    def _print_text(self, results: dict[Cut, list[Result]], expected: dict[str, Expectations], count: int) -> None:
        for each, of_cut in results.items():
            for result in of_cut:
                for kind, said in next(iter(result.ways.values())).misses.items():
                    for text in said if kind in _LISTED else []:
                        self.stdout.write(f"{result.conversation} ({each}): {kind.replace('_', ' ')}: {text}")
        if not baselines.available():
            self.stdout.write("sumy or numpy is not installed (requirements-dev.txt): textrank, lexrank and lsa are left out.")
        if len(expected) < count:
            self.stdout.write(
                f"{count - len(expected)} of {count} conversations have no expectations and are left out of the figures that need them."
            )
        for each, of_cut in results.items():
            name = _NAMES.get(str(each), f"Turns 0 to {each}")
            self.stdout.write(f"\n{name} ({len(of_cut)} conversations)\n\n{as_text(totals(of_cut))}")
