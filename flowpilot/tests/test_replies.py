"""FlowPilot's reply: owed to the newest message, written once, filling the lane."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from accounts.models import Event
from assistant.results import NewFix, NewTask, Reply
from flowpilot import fixes, replies, sessions, tasks
from flowpilot.models import AISession, Fix
from flowpilot.sessions import post as say
from flowpilot.views import answering
from handoffs.claiming import claim
from tests.factories import hand_off

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Scripted:
    """An assistant that answers what it is told to, and keeps the cases that it was given."""

    name = "scripted"

    def __init__(self, made):
        self.made, self.cases = made, []

    def reply(self, case, *, on_text=None):
        self.cases.append(case)
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


@pytest.fixture
def thinks_with(monkeypatch):
    """Puts another assistant behind the seam."""

    def use(made):
        assistant = Scripted(made)
        monkeypatch.setattr("assistant.ask.assistant_named", lambda name, caller: assistant)
        return assistant

    return use


@pytest.fixture
def asked(session, ana):
    return say(session.pk, by=ana, text="And what now?")


FULL = Reply(
    text="Let us look at two things.",
    confidence=0.6,
    playbook="outlook-password",
    domain="E-mail",
    tasks=[
        NewTask(kind="question", title="Is it one user?"),
        NewTask(kind="check", title="Look at the clock", why="Tokens", command="w32tm"),
    ],
    fix=NewFix(title="Delete the stored credentials", detail="cmdkey /delete", verify="Open Outlook"),
)


def reply_to(step, at=NINE):
    return replies.reply_to(step.session_id, step.number, at=at)


def now(session):
    return AISession.objects.get(pk=session.pk)


def last(session):
    return session.steps.order_by("number").last()


# --- written once -------------------------------------------------------------------------------------------------


def test_a_reply_carries_the_time_when_it_was_written_not_when_its_job_began(session, asked, thinks_with, ana, monkeypatch):
    assistant = thinks_with(FULL)

    def reply_after_a_note(case, *, on_text=None):
        say(session.pk, by=ana, text="Meanwhile: it is the same on her phone.", kind="note", reply=False)
        return FULL

    monkeypatch.setattr(assistant, "reply", reply_after_a_note)

    replies.reply_to(session.pk, asked.number)

    times = list(session.steps.order_by("number").values_list("at", flat=True))
    assert times == sorted(times)
    events = list(Event.objects.order_by("number").values_list("at", flat=True))
    assert events == sorted(events)


def test_a_step_is_never_older_than_the_one_before_it(session, ana):
    """Its writer may have taken the time before it waited for the session's row."""
    first = say(session.pk, by=ana, text="First", reply=False)

    second = say(session.pk, by=ana, text="Second", at=first.at - timedelta(seconds=2), reply=False)

    assert second.at == first.at


def test_a_reply_is_a_step_and_settles_the_debt(session, asked, thinks_with):
    thinks_with(FULL)

    reply_to(asked)

    written = last(session)
    assert (written.number, written.kind, written.author_kind) == (5, "reply", "assistant")
    assert (written.author, written.author_name) == (None, "FlowPilot")
    assert written.text == "Let us look at two things."
    assert (now(session).reply_requested_for, now(session).reply_requested_at, now(session).confidence) == (None, None, 0.6)
    event = Event.objects.order_by("number").last()
    assert (event.kind, event.by, event.details["begun_by"]) == ("session_stepped", None, "assistant")


def test_the_assistant_is_given_the_session_as_it_stands(asked, thinks_with):
    assistant = thinks_with(FULL)

    reply_to(asked)

    (case,) = assistant.cases
    assert [step.number for step in case.steps] == [1, 2, 3, 4]
    assert case.steps[-1].text == "And what now?"
    assert [task.title for task in case.tasks] == ["Does Outlook on the web work?", "List the stored credentials"]


def test_a_reply_fills_the_lane(session, asked, thinks_with):
    thinks_with(FULL)

    reply_to(asked)

    new = list(session.tasks.filter(number__gt=2))
    assert [(task.number, task.kind, task.title, task.command, task.state) for task in new] == [
        (3, "question", "Is it one user?", "", "pending"),
        (4, "check", "Look at the clock", "w32tm", "pending"),
    ]
    fix = session.fixes.get()
    assert (fix.number, fix.title, fix.outcome, fix.current) == (5, "Delete the stored credentials", "proposed", True)
    assert fix.proposed_in == last(session)
    assert (now(session).playbook, now(session).domain) == ("outlook-password", "E-mail")


