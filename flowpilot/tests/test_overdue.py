"""What FlowPilot should have written by now: the page says so, and offers to try again."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import OperationalError
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.verbs import Refused
from flowpilot import overdue, sessions, ticketnotes
from flowpilot.models import AISession

pytestmark = pytest.mark.django_db


def jobs_of(session, task):
    return ProcrastinateJob.objects.filter(task_name=task, args__session_id=str(session.pk), status="todo").count()


@pytest.fixture
def waiting(session, ana):
    """A session whose reply has been missing for two minutes, and whose job failed for good."""
    sessions.post(session.pk, by=ana, text="And now?")
    AISession.objects.filter(pk=session.pk).update(reply_requested_at=timezone.now() - timedelta(minutes=2))
    ProcrastinateJob.objects.filter(task_name="flowpilot.reply").delete()
    return AISession.objects.get(pk=session.pk)


@pytest.fixture
def resolved(session, ana):
    """A resolved session without notes, two minutes later."""
    sessions.resolve(session.pk, by=ana)
    AISession.objects.filter(pk=session.pk).update(resolved_at=timezone.now() - timedelta(minutes=2))
    ProcrastinateJob.objects.filter(task_name="flowpilot.write_notes").delete()
    return AISession.objects.get(pk=session.pk)


def the_page(client, session):
    return BeautifulSoup(client.get(f"/sessions/{session.pk}/").text, "html.parser")


def test_a_reply_that_never_came_is_asked_for_again_once(waiting, ana, signed_in):
    page = the_page(signed_in(ana), waiting)
    box = page.find(id="overdue")
    assert not box.has_attr("hidden") and page.find(id="thinking").has_attr("hidden")
    assert "hasn’t answered for a minute" in box.text

    signed_in(ana).post(box.form["action"])
    signed_in(ana).post(box.form["action"])

    assert jobs_of(waiting, "flowpilot.reply") == 1
    page = the_page(signed_in(ana), waiting)
    assert page.find(id="overdue").has_attr("hidden") and not page.find(id="thinking").has_attr("hidden")


def test_a_reply_that_is_being_written_is_not_asked_for_again(session, ana):
    sessions.post(session.pk, by=ana, text="And now?")

    overdue.try_again(session.pk, by=ana)

    assert jobs_of(session, "flowpilot.reply") == 1


def test_notes_that_never_came_are_asked_for_again_once(resolved, ana, signed_in):
    box = the_page(signed_in(ana), resolved).select_one(".notes .overdue")
    assert "hasn’t written the ticket notes yet" in box.text

    for _ in range(2):
        signed_in(ana).post(box.form["action"])

    assert jobs_of(resolved, "flowpilot.write_notes") == 1


def test_a_reader_is_told_and_gets_no_button(waiting, lea, signed_in):
    box = the_page(signed_in(lea), waiting).find(id="overdue")

    assert "hasn’t answered" in box.text
    assert box.form is None
    assert signed_in(lea).post(f"/sessions/{waiting.pk}/try-again/").status_code in (403, 404)
    assert jobs_of(waiting, "flowpilot.reply") == 0


def test_whoever_may_not_write_is_refused(waiting, bo):
    refused = overdue.try_again(waiting.pk, by=bo)

    assert isinstance(refused, Refused)
    assert refused.error == "not_found"
    assert jobs_of(waiting, "flowpilot.reply") == 0


def test_a_database_that_fails_is_not_told_as_notes(resolved, monkeypatch):
    def fails(*args):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr("assistant.ask.notes", fails)

    with pytest.raises(OperationalError):
        ticketnotes.write(resolved.pk)

    assert AISession.objects.get(pk=resolved.pk).ticket_notes == ""
