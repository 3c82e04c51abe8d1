"""Ticket notes and status updates by a model: every sentence is proven, or playbooks write it."""

import pytest

from assistant.models import AssistantCall
from flowpilot import fixes, sessions, ticketnotes
from flowpilot.models import Fix

pytestmark = pytest.mark.slow

SAID = "Outlook asks for the password since Monday."


@pytest.fixture
def told(session, ana):
    """A session in which ana said one thing; its number."""
    return sessions.post(session.pk, by=ana, text=SAID, reply=False).number


def stated(text: str, step: int, quote: str = SAID) -> dict:
    return {"text": text, "evidence": [{"step": step, "quote": quote}]}


def notes_of(session, ana) -> str:
    sessions.resolve(session.pk, by=ana)
    ticketnotes.write(session.pk)
    session.refresh_from_db()
    return session.ticket_notes


def test_notes_keep_the_proven_sentences_only(provider, session, ana, told):
    provider.script = lambda call: call.answer(
        {
            "problem": [stated("Outlook asks for the password since Monday.", told), stated("The mail server burned down.", told)],
            "confirmed": [stated("The disk is new.", told, "the disk is new")],
            "root_cause": [stated("An expired certificate on the gateway.", told)],
            "resolution": [],
        }
    )

    notes = notes_of(session, ana)

    assert "Outlook asks for the password since Monday." in notes
    assert "burned" not in notes
    assert "disk" not in notes
    assert "gateway" not in notes
    assert AssistantCall.objects.get().job == "notes"


def test_what_settled_it_stands_in_the_notes_although_the_model_forgets_it(provider, session, ana, told):
    fix = Fix.objects.filter(session=session, current=True).first() or Fix.objects.create(
        session=session, number=90, title="Clear the stored credentials", current=True
    )
    fixes.report_outcome(session.pk, fix.number, by=ana, outcome="worked", reply=False)
    provider.script = lambda call: call.answer({"problem": [stated(SAID, told)], "confirmed": [], "root_cause": [], "resolution": []})

    assert fix.title in notes_of(session, ana)


@pytest.mark.parametrize(
    "act",
    [
        lambda call: call.error(500),
        lambda call: call.say("Sorry, no."),
        lambda call: call.answer({"problem": [], "confirmed": [], "root_cause": [], "resolution": []}),
        lambda call: call.answer({"problem": [stated("It never happened.", 4711)], "confirmed": [], "root_cause": [], "resolution": []}),
    ],
    ids=["down", "declines", "empty", "foreign"],
)
def test_playbooks_write_the_notes_where_the_model_gives_nothing(provider, session, ana, told, act):
    provider.script = act

    notes = notes_of(session, ana)

    assert notes.startswith("Problem\n")
    assert "It never happened" not in notes
    assert len(provider.calls) <= 3


def update(client, session, audience: str) -> str:
    answer = client.post(
        f"/sessions/{session.pk}/status-update/",
        {"context": "progress", "audience": audience, "length": "short"},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 200
    return answer.json()["text"]


def test_an_update_for_a_client_names_no_technician_and_holds_proven_sentences(provider, session, ana, told, signed_in):
    provider.script = lambda call: call.answer(
        {
            "sentences": [
                stated("Outlook asks for the password since Monday.", told),
                stated("Ana Reyes said that Outlook asks for the password since Monday.", told),
                stated("It is solved.", told),
            ]
        }
    )

    text = update(signed_in(ana), session, "client")

    assert text == "Outlook asks for the password since Monday."
    assert provider.calls[0].document["audience"] == "client"
    assert provider.calls[0].body["model"] == "scripted-quick"


def test_whoever_waits_for_an_update_waits_for_one_call_only(provider, session, ana, told, signed_in):
    provider.script = lambda call: call.error(500)

    assert update(signed_in(ana), session, "ticket")

    assert len(provider.calls) == 1


def test_the_update_about_an_escalation_asks_nobody(provider, handoff, ana, signed_in):
    provider.script = lambda call: call.error(500)

    signed_in(ana).post(f"/sessions/{handoff.session_id}/status-update/", {"context": "escalation"}, headers={"Accept": "application/json"})

    assert provider.calls == []