def test_the_first_open_card_of_a_bare_lane_becomes_active(ana, thinks_with):
    thinks_with(FULL)
    opened = sessions.open_session(by=ana, text="It crashes")

    replies.reply_to(opened.pk, 1, at=NINE)

    assert {task.number: task.state for task in opened.tasks.all()} == {1: "active", 2: "pending"}


def test_what_is_in_the_lane_already_is_not_asked_again(session, asked, thinks_with):
    thinks_with(Reply(text="Once more", confidence=0.5, tasks=[NewTask(kind="check", title="LIST the stored credentials")]))

    reply_to(asked)

    assert session.tasks.count() == 2
    assert now(session).card_count == 2


def test_a_reply_without_a_playbook_leaves_the_domain(session, asked, thinks_with):
    thinks_with(Reply(text="Hm", confidence=0.1))

    reply_to(asked)

    assert now(session).domain == "Microsoft 365"


def test_the_job_run_twice_writes_one_reply(session, asked, thinks_with):
    assistant = thinks_with(FULL)

    tasks.reply(session_id=str(session.pk), step=asked.number)
    tasks.reply(session_id=str(session.pk), step=asked.number)

    assert session.steps.filter(kind="reply", number__gt=asked.number).count() == 1
    assert len(assistant.cases) == 1
    assert session.tasks.count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_once_write_one_reply(session, asked, thinks_with, second_waits_for_first):
    thinks_with(FULL)

    _, second = second_waits_for_first(lambda: reply_to(asked), lambda: reply_to(asked))

    assert second.error == "session_changed"
    assert session.steps.filter(kind="reply", number__gt=asked.number).count() == 1
    assert session.fixes.count() == 1
    assert sorted(session.tasks.values_list("number", flat=True)) == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("way", "address", "sent"),
    [("get", "", {}), ("get", "changes/?after=0", {}), ("post", "tasks/1/", {"action": "done", "answer": "Yes", "after": "0"})],
)
def test_no_page_shows_a_reply_without_the_cards_that_came_with_it(
    session, ana, signed_in, asked, thinks_with, monkeypatch, way, address, sent
):
    """The reply is committed after the page has read the lane and before it reads the steps."""
    thinks_with(FULL)
    read_lane = answering.lane_context

    def read_lane_then_reply(seen):
        lane = read_lane(seen)
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(reply_and_hang_up, asked).result(timeout=20)
        return lane

    monkeypatch.setattr(answering, "lane_context", read_lane_then_reply)
    client = signed_in(ana)
    page = getattr(client, way)(f"/sessions/{session.pk}/{address}", sent, headers={"HX-Request": "true"} if way == "post" else {})

    assert last(session).text == FULL.text
    text = page.content.decode()
    assert "And what now?" in text
    assert (FULL.text in text, "Look at the clock" in text) == (False, False)

    monkeypatch.undo()
    again = client.get(f"/sessions/{session.pk}/").content.decode()
    assert (FULL.text in again, "Look at the clock" in again) == (True, True)


def reply_and_hang_up(step):
    try:
        reply_to(step)
    finally:
        connections.close_all()


def test_a_newer_message_forgets_the_older_debt(session, ana, asked, thinks_with):
    assistant = thinks_with(FULL)
    newer = say(session.pk, by=ana, text="It is Outlook 2019.")

    late = reply_to(asked)
    reply_to(newer)

    assert late is None
    assert len(assistant.cases) == 1
    assert [step.kind for step in session.steps.filter(number__gt=3)] == ["message", "message", "reply"]


@pytest.mark.django_db(transaction=True)
def test_a_message_that_arrives_while_the_reply_is_made_makes_it_stale(session, ana, asked, thinks_with, second_waits_for_first):
    thinks_with(FULL)

    newer, stale = second_waits_for_first(lambda: say(session.pk, by=ana, text="It is Outlook 2019."), lambda: reply_to(asked))

    assert getattr(stale, "error", None) == "session_changed"
    assert last(session) == newer
    assert now(session).reply_requested_for == newer.number
    assert session.tasks.count() == 2


@pytest.mark.parametrize("verb", ["resolve", "abandon"])
def test_nothing_is_replied_after_the_end(session, ana, asked, thinks_with, verb):
    thinks_with(FULL)
    getattr(sessions, verb)(session.pk, by=ana)
    steps = session.steps.count()

    assert reply_to(asked) is None
    assert session.steps.count() == steps


@pytest.mark.django_db(transaction=True)
def test_a_reply_that_meets_the_end_waits_and_is_not_written(session, ana, asked, thinks_with, second_waits_for_first):
    thinks_with(FULL)

    _, late = second_waits_for_first(lambda: sessions.resolve(session.pk, by=ana), lambda: reply_to(asked))

    assert late.error == "session_changed"
    assert last(session).text == "Ana resolved this"
    assert session.tasks.count() == 2


