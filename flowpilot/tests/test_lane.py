"""The task lane: settle, reopen, send, and facts. Card numbers are given once, across all kinds."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Event
from assistant.results import NewFix, NewTask, Reply
from flowpilot import lane, sessions, steps
from flowpilot.models import AISession, Fact, SessionStep, Task
from flowpilot.replies import write_scripted
from handoffs.claiming import claim
from handoffs.releasing import release
from tests.factories import make_session


@pytest.fixture
def session(ana):
    """Six cards: one question done and sent, one check active, four more open."""
    session = make_session(ana)
    AISession.objects.filter(pk=session.pk).update(card_count=6)
    Task.objects.bulk_create(
        Task(session=session, number=number, kind="question" if number % 2 else "check", title=f"Card {number}", command="ipconfig /all")
        for number in range(3, 7)
    )
    return session


def card(session, number):
    return Task.objects.get(session=session, number=number)


def states(session):
    return {task.number: task.state for task in Task.objects.filter(session=session)}


def last_event():
    return Event.objects.order_by("number").last()


# --- settle -------------------------------------------------------------------------------------------------------


def test_a_card_is_done_with_what_was_found_and_is_not_sent_yet(session, ana):
    done = lane.settle(session.pk, 2, by=ana, state="done", answer="Two entries for outlook")

    assert (done.state, done.answer, done.by, done.sent_as) == ("done", "Two entries for outlook", ana, None)
    assert done.can_be_sent
    assert session.steps.count() == 3
    assert (last_event().kind, last_event().details, last_event().to_state) == ("lane_changed", {"card": 2}, "done")


def test_a_card_is_skipped_with_or_without_a_reason(session, ana):
    bare = lane.settle(session.pk, 2, by=ana, state="skipped")
    told = lane.settle(session.pk, 3, by=ana, state="skipped", answer="No access")

    assert (bare.state, bare.answer) == ("skipped", "")
    assert (told.state, told.answer) == ("skipped", "No access")


def test_settling_one_makes_the_next_open_one_active(session, ana):
    lane.settle(session.pk, 2, by=ana, state="skipped")

    assert states(session) == {1: "done", 2: "skipped", 3: "active", 4: "pending", 5: "pending", 6: "pending"}


def test_settling_one_out_of_turn_leaves_the_active_one(session, ana):
    lane.settle(session.pk, 5, by=ana, state="done", answer="Found")

    assert states(session) == {1: "done", 2: "active", 3: "pending", 4: "pending", 5: "done", 6: "pending"}


@pytest.mark.parametrize("answer", ["", "  ", "\x00"])
def test_done_without_a_word_is_refused(session, ana, answer):
    refused = lane.settle(session.pk, 2, by=ana, state="done", answer=answer)

    assert (refused.error, refused.detail) == ("invalid", "Enter what you found, or skip it.")
    assert card(session, 2).state == "active"


def test_an_answer_is_cleaned_before_it_is_kept(session, ana):
    assert lane.settle(session.pk, 2, by=ana, state="done", answer=" a\x00b\r\nc ").answer == "ab\nc"


def test_a_card_that_is_not_there_is_not_found(session, ana):
    other = make_session(ana)

    assert lane.settle(session.pk, 99, by=ana, state="skipped").error == "not_found"
    assert lane.settle(other.pk, 5, by=ana, state="skipped").error == "not_found"


# --- reopen -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["done", "skipped"])
def test_a_settled_card_opens_again_with_its_answer(session, ana, state):
    lane.settle(session.pk, 2, by=ana, state=state, answer="Found")

    again = lane.reopen(session.pk, 2, by=ana)

    assert (again.state, again.answer) == ("active", "Found")
    assert not again.can_be_sent


def test_what_was_sent_stays_on_the_timeline_when_its_card_opens_again(session, ana):
    lane.reopen(session.pk, 1, by=ana)
    lane.settle(session.pk, 1, by=ana, state="done", answer="No, it does not.")
    (sent,) = lane.send(session.pk, by=ana)

    assert [step.text for step in session.steps.filter(card=1)] == ["Yes, Outlook on the web works.", "No, it does not."]
    assert card(session, 1).sent_as == sent


def test_opening_what_is_open_already_tells_nothing(session, ana):
    events = Event.objects.count()

    again = lane.reopen(session.pk, 2, by=ana)

    assert again.state == "active"
    assert Event.objects.count() == events


def test_a_card_that_is_not_there_does_not_open(session, ana):
    assert lane.reopen(session.pk, 99, by=ana).error == "not_found"


# --- send ---------------------------------------------------------------------------------------------------------


def test_sending_sends_what_is_done_or_skipped_and_leaves_the_rest(session, ana):
    lane.settle(session.pk, 2, by=ana, state="done", answer="Two entries")
    lane.settle(session.pk, 5, by=ana, state="skipped", answer="No access")

    sent = lane.send(session.pk, by=ana)

    assert [(step.number, step.kind, step.card, step.text) for step in sent] == [
        (4, "check", 2, "Two entries"),
        (5, "answer", 5, "Skipped: Card 5 (No access)"),
    ]
    assert {step.author for step in sent} == {ana}
    assert states(session) == {1: "done", 2: "done", 3: "active", 4: "pending", 5: "skipped", 6: "pending"}
    assert (card(session, 2).sent_as.number, card(session, 5).sent_as.number, card(session, 3).sent_as) == (4, 5, None)


def test_a_sent_step_keeps_what_was_asked_and_the_command(session, ana):
    lane.settle(session.pk, 2, by=ana, state="done", answer="Two entries")

    (step,) = lane.send(session.pk, by=ana)

    assert (step.asked, step.command) == ("List the stored credentials", "cmdkey /list")


def test_each_card_is_sent_once(session, ana):
    lane.settle(session.pk, 2, by=ana, state="done", answer="Two entries")
    lane.send(session.pk, by=ana)

    again = lane.send(session.pk, by=ana)
    lane.settle(session.pk, 3, by=ana, state="skipped")
    later = lane.send(session.pk, by=ana)

    assert (again.error, again.detail) == ("invalid", "Nothing to send yet. Answer or skip a card first.")
    assert [step.card for step in later] == [3]
    assert session.steps.filter(card=2).count() == 1


def test_one_reply_is_owed_for_all_that_was_sent(session, ana):
    lane.settle(session.pk, 2, by=ana, state="done", answer="Two entries")
    lane.settle(session.pk, 3, by=ana, state="skipped")

    sent = lane.send(session.pk, by=ana)

    assert AISession.objects.get(pk=session.pk).reply_requested_for == sent[-1].number
    assert last_event().details == {"first": 4, "last": 5, "kinds": ["answer", "check"], "begun_by": "person"}


def test_sending_without_a_reply_owes_none(session, ana):
    lane.settle(session.pk, 2, by=ana, state="skipped")

    lane.send(session.pk, by=ana, reply=False)

    assert AISession.objects.get(pk=session.pk).reply_requested_for is None


def test_the_preview_shows_exactly_what_is_sent(session, ana):
    lane.settle(session.pk, 2, by=ana, state="done", answer="Two entries:\n- outlook\n- office")
    lane.settle(session.pk, 3, by=ana, state="skipped")
    lane.settle(session.pk, 4, by=ana, state="skipped", answer="No access")
    sendable = [task for task in Task.objects.filter(session=session) if task.can_be_sent]

    shown = lane.preview(sendable)
    sent = lane.send(session.pk, by=ana)

    as_sent = [step.text if step.text.startswith("Skipped: ") else f"{step.asked}\n{step.text}" for step in sent]
    assert shown == "\n\n".join(as_sent)
    assert [task.number for task in sendable] == [step.card for step in sent] == [2, 3, 4]


def test_the_preview_of_nothing_is_nothing():
    assert lane.preview([]) == ""


@pytest.mark.django_db(transaction=True)
def test_sent_twice_at_once_is_sent_once(session, ana, second_waits_for_first):
    lane.settle(session.pk, 2, by=ana, state="done", answer="Two entries")

    sent, refused = second_waits_for_first(lambda: lane.send(session.pk, by=ana), lambda: lane.send(session.pk, by=ana))

    assert [step.card for step in sent] == [2]
    assert refused.error == "invalid"
    assert session.steps.filter(card=2).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_card_that_is_edited_while_it_is_sent_is_sent_again_with_the_new_words(session, ana, bo, second_waits_for_first):
    AISession.objects.filter(pk=session.pk).update(handler=bo)
    lane.settle(session.pk, 2, by=ana, state="done", answer="Two entries")

    second_waits_for_first(
        lambda: lane.send(session.pk, by=ana), lambda: lane.settle(session.pk, 2, by=bo, state="done", answer="Three entries")
    )

    assert [step.text for step in session.steps.filter(card=2)] == ["Two entries"]
    assert card(session, 2).can_be_sent
    assert [step.text for step in lane.send(session.pk, by=bo)] == ["Three entries"]


# --- facts --------------------------------------------------------------------------------------------------------


def test_a_fact_keeps_where_it_came_from(session, ana):
    fact = lane.add_fact(session.pk, by=ana, text="Only Outlook on this computer is concerned.", step=3)

    assert (fact.source, fact.by) == (session.steps.get(number=3), ana)
    assert fact.number == 7


def test_a_fact_may_be_the_technicians_own_word(session, ana):
    assert lane.add_fact(session.pk, by=ana, text="The computer is new.").source is None


@pytest.mark.parametrize("step", [0, 99])
def test_a_fact_from_a_step_that_is_not_there_is_refused(session, ana, step):
    refused = lane.add_fact(session.pk, by=ana, text="The computer is new.", step=step)

    assert refused.error == "not_found"
    assert AISession.objects.get(pk=session.pk).card_count == 6


def test_a_step_of_another_session_is_no_source(session, ana):
    other = make_session(ana)
    number = sessions.post(other.pk, by=ana, text="Only there", kind="note").number

    assert lane.add_fact(session.pk, by=ana, text="Only there", step=number).error == "not_found"


@pytest.mark.parametrize("text", ["", "  ", "\x00"])
def test_a_fact_without_words_is_refused(session, ana, text):
    assert lane.add_fact(session.pk, by=ana, text=text).error == "invalid"
    assert not Fact.objects.exists()


def test_a_fact_is_taken_off_again_and_its_source_stays(session, ana):
    fact = lane.add_fact(session.pk, by=ana, text="The computer is new.", step=3)

    lane.drop_fact(session.pk, fact.number, by=ana)
    again = lane.drop_fact(session.pk, fact.number, by=ana)

    assert not Fact.objects.exists()
    assert again.error == "not_found"
    assert session.steps.count() == 3


# --- card numbers -------------------------------------------------------------------------------------------------


def test_card_numbers_are_never_used_again_whatever_the_kind(session, ana):
    first = lane.add_fact(session.pk, by=ana, text="One")
    lane.drop_fact(session.pk, first.number, by=ana)
    second = lane.add_fact(session.pk, by=ana, text="Two")
    made = Reply(text="Do this", confidence=0.9, tasks=[NewTask(kind="check", title="New check")], fix=NewFix(title="New fix"))
    write_scripted(session.pk, made, at=session.created_at)
    third = lane.add_fact(session.pk, by=ana, text="Three")

    assert (first.number, second.number, third.number) == (7, 8, 11)
    assert (session.tasks.get(title="New check").number, session.fixes.get().number) == (9, 10)
    used = [*states(session), *session.facts.values_list("number", flat=True), *session.fixes.values_list("number", flat=True)]
    assert len(used) == len(set(used))


@pytest.mark.django_db(transaction=True)
def test_two_who_add_at_once_get_two_numbers(session, ana, bo, second_waits_for_first):
    AISession.objects.filter(pk=session.pk).update(handler=bo)

    first, second = second_waits_for_first(
        lambda: lane.add_fact(session.pk, by=ana, text="From Ana"), lambda: lane.add_fact(session.pk, by=bo, text="From Bo")
    )

    assert (first.number, second.number) == (7, 8)


def test_numbers_that_were_rolled_back_leave_no_gap(session):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        steps.take_cards(session.pk, 3)
        raise ZeroDivisionError

    assert list(steps.take_cards(session.pk, 2)) == [7, 8]


# --- who, and when ------------------------------------------------------------------------------------------------

VERBS = {
    "settle": lambda session, by: lane.settle(session.pk, 2, by=by, state="skipped"),
    "reopen": lambda session, by: lane.reopen(session.pk, 1, by=by),
    "send": lambda session, by: lane.send(session.pk, by=by),
    "add a fact": lambda session, by: lane.add_fact(session.pk, by=by, text="One"),
    "drop a fact": lambda session, by: lane.drop_fact(session.pk, 1, by=by),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("who", "error"), [("bo", "not_found"), ("lea", "not_found"), ("eve", "not_found"), ("vic", "not_allowed")])
def test_others_do_not_touch_the_lane(session, request, verb, who, error):
    before = list(Task.objects.values_list())

    assert VERBS[verb](session, request.getfixturevalue(who)).error == error
    assert list(Task.objects.values_list()) == before
    assert not Event.objects.exists()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", ["paused", "resolved", "abandoned"])
def test_a_lane_that_is_at_rest_is_not_changed(session, ana, verb, status):
    AISession.objects.filter(pk=session.pk).update(status=status)

    refused = VERBS[verb](session, ana)

    assert (refused.error, refused.extra) == ("session_changed", {"status": status})
    assert not Event.objects.exists()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("since", "error"), [({"role": "viewer"}, "not_allowed"), ({"is_active": False}, "inactive")])
def test_who_touches_the_lane_is_judged_at_the_write(session, ana, verb, since, error):
    type(ana).objects.filter(pk=ana.pk).update(**since)

    assert VERBS[verb](session, ana).error == error


def test_the_claimer_goes_on_in_the_lane_and_so_may_the_opener(handoff, ana, bo):
    claim(handoff.pk, by=bo, begin="continue")

    assert lane.settle(handoff.session_id, 2, by=bo, state="done", answer="Two entries").by == bo
    assert lane.reopen(handoff.session_id, 2, by=ana).state == "active"


def test_a_former_handler_does_not(handoff, bo, dana):
    claim(handoff.pk, by=bo)
    release(handoff.pk, by=bo)
    claim(handoff.pk, by=dana)

    assert lane.settle(handoff.session_id, 2, by=bo, state="skipped").error == "not_found"


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_meets_a_handoff_is_in_its_snapshot_or_waits(session, ana, second_waits_for_first):
    """The hand-off freezes all or nothing: what comes while it is being written comes after it."""
    from tests.factories import hand_off

    handoff, settled = second_waits_for_first(
        lambda: hand_off(session, ana), lambda: lane.settle(session.pk, 2, by=ana, state="done", answer="Two entries")
    )

    assert "Two entries" not in str(handoff.snapshot)
    assert settled.answer == "Two entries"


def test_updates_of_the_session_name_their_own_columns_only(session, ana):
    with CaptureQueriesContext(connection) as captured:
        for act in VERBS.values():
            act(session, ana)

    updates = [q["sql"] for q in captured if q["sql"].startswith('UPDATE "flowpilot_aisession"')]
    assert updates
    assert not [sql for sql in updates if " JOIN " in sql or "SELECT" in sql]
    assert not [q for q in captured if "FOR UPDATE" in q["sql"]]


def test_the_constraint_refuses_a_second_card_with_one_number(session):
    from django.db import IntegrityError

    with pytest.raises(IntegrityError, match="task_card_once_per_session"), transaction.atomic():
        Task.objects.create(session=session, number=2, kind="check", title="Again")
    with pytest.raises(IntegrityError, match="step_number_once_per_session"), transaction.atomic():
        SessionStep.objects.create(session=session, number=1, kind="note", author_kind="system", text="Again", at=session.created_at)
