"""The only way to publish an event: numbered without gaps, in commit order, and heard exactly if it is committed."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from pydantic import ValidationError

from accounts.events import CHANNEL, NewEvent, event_recorded, kinds, record
from accounts.models import Account, Event, EventCounter
from flowpilot.events import BegunBy, FixSettled, LaneChanged, SessionOpened, SessionReopened, SessionStepped
from handoffs.events import HandoffReleased


def opened(person, **fields):
    return SessionOpened(account_id=person.account_id, by_id=person.pk, **fields)


def tell(person, event=SessionOpened, **fields):
    with transaction.atomic():
        return record(event(account_id=person.account_id, by_id=person.pk, **fields))


def numbers_of(account_id):
    return list(Event.objects.filter(account_id=account_id).order_by("number").values_list("number", flat=True))


class Fault(Exception):
    pass


@contextmanager
def taking_part(receiver: Callable[..., Any]) -> Iterator[None]:
    event_recorded.connect(receiver, weak=False, dispatch_uid="test")
    try:
        yield
    finally:
        event_recorded.disconnect(dispatch_uid="test")


@contextmanager
def listening() -> Iterator[Callable[[], list[Any]]]:
    """A second connection with its ear at the channel. Calling it gives what was heard so far: PostgreSQL delivers in commit order, so
    whatever was said before our own word at the end has arrived when that word has."""
    at = connection.settings_dict
    where = {"dbname": at["NAME"], "host": at["HOST"], "port": at["PORT"], "user": at["USER"], "password": at["PASSWORD"]}
    with psycopg.connect(**{k: v for k, v in where.items() if v}, autocommit=True) as ear:
        ear.execute(f"LISTEN {CHANNEL}")

        def heard() -> list[Any]:
            ear.execute(f"NOTIFY {CHANNEL}, 'that was all'")
            payloads = []
            for notice in ear.notifies(timeout=10):
                if notice.payload == "that was all":
                    return payloads
                payloads.append(json.loads(notice.payload))
            raise AssertionError(f"the channel fell silent before our own word came: {payloads}")

        yield heard


# --- the rule -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(ana):
    new = opened(ana)

    with pytest.raises(RuntimeError, match="inside the transaction"):
        record(new)

    assert not Event.objects.exists()


def test_an_event_without_a_kind_is_refused(ana):
    known = tell(ana)

    with pytest.raises(ValueError, match="not an event"):
        tell(ana, NewEvent)

    assert numbers_of(ana.account_id) == [known[0].number]


def test_two_events_cannot_share_a_kind():
    with pytest.raises(TypeError, match="two events are called session_opened"):

        class Another(NewEvent):
            KIND = "session_opened"


def test_every_kind_of_event_is_described():
    for kind, event in kinds().items():
        assert kind == event.KIND
        assert len((event.__doc__ or "").strip()) > 20, f"{kind} does not say what happened"
        assert event.__doc__ != NewEvent.__doc__


def test_details_that_are_missing_or_unknown_are_refused(ana):
    with pytest.raises(ValidationError, match="noted"):
        HandoffReleased(account_id=ana.account_id, by_id=ana.pk)
    with pytest.raises(ValidationError, match="note"):
        HandoffReleased(account_id=ana.account_id, by_id=ana.pk, noted=True, note="The client's password is ...")


def test_details_are_kept_as_plain_json_without_defaults(ana):
    (event,) = tell(ana, FixSettled, card=3, outcome="worked", begun_by=BegunBy.RESOLVE)

    assert Event.objects.get(pk=event.pk).details == {"card": 3, "outcome": "worked", "begun_by": "resolve"}


def test_nothing_happened_is_no_event(ana):
    with transaction.atomic():
        assert record() == []

    assert not EventCounter.objects.exists()


def test_events_of_two_accounts_are_not_recorded_together(ana, eve):
    mixed = [opened(ana), opened(eve)]

    with pytest.raises(ValueError, match="not an event of account"), transaction.atomic():
        record(*mixed)

    assert not Event.objects.exists()


def test_an_event_keeps_who_when_and_from_what_to_what(ana, handoff):
    told = {"session": handoff.session_id, "handoff": handoff.pk, "from_state": "claimed", "to_state": "open", "noted": True}

    (event,) = tell(ana, HandoffReleased, **told)

    kept = Event.objects.get(pk=event.pk)
    assert (kept.kind, kept.by, kept.session, kept.handoff) == ("handoff_released", ana, handoff.session_id, handoff.pk)
    assert (kept.from_state, kept.to_state, kept.details) == ("claimed", "open", {"noted": True})
    assert kept.at is not None


# --- numbers ------------------------------------------------------------------------------------------------------


def test_events_are_numbered_from_one_without_gaps(ana):
    for _ in range(5):
        tell(ana)

    assert numbers_of(ana.account_id) == [1, 2, 3, 4, 5]


def test_several_events_at_once_get_consecutive_numbers_in_their_order(ana):
    tell(ana)

    with transaction.atomic():
        events = record(opened(ana), LaneChanged(account_id=ana.account_id, by_id=ana.pk), opened(ana))

    assert [(event.number, event.kind) for event in events] == [(2, "session_opened"), (3, "lane_changed"), (4, "session_opened")]
    assert EventCounter.objects.get(account_id=ana.account_id).last == 4


def test_a_rollback_leaves_no_gap(ana):
    tell(ana)

    with pytest.raises(Fault), transaction.atomic():
        record(opened(ana))
        raise Fault
    tell(ana)

    assert numbers_of(ana.account_id) == [1, 2]


def test_two_accounts_count_independently(ana, eve):
    for person in (ana, eve, ana, ana, eve):
        tell(person)

    assert numbers_of(ana.account_id) == [1, 2, 3]
    assert numbers_of(eve.account_id) == [1, 2]


@pytest.mark.parametrize("before", [0, 1], ids=["the first events ever", "a counter that stands already"])
@pytest.mark.django_db(transaction=True)
def test_numbers_come_in_commit_order_and_the_second_waits(ana, bo, before, second_waits_for_first):
    for _ in range(before):
        tell(ana)

    (first,), (second,) = second_waits_for_first(lambda: tell(ana), lambda: tell(bo, SessionReopened))

    assert (first.number, second.number) == (before + 1, before + 2)
    assert numbers_of(ana.account_id) == list(range(1, before + 3))


@pytest.mark.django_db(transaction=True)
def test_another_account_does_not_wait(ana, eve):
    tell(ana)
    tell(eve)

    def meanwhile():
        try:
            tell(eve)
        finally:
            connections.close_all()

    thread = threading.Thread(target=meanwhile)
    with transaction.atomic():
        record(opened(ana))
        thread.start()
        thread.join(10)
        came_back = not thread.is_alive()

    assert came_back, "an event of one account waited for another account's transaction"
    assert numbers_of(eve.account_id) == [1, 2]


# --- who takes part -----------------------------------------------------------------------------------------------


def test_a_receiver_that_raises_rolls_everything_back(ana):
    def broken(sender, event, **kwargs):
        raise Fault("a bell row could not be written")

    with taking_part(broken), pytest.raises(Fault), transaction.atomic():
        Account.objects.filter(pk=ana.account_id).update(name="Renamed")
        record(opened(ana))

    assert Account.objects.get(pk=ana.account_id).name == "Acme MSP"
    assert not Event.objects.exists()
    assert not EventCounter.objects.exists()


def test_a_receiver_hears_each_event_once_inside_the_transaction_before_it_has_a_number(ana):
    heard = []

    def receiver(sender, event, **kwargs):
        heard.append((event.KIND, connection.in_atomic_block, Event.objects.filter(kind=event.KIND).exists()))

    with taking_part(receiver), transaction.atomic():
        record(opened(ana), LaneChanged(account_id=ana.account_id, by_id=ana.pk))

    assert heard == [("session_opened", True, False), ("lane_changed", True, False)]


# --- the bell of the database -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_committed_event_rings_exactly_once(ana):
    with listening() as heard:
        with transaction.atomic():
            record(opened(ana))
            before_the_commit = heard()

        assert before_the_commit == []
        assert heard() == [{"account": ana.account_id, "number": 1}]
        assert heard() == []


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_rolled_back_never_rings(ana):
    with listening() as heard:
        with pytest.raises(Fault), transaction.atomic():
            record(opened(ana))
            raise Fault
        tell(ana)

        assert heard() == [{"account": ana.account_id, "number": 1}]


@pytest.mark.django_db(transaction=True)
def test_what_rings_holds_ids_and_nothing_that_anybody_wrote(ana, session):
    with listening() as heard:
        with transaction.atomic():
            record(
                SessionStepped(
                    account_id=ana.account_id, by_id=ana.pk, session=session.pk, first=1, last=1, kinds=["message"], begun_by="person"
                ),
                HandoffReleased(account_id=ana.account_id, by_id=ana.pk, session=session.pk, noted=True),
            )

        (payload,) = heard()
        assert payload == {"account": ana.account_id, "number": 2}
