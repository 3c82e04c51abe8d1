"""Texts of one line hold no hidden characters, whichever way they came in: overrides reorder a line, tag characters hide another one."""

import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts import people_admin
from accounts.models import Account, User
from accounts.verbs import Refused
from assistant.results import NewFix, NewTask, Reply
from flowpilot import replies, sessions
from flowpilot.models import AISession, SessionStep
from handoffs.opening import open_handoff
from handoffs.parking import park
from tests.factories import PASSWORD, make_session

# "cod.exe" shown as "exe.doc", a zero-width space, a whole sentence in tag characters, an isolate, a soft hyphen.
OVERRIDE, TAGS, REST = "\u202ecod\u202c", "\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065", "\u200b\u2066\u2069\u00ad\ufeff"
HOSTILE = f"  Print {OVERRIDE}{TAGS}\u2028er  is{REST} down "
PLAIN = "Print cod er is down"
# Right-to-left words with their marks, joiners and flags are writing.
WRITING = [
    "שלום\u200f (קופה)",
    "مرحبا\u200f!",
    "می\u200cخواهم",
    "👩\u200d💻 Mia",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
]


def now(row):
    return type(row).objects.get(pk=row.pk)


def test_title_client_and_ticket_of_a_new_session(ana, signed_in):
    sent = {"text": "It is down", "title": HOSTILE, "client": HOSTILE, "ticket": f"#{TAGS}48{OVERRIDE}219"}
    signed_in(ana).post("/sessions/new/", sent)

    session = AISession.objects.get()
    assert (session.title, session.client, session.ticket) == (PLAIN, PLAIN, "48cod219")


def test_a_title_that_is_made_from_the_text_while_the_step_keeps_it(ana):
    session = sessions.open_session(by=ana, text=f"{REST}\n{HOSTILE}\nmore")

    assert session.title == "Print cod"
    assert OVERRIDE in session.steps.get(number=1).text


@pytest.mark.parametrize("text", WRITING)
def test_what_is_writing_stays(ana, text):
    session = sessions.open_session(by=ana, text="It is down", title=text, client=text)

    assert (session.title, session.client) == (text, text)


def test_what_an_import_brings(ana, tmp_path):
    file = tmp_path / "one.json"
    turns = [
        {"speaker": "requester", "who": "[requester]", "text": HOSTILE},
        {"speaker": "technician", "who": f"[tech{TAGS}-1]{OVERRIDE}", "text": "Restart it"},
    ]
    file.write_text(json.dumps({"id": "one", "title": HOSTILE, "source": f"A forum{TAGS}", "attribution": OVERRIDE, "turns": turns}))

    call_command("import_conversations", str(file), "--account", ana.account.slug, "--by", ana.email)

    session = AISession.objects.get()
    assert session.title == PLAIN
    assert (session.origin["source"], session.origin["attribution"]) == ("A forum", "cod")
    assert session.steps.get(number=2).author_label == "[tech-1]cod"
    assert TAGS in session.steps.get(number=1).text


def test_cards_of_a_reply(ana, session, monkeypatch):
    made = Reply(
        text=f"Look{TAGS}",
        confidence=0.6,
        tasks=[NewTask(kind="check", title=HOSTILE, why=HOSTILE, command=f"ping {OVERRIDE}"), NewTask(kind="question", title=TAGS)],
        fix=NewFix(title=HOSTILE, detail=f"a{TAGS}\nb", verify=OVERRIDE),
    )
    asked = sessions.post(session.pk, by=ana, text="And now?")
    assistant = type("Scripted", (), {"name": "scripted", "reply": lambda self, case, **more: made})()
    monkeypatch.setattr("assistant.ask.assistant_named", lambda name, caller: assistant)

    replies.reply_to(session.pk, asked.number, at=timezone.now())

    card = session.tasks.order_by("number").last()
    fix = session.fixes.get()
    assert (card.title, card.command) == (PLAIN, "ping cod")
    assert TAGS not in card.why
    assert (fix.title, fix.detail, fix.verify) == (PLAIN, "a\nb", "cod")
    assert TAGS in session.steps.filter(kind=SessionStep.Kind.REPLY).last().text


def test_what_is_needed_of_a_colleague(ana, session):
    handoff = open_handoff(session.pk, by=ana, needs=f"May I?{TAGS}\nPlease {OVERRIDE}").handoff

    assert handoff.needs == "May I?\nPlease cod"
    assert "\\udb40" not in json.dumps(now(session).escalation_package)
    other = make_session(ana)
    assert park(other.pk, by=ana, needs=f"Until Monday{TAGS}").handoff.needs == "Until Monday"
    assert isinstance(open_handoff(make_session(ana).pk, by=ana, needs=TAGS), Refused)


def test_names_and_addresses_of_people(lea, bo):
    added = people_admin.add(by=lea, name=HOSTILE, email="nia@acme.example", role="engineer", password=None).person
    people_admin.change(bo.pk, by=lea, name=f"Bo{TAGS} {OVERRIDE}", role=bo.role)
    people_admin.change_own_name(by=lea, name=f"Lea{REST}")

    assert (now(added).name, now(bo).name, now(lea).name) == (PLAIN, "Bo cod", "Lea")
    for email in (f"nia{TAGS}@acme.example", f"nia@ac{OVERRIDE}me.example"):
        assert people_admin.add(by=lea, name="Nia", email=email, role="engineer", password=None).error == "invalid"
    assert people_admin.add(by=lea, name=TAGS, email="x@acme.example", role="engineer", password=None).error == "invalid"


def test_the_forms_of_the_admin(acme, bo, django_user_model, signed_in):
    root = django_user_model.objects.create_superuser("root@example.com", PASSWORD, name=f"Root{TAGS}")
    client = signed_in(root)
    assert root.name == "Root"

    client.post(
        f"/admin/accounts/account/{acme.pk}/change/",
        {"name": HOSTILE, "slug": acme.slug, "created_at_0": "2026-01-02", "created_at_1": "10:00"},
    )
    person = {"email": "bo@acme.example", "name": f"Bo{TAGS}", "account": acme.pk, "role": "engineer", "is_active": "on"}
    client.post(f"/admin/accounts/user/{bo.pk}/change/", person)
    new = {"email": "nia@acme.example", "name": HOSTILE, "account": acme.pk, "role": "engineer", "usable_password": "true"}
    client.post("/admin/accounts/user/add/", new | {"password1": "Correct-Horse-77", "password2": "Correct-Horse-77"})

    assert Account.objects.get(pk=acme.pk).name == PLAIN
    assert (now(bo).name, User.objects.get(email="nia@acme.example").name) == ("Bo", PLAIN)
    refused = client.post(f"/admin/accounts/user/{bo.pk}/change/", person | {"name": TAGS})
    assert refused.status_code == 200
    assert "Enter a name." in refused.content.decode()
    refused = client.post(f"/admin/accounts/user/{bo.pk}/change/", person | {"email": f"bo@ac{OVERRIDE}me.example"})
    assert "This address can&#x27;t be used." in refused.content.decode()