def test_a_reply_still_comes_while_it_waits_for_a_colleague(session, ana, asked, thinks_with):
    thinks_with(FULL)
    handoff = hand_off(session, ana)

    reply_to(asked)

    assert last(session).kind == "reply"
    assert "Let us look" not in str(type(handoff).objects.get(pk=handoff.pk).snapshot)


def test_after_a_claim_the_old_debt_is_gone(session, ana, bo, asked, thinks_with):
    thinks_with(FULL)
    handoff = hand_off(session, ana)
    claim(handoff.pk, by=bo, begin="own")

    assert reply_to(asked) is None


def test_the_briefing_of_a_claim_is_replied_to(handoff, bo, thinks_with):
    thinks_with(FULL)
    claim(handoff.pk, by=bo, begin="analysis")
    briefing = handoff.session.steps.get(kind="briefing")

    reply_to(briefing)

    assert last(handoff.session).kind == "reply"
    assert handoff.session.tasks.count() == 4


def test_a_new_fix_in_a_reply_takes_the_place_of_the_old(session, ana, asked, thinks_with):
    thinks_with(FULL)
    reply_to(asked)
    fix = session.fixes.get()
    told = fixes.report_outcome(session.pk, fix.number, by=ana, outcome="failed")
    thinks_with(Reply(text="Then this", confidence=0.8, fix=NewFix(title="Repair Office")))

    reply_to(told.reported_in)

    assert [(f.title, f.outcome, f.current) for f in Fix.objects.filter(session=session).order_by("number")] == [
        ("Delete the stored credentials", "failed", False),
        ("Repair Office", "proposed", True),
    ]


# --- failing ------------------------------------------------------------------------------------------------------


def test_a_failing_assistant_is_told_and_never_silent(session, asked, thinks_with):
    thinks_with(ConnectionError("no route; key sk-secret-123"))

    reply_to(asked)

    told = last(session)
    assert (told.kind, told.author_kind) == ("system", "system")
    assert told.text == "FlowPilot couldn't reply. Your message is saved. Continue, or send it again."
    assert (now(session).reply_requested_for, now(session).status) == (None, "active")
    assert session.tasks.count() == 2


def test_a_failing_assistant_is_told_once(session, asked, thinks_with):
    thinks_with(ConnectionError())

    reply_to(asked)
    reply_to(asked)

    assert session.steps.filter(kind="system").count() == 1


def test_after_a_failure_one_may_write_again(session, ana, asked, thinks_with):
    thinks_with(ConnectionError())
    reply_to(asked)
    thinks_with(FULL)

    reply_to(say(session.pk, by=ana, text="Once more"))

    assert last(session).kind == "reply"


def test_a_failure_after_the_end_says_nothing(session, ana, asked, thinks_with):
    thinks_with(ConnectionError())
    sessions.resolve(session.pk, by=ana)

    reply_to(asked)

    assert last(session).text == "Ana resolved this"


@pytest.mark.parametrize(
    "made",
    [
        Reply(text="Look\x00 here", confidence=0.5),
        Reply(text="Look here", confidence=0.5, tasks=[NewTask(kind="check", title="Look\x00 here", command="dir\x00")]),
        Reply(text="Look here", confidence=0.5, fix=NewFix(title="Delete\x00 it", detail="a\x00b")),
        Reply(text="Look here", confidence=0.5, playbook="a\x00b", domain="c\x00d"),
        Reply.model_construct(text="Look here", confidence=0.5, playbook="p" * 200, domain="d" * 200, tasks=[], fix=None),
        Reply.model_construct(text="\x00", confidence=0.5, playbook="", domain="", tasks=[], fix=None),
    ],
    ids=["NUL in the text", "NUL in a card", "NUL in a fix", "NUL in the domain", "a domain that is too long", "nothing but NUL"],
)
def test_whatever_an_assistant_returns_the_debt_is_settled(session, asked, thinks_with, made):
    """What a model returns is untrusted: either it is made fit, or the failure is told. It must not stay owed for ever, job after job."""
    thinks_with(made)

    reply_to(asked)

    assert now(session).reply_requested_for is None
    assert last(session).number > asked.number
    assert last(session).text


def test_the_same_card_twice_in_one_reply_is_one_card(session, asked, thinks_with):
    thinks_with(Reply(text="Look", confidence=0.5, tasks=[NewTask(kind="check", title="Look at the clock")] * 2))

    reply_to(asked)

    assert session.tasks.filter(title="Look at the clock").count() == 1


def test_a_reply_goes_before_any_backlog_of_assessments(asked):
    from handoffs.tasks import assess

    assert tasks.reply.priority > tasks.write_notes.priority > assess.priority
