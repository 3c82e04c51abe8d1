"""`manage.py import_conversations PATH... --account SLUG --by EMAIL [--escalate] [--json]`"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import Account, User
from accounts.verbs import Refused
from assistant.conversations import BadConversation, read
from flowpilot.importing import import_conversation
from handoffs.models import SessionHandoff
from handoffs.opening import open_handoff

NEEDS = "Please take over: the conversation so far did not settle it. What is the likely cause, and what should be done next?"


class Command(BaseCommand):
    help = (
        "Imports conversation files as sessions (one JSON file each; folders are searched for *.json). Each turn becomes a step. "
        "Files that were imported before are skipped; invalid files are reported and don't stop the others. "
        "Exit code 1 if any file was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="conversation files, or folders of them")
        parser.add_argument("--account", required=True, metavar="SLUG", help="slug of the account that the sessions go into")
        parser.add_argument(
            "--by", required=True, metavar="EMAIL", help="who opens the sessions: an active engineer, admin or owner of the account"
        )
        parser.add_argument("--escalate", action="store_true", help="escalate each session to the account's queue")
        parser.add_argument("--json", action="store_true", help="print one JSON object per file")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(slug=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['account']}.")
        by = User.objects.filter(email__iexact=options["by"], account=account).first()
        if by is None:
            raise CommandError(f"{options['by']} is not a member of {account}.")
        if not by.is_active:
            raise CommandError(f"{options['by']} is inactive.")
        files = list(self._files(options["paths"]))
        if not files:
            raise CommandError("No conversation files found.")
        results = []
        for path in tqdm(files, unit="file", disable=options["json"] or len(files) < 5 or None):
            result = self._one(path, by, escalate=options["escalate"])
            results.append(result)
            self._say(result, as_json=options["json"])
        counts = {status: sum(1 for r in results if r["status"] == status) for status in ("created", "exists", "refused")}
        if not options["json"]:
            self.stdout.write(f"{counts['created']} created, {counts['exists']} already imported, {counts['refused']} refused")
        if counts["refused"]:
            raise SystemExit(1)

    def _files(self, paths: list[str]) -> Any:
        for given in paths:
            path = Path(given)
            if path.is_dir():
                yield from sorted(path.glob("*.json"))
            else:
                yield path

    def _one(self, path: Path, by: User, *, escalate: bool) -> dict[str, Any]:
        result: dict[str, Any] = {"file": str(path), "session": None, "handoff": None, "status": "refused", "detail": ""}
        try:
            conversation = read(path)
        except BadConversation as bad:
            return {**result, "detail": str(bad)}
        made = import_conversation(conversation, by=by)
        if isinstance(made, Refused):
            return {**result, "detail": made.detail}
        session, new = made
        result.update(session=str(session.pk), status="created" if new else "exists", detail=session.title)
        handoff = SessionHandoff.objects.filter(session=session).order_by("-created_at").first()
        if escalate and handoff is None:
            opened = open_handoff(session.pk, by=by, needs=NEEDS)
            if isinstance(opened, Refused):
                return {**result, "detail": f"{session.title}: not escalated: {opened.detail}"}
            handoff = opened.handoff
        result["handoff"] = str(handoff.pk) if handoff else None
        return result

    def _say(self, result: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(result))
        elif result["status"] == "refused":
            tqdm.write(f"refused  {result['file']}: {result['detail']}")
        else:
            tqdm.write(f"{result['status']:8} {result['file']}: {result['detail']}")
