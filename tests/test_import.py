"""`import_conversations`: real and broken files through the command."""

import json
import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from flowpilot.models import AISession
from handoffs import assessment
from handoffs.models import SessionHandoff

DATA = Path(os.environ.get("RESOLUTIONFLOW_DATA", Path(__file__).resolve().parent.parent.parent / "shared" / "data")) / "conversations"


def conversation(folder, name="one", **changes):
    body = {
        "id": name,
        "source": "A forum",
        "url_or_path": "https://forum.example/1",
        "licence": "CC BY 4.0",
        "attribution": "Its contributors",
        "date": "2026-01-02",
        "title": "Outlook does not start",
        "category": None,
        "turns": [
            {"speaker": "requester", "who": "[requester]", "text": "Outlook does not start since the update."},
            {"speaker": "technician", "who": "[tech-1]", "text": "Try safe mode: outlook.exe /safe"},
            {"speaker": "requester", "who": "[requester]", "text": "Safe mode works."},
        ],
        "resolution": None,
        "redactions": [],
        "changes": "",
        **changes,
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(body))
    return path


def run(*paths, **options):
    """The command's answers, and whether it ended with exit code 1."""
    out = StringIO()
    failed = False
    try:
        call_command("import_conversations", *map(str, paths), account="acme-msp", by="ana@acme.example", json=True, stdout=out, **options)
    except SystemExit as end:
        failed = end.code == 1
    return [json.loads(line) for line in out.getvalue().splitlines()], failed


def test_every_turn_is_a_step_in_order_with_its_speaker(ana, tmp_path):
    (row,), failed = run(conversation(tmp_path))

    assert not failed
    assert (row["status"], row["handoff"]) == ("created", None)
    session = AISession.objects.get(pk=row["session"])
    assert [(s.number, s.author_kind, s.author_label) for s in session.steps.all()] == [
        (1, "client", ""),
        (2, "imported", "[tech-1]"),
        (3, "client", ""),
    ]
    assert session.steps.first().text == "Outlook does not start since the update."
    assert session.origin["attribution"] == "Its contributors"
    assert (session.user, session.status) == (ana, "active")


def test_importing_again_creates_nothing_twice(ana, bo, tmp_path):
    path = conversation(tmp_path)
    (first,), _ = run(path, escalate=True)

    (again,), failed = run(path, escalate=True)

    assert not failed
    assert again == {**first, "status": "exists"}
    assert (AISession.objects.count(), SessionHandoff.objects.count()) == (1, 1)


def test_what_was_imported_without_a_handoff_can_be_handed_off_later(ana, tmp_path):
    path = conversation(tmp_path)
    run(path)

    (row,), _ = run(path, escalate=True)

    assert row["status"] == "exists"
    assert SessionHandoff.objects.get(pk=row["handoff"]).state == "open"


def test_the_page_shows_source_and_licence(ana, bo, tmp_path, signed_in):
    (row,), _ = run(conversation(tmp_path), escalate=True)

    for path in (f"/sessions/{row['session']}/", f"/handoffs/{row['handoff']}/"):
        html = signed_in(bo).get(path).content.decode()
        assert "A forum" in html
        assert "CC BY 4.0" in html
        assert "Its contributors" in html


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "empty"),
        ("{", "JSON"),
        ("[]", "not a conversation"),
        ('{"id": "x", "title": "t", "turns": []}', "turns"),
        ('{"id": "x", "title": "t", "turns": [{"speaker": "boss", "who": "", "text": "x"}]}', "turns"),
    ],
)
def test_a_bad_file_gets_one_line_and_spoils_nothing_else(ana, tmp_path, content, word):
    (tmp_path / "bad.json").write_text(content)
    conversation(tmp_path, "good")

    rows, failed = run(tmp_path)

    assert failed
    assert [row["status"] for row in rows] == ["refused", "created"]
    assert word in rows[0]["detail"]
    assert "\n" not in rows[0]["detail"]
    assert AISession.objects.count() == 1


def test_a_huge_file_is_refused(ana, tmp_path):
    path = conversation(tmp_path)
    path.write_text(path.read_text() + " " * 6_000_000)

    (row,), failed = run(path)

    assert failed
    assert "too big" in row["detail"]


def test_a_missing_file_is_one_refusal(ana, tmp_path):
    (row,), failed = run(tmp_path / "nowhere.json")

    assert failed
    assert "no such file" in row["detail"]


@pytest.mark.parametrize(
    ("account", "by", "word"),
    [
        ("nowhere", "ana@acme.example", "no account"),
        ("acme-msp", "eve@globex.example", "not a member of"),
        ("acme-msp", "vic@acme.example", None),
    ],
)
def test_who_and_where_are_checked(ana, vic, eve, tmp_path, account, by, word):
    path = conversation(tmp_path)

    if word is None:
        with pytest.raises(SystemExit):
            call_command("import_conversations", str(path), account=account, by=by, stdout=StringIO())
    else:
        with pytest.raises(CommandError, match=word):
            call_command("import_conversations", str(path), account=account, by=by, stdout=StringIO())
    assert AISession.objects.count() == 0


def test_an_inactive_person_is_refused(ana, tmp_path):
    type(ana).objects.filter(pk=ana.pk).update(is_active=False)

    with pytest.raises(CommandError, match="inactive"):
        run(conversation(tmp_path))


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real conversations are not there: {DATA}")
def test_all_real_conversations_are_imported_escalated_assessed_and_claimed(ana, bo, signed_in):
    rows, failed = run(DATA, escalate=True)

    assert not failed
    assert len(rows) == 24
    client = signed_in(bo)
    for row in rows:
        handoff = SessionHandoff.objects.get(pk=row["handoff"])
        assessment.make(handoff.pk, at=handoff.created_at)
        handoff.refresh_from_db()
        texts = {step.number: " ".join(step.text.split()) for step in handoff.session.steps.all()}
        made = handoff.assessment
        assert handoff.assessment_state == "ready", row["file"]
        assert len(made["what_we_know"]) >= 3, row["file"]
        for entry in made["what_we_know"] + made["tried"]:
            assert entry["evidence"], row["file"]
        for entry in made["what_we_know"] + made["tried"] + made["suggested_steps"]:
            for evidence in entry["evidence"]:
                assert " ".join(evidence["quote"].split()) in texts[evidence["step"]], row["file"]
        page = client.get(f"/handoffs/{handoff.pk}/")
        assert page.status_code == 200
        assert "What we know" in page.content.decode()
        claimed = client.post(f"/handoffs/{handoff.pk}/claim/", {"begin": "analysis"}, headers={"Accept": "application/json"})
        assert claimed.status_code == 200, row["file"]
