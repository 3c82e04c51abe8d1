"""`manage.py seed_demo`: who is there afterwards, what waits, and that it can be run at any time."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Event, User
from accounts.people import who_may_claim
from escalations.metrics import figures
from escalations.models import Notification
from flowpilot.models import AISession, Fact, Fix, SessionHolder, SessionStep, Task
from handoffs.models import SessionHandoff
from resolutionflow.demodata import playing, stories
from resolutionflow.demodata.people import PASSWORD, PEOPLE

# In one worker: the demo is played before the first of them.
pytestmark = [pytest.mark.slow]

COUNTED = (Account, User, AISession, SessionStep, SessionHolder, Task, Fact, Fix, SessionHandoff, Notification, Event)


def seed(*args):
    out = StringIO()
    call_command("seed_demo", *args, stdout=out)
    return out.getvalue()


def rows():
    return {model.__name__: model.objects.count() for model in COUNTED}


@pytest.fixture(scope="module")
def django_db_setup(django_db_setup, django_db_blocker):
    """The demo is made once for all tests of this file, and taken away after the last."""
    from django.conf import settings
    from django.db import connection, transaction

    class Undone(Exception):
        pass

    with django_db_blocker.unblock():
        try:
            with transaction.atomic():
                settings.DEBUG = True
                try:
                    seed()
                finally:
                    settings.DEBUG = False
                yield
                raise Undone
        except Undone:
            connection.close()


@pytest.fixture
def demo(db, settings):
    settings.DEBUG = True
    return Account.objects.get(slug="acme-msp")


@pytest.fixture
def a_folder(tmp_path):
    def make(text, name="mine.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path

    return make


def test_without_debug_it_is_refused_and_nothing_is_written(demo, settings):
    settings.DEBUG = False
    AISession.objects.filter(import_key="demo:pinecrest-starter").update(import_key="")
    before = rows()

    with pytest.raises(CommandError, match=r"DEBUG is off.*--force") as refusal:
        seed()

    assert "\n" not in str(refusal.value)
    assert rows() == before


def test_with_force_it_goes_on_without_debug(demo, settings):
    settings.DEBUG = False

    assert "exist already" in seed("--force")


def test_a_second_run_makes_nothing_twice(demo):
    before = rows()

    said = seed()

    assert "exist already" in said
    assert rows() == before


def test_what_is_missing_is_made_and_a_changed_password_stays(demo):
    User.objects.get(email=PEOPLE["ana"].email).set_password("another one, thank you")
    User.objects.filter(email=PEOPLE["bo"].email).update(password="changed by hand")
    AISession.objects.filter(import_key="demo:pinecrest-starter").update(import_key="")
    User.objects.filter(email=PEOPLE["vic"].email).delete()

    said = seed()

    assert "created 1 of 10 people and 1 of" in said
    assert User.objects.get(email=PEOPLE["vic"].email).check_password(PASSWORD)
    assert User.objects.get(email=PEOPLE["bo"].email).password == "changed by hand"


def test_a_story_that_breaks_off_leaves_nothing_and_is_made_by_the_next_run(demo, monkeypatch):
    AISession.objects.filter(import_key="demo:hl-usn-rollback").update(import_key="")
    before = rows()
    with monkeypatch.context() as broken:
        broken.setitem(playing._STEPS, "escalate", lambda *args: (_ for _ in ()).throw(OSError("the power went")))
        with pytest.raises(OSError, match="power"):
            seed()

    assert rows() == before
    assert "1 of 45 sessions" in seed()


def test_every_person_of_the_demo_signs_in(demo):
    for cast in PEOPLE.values():
        answer = Client().post("/accounts/login/", {"login": cast.email, "password": PASSWORD})

        assert answer.status_code == 302, cast.email
        person = User.objects.get(email=cast.email)
        assert (person.name, person.account.slug if person.account else None) == (cast.name, cast.account)
        assert person.is_superuser == (cast.account is None)


def test_the_account_is_busy_in_every_way(demo):
    status = dict(demo.sessions.values_list("status").annotate(n=Count("pk")).order_by())
    state = dict(demo.handoffs.values_list("state").annotate(n=Count("pk")).order_by())

    assert status == {"requesting_escalation": 8, "active": 16, "paused": 2, "resolved": 15, "abandoned": 1}, status
    assert state == {"open": 8, "claimed": 16, "parked": 2, "returned": 2, "withdrawn": 1, "superseded": 1}, state
    globex = Account.objects.get(slug="globex-it")
    assert globex.sessions.count() == 3
    assert globex.handoffs.waiting().count() == 1


def test_what_waits_waits_as_long_as_the_stories_say(demo):
    waiting = demo.handoffs.waiting().select_related("author", "target", "session")
    ages = sorted(timezone.now() - handoff.created_at for handoff in waiting)

    assert timedelta(minutes=1) < ages[0] < timedelta(minutes=8)
    assert timedelta(minutes=70) < ages[-1] < timedelta(minutes=90)
    assert sum(handoff.priority_slug == "urgent" for handoff in waiting) == 2
    (showpiece,) = [handoff for handoff in waiting if handoff.session.ticket == "48213"]
    assert (showpiece.author.name, showpiece.target.name, showpiece.priority_slug) == ("Ana Reyes", "Dana Okafor", "urgent")
    assert showpiece.session.step_count >= 15


def test_everybody_who_may_claim_has_something_to_claim_and_fresh_news(demo):
    for person in who_may_claim(demo.pk):
        assert demo.handoffs.waiting().exclude(author=person).count() >= 3, person
        bell = Notification.objects.filter(user=person)
        assert 1 <= bell.filter(read_at=None).count() <= 12, person
        assert not bell.filter(read_at=None, created_at__lt=timezone.now() - timedelta(days=1, minutes=5)).exists()


def test_every_escalation_has_a_ready_assessment_whose_quotes_stand_in_their_steps(demo):
    def folded(text):
        return " ".join(text.split())

    for handoff in SessionHandoff.objects.filter(intent="escalate").select_related("session"):
        assert handoff.assessment_state == "ready", handoff.session.title
        said = {step.number: folded(step.text + " " + step.asked + " " + step.command) for step in handoff.session.steps.all()}
        entries = [entry for part in ("what_we_know", "tried", "suggested_steps") for entry in handoff.assessment[part]]
        assert handoff.assessment["what_we_know"], handoff.session.title
        for entry in handoff.assessment["what_we_know"]:
            assert entry["evidence"], entry
        for evidence in (evidence for entry in entries for evidence in entry["evidence"]):
            assert folded(evidence["quote"]) in said[evidence["step"]], (handoff.session.title, evidence)


def test_times_ascend_within_each_session_and_none_is_in_the_future(demo):
    now = timezone.now()
    for session in AISession.objects.prefetch_related("steps", "holders"):
        times = [session.created_at, *(step.at for step in session.steps.all())]
        assert times == sorted(times), session.title
        assert times[-1] <= session.updated_at <= now
        for hand in session.holders.all():
            assert hand.since <= (hand.until or now)
        # Assessments are made beside what people do.
        told = Event.objects.filter(session=session.pk).exclude(kind="assessment_ready")
        told = told.order_by("number")
        assert list(told) == sorted(told, key=lambda event: event.at), session.title
    assert not Event.objects.filter(at__gt=now).exists()
    assert not Notification.objects.filter(Q(created_at__gt=now) | Q(read_at__lt=F("created_at")) | Q(read_at__gt=now)).exists()
    assert not SessionHandoff.objects.filter(Q(created_at__gt=now) | Q(claimed_at__lt=F("created_at"))).exists()


def test_nothing_mixes_the_two_accounts(demo):
    assert not AISession.objects.exclude(user__account=F("account"), handler__account=F("account")).exists()
    assert not SessionHandoff.objects.exclude(session__account=F("account"), author__account=F("account")).exists()
    assert not SessionHandoff.objects.filter(claimed_by__isnull=False).exclude(claimed_by__account=F("account")).exists()
    assert not SessionStep.objects.filter(author__isnull=False).exclude(author__account=F("session__account")).exists()
    assert not SessionHolder.objects.exclude(user__account=F("session__account")).exists()
    assert not Notification.objects.exclude(user__account=F("account"), handoff__account=F("account")).exists()


@pytest.mark.parametrize("period", ["7d", "30d", "90d"])
def test_the_numbers_page_has_figures(demo, period):
    found = figures(demo.pk, period)

    assert found["claimed"] >= 8
    assert found["acted_on"] >= 8
    assert 60 <= found["time_to_claim"]["median_s"] <= 540
    assert 20 <= found["time_to_first_action"]["median_s"] <= 240


def test_resolved_sessions_have_ticket_notes_and_no_reply_is_missing(demo):
    assert not AISession.objects.filter(status="resolved", ticket_notes="").exists()
    assert not AISession.objects.filter(reply_requested_for__isnull=False).exists()


def test_texts_hold_no_unplaced_moments(demo):
    assert not SessionStep.objects.filter(text__regex=r"\{[+-][0-9]").exists()
    assert not Fact.objects.filter(text__regex=r"\{[+-][0-9]").exists()


STORY = """
- slug: one
  by: ana
  title: Printer
  client: Northgate Dental Group
  ticket: "1"
  playbook: printing
  domain: Printing
  ended: 5m
  opening: It does not print.
  steps:
"""


@pytest.mark.parametrize(
    ("step", "slip"),
    [
        ("    - answer: {nothing: Blank}", "step 1: no earlier card has the key nothing"),
        ("    - say: Hello\n      note: Hello", "exactly one thing, not say and note"),
        ("    - say: Hello\n      wait: soon", "'soon' is not a duration"),
        ("    - say: Hello\n      by: leo", "leo is not of acme-msp"),
        ("    - shout: Hello", "shout"),
    ],
)
def test_a_slip_in_a_story_names_its_file_and_story(a_folder, step, slip):
    with pytest.raises(stories.BadStory) as error:
        stories.load(a_folder(STORY + step))

    assert str(error.value).startswith("mine.yaml: story one:")
    assert slip in str(error.value)


def test_a_verb_that_refuses_names_story_and_step(demo, monkeypatch, a_folder):
    monkeypatch.setattr(stories.load, "__defaults__", (a_folder(STORY + "    - resolve: true\n    - say: One more thing"),))

    with pytest.raises(CommandError, match=r"story one, step 2 \(say\): session_changed"):
        seed()

    assert not AISession.objects.filter(import_key="demo:one").exists()
