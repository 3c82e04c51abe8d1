"""The queue: which open handoffs somebody sees, and in which order."""

import itertools
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from bs4 import BeautifulSoup
from django.template.loader import render_to_string

from escalations.filters import handed_off_by
from escalations.queue import mark_seen, row_json, rows_for, seen_by, sort_key
from flowpilot import sessions
from flowpilot.models import AISession, Priority
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.parking import park
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw
from tests.factories import UserFactory, hand_off, make_session

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def wait(by, *, minutes=0, priority=Priority.NORMAL, target=None):
    return hand_off(make_session(by), by, priority=priority, target=target, at=NINE + timedelta(minutes=minutes))


def order_of(person):
    return [row.pk for row in rows_for(person)]


# --- which --------------------------------------------------------------------------------------------------------


def test_open_handoffs_of_the_account_stand_in_it(handoff, ana, bo, lea, vic):
    assert order_of(bo) == order_of(lea) == order_of(vic) == [handoff.pk]


def test_ones_own_do_not(handoff, ana):
    assert order_of(ana) == []


def test_those_of_another_account_do_not(handoff, eve):
    hers = wait(eve)
    colleague = UserFactory(account=eve.account)

    assert order_of(eve) == []
    assert order_of(colleague) == [hers.pk]


def test_staff_of_no_account_have_no_queue(handoff):
    assert order_of(UserFactory(account=None, is_staff=True, is_superuser=True)) == []


@pytest.mark.parametrize("ending", ["claimed", "withdrawn", "superseded", "returned", "parked"])
def test_what_is_not_open_leaves_it_for_everybody(handoff, ana, bo, dana, ending):
    if ending == "withdrawn":
        withdraw(handoff.pk, by=ana)
    else:
        claim(handoff.pk, by=bo)
    if ending == "returned":
        return_to_opener(handoff.pk, by=bo, note="Delete them.")
    if ending == "superseded":
        sessions.resolve(handoff.session_id, by=bo)
    if ending == "parked":
        park(handoff.session_id, by=bo)

    assert [order_of(person) for person in (ana, bo, dana)] == [[], [], []]


def test_what_somebody_handed_on_is_in_the_openers_queue_and_not_in_theirs(handoff, ana, bo):
    claim(handoff.pk, by=bo)

    handed_on = hand_off(handoff.session, bo)

    assert order_of(ana) == [handed_on.pk]
    assert order_of(bo) == []


def test_who_released_it_sees_it_again(handoff, ana, bo):
    claim(handoff.pk, by=bo)

    release(handoff.pk, by=bo)

    assert order_of(bo) == [handoff.pk]
    assert order_of(ana) == []


# --- in which order -----------------------------------------------------------------------------------------------


def test_higher_priority_first_then_oldest_first(ana, bo):
    waiting = {
        name: wait(ana, minutes=minutes, priority=priority)
        for name, minutes, priority in [
            ("low and oldest", 0, Priority.LOW),
            ("urgent and newest", 50, Priority.URGENT),
            ("high", 20, Priority.HIGH),
            ("normal and new", 30, Priority.NORMAL),
            ("normal and old", 10, Priority.NORMAL),
            ("urgent and old", 5, Priority.URGENT),
        ]
    }

    names = {handoff.pk: name for name, handoff in waiting.items()}
    assert [names[pk] for pk in order_of(bo)] == [
        "urgent and old",
        "urgent and newest",
        "high",
        "normal and old",
        "normal and new",
        "low and oldest",
    ]


def test_those_aimed_at_somebody_stand_on_top_of_their_priority_for_them_alone(ana, bo, dana):
    high = wait(ana, minutes=40, priority=Priority.HIGH)
    old = wait(ana, minutes=0)
    for_bo = wait(ana, minutes=30, target=bo)
    for_dana = wait(ana, minutes=10, target=dana)

    assert order_of(bo) == [high.pk, for_bo.pk, old.pk, for_dana.pk]
    assert order_of(dana) == [high.pk, for_dana.pk, old.pk, for_bo.pk]
    assert [row.for_me for row in rows_for(bo)] == [0, 1, 0, 0]


def test_the_order_is_the_rule_whatever_stands_in_it(ana, bo, dana):
    """Every combination once, written in a random order; the rule said in Python gives the same."""
    combinations = list(itertools.product(list(Priority), [bo, dana, None], [0, 20]))
    random.shuffle(combinations)
    waiting = [wait(ana, minutes=minutes, priority=priority, target=target) for priority, target, minutes in combinations]

    by_the_rule = sorted(waiting, key=lambda h: (-h.priority, h.target_id != bo.pk, h.created_at, h.pk))

    assert order_of(bo) == [handoff.pk for handoff in by_the_rule]


def test_a_release_keeps_the_age_of_the_first_hand_off(ana, bo, dana):
    old, young = wait(ana, minutes=0), wait(ana, minutes=30)
    claim(old.pk, by=bo, at=NINE + timedelta(minutes=35))

    release(old.pk, by=bo, at=NINE + timedelta(minutes=60))

    assert order_of(dana) == [old.pk, young.pk]


def test_of_the_same_moment_the_order_is_always_the_same(ana, bo):
    waiting = [wait(ana) for _ in range(5)]

    assert order_of(bo) == order_of(bo) == sorted(handoff.pk for handoff in waiting)


# --- the order as the page knows it -------------------------------------------------------------------------------


def wait_at_random(author, targets, count):
    """Many rows at once; few different moments and priorities, so that every part of the order decides somewhere."""
    moments = [NINE + timedelta(microseconds=offset) for offset in (0, 1, 999_999, 1_000_000, 60_000_001)]
    zones = [UTC, timezone(timedelta(hours=13)), timezone(timedelta(hours=-9, minutes=-30))]
    sessions = AISession.objects.bulk_create(
        AISession(account_id=author.account_id, user=author, handler=author, title=f"Case {n}", status="requesting_escalation")
        for n in range(count)
    )
    return SessionHandoff.objects.bulk_create(
        SessionHandoff(
            account_id=author.account_id,
            session=session,
            author=author,
            priority=random.choice(Priority.values),
            target=random.choice(targets),
            created_at=random.choice(moments).astimezone(random.choice(zones)),
        )
        for session in sessions
    )


def test_the_sort_keys_give_the_order_of_the_queue_for_every_viewer(ana, bo, dana, vic):
    waiting = wait_at_random(ana, [bo, dana, None], 200)

    for viewer in (bo, dana, vic):
        by_key = sorted(waiting, key=lambda row: sort_key(row, for_target=row.target_id == viewer.pk))
        assert order_of(viewer) == [row.pk for row in by_key]
    assert [row.pk for row in handed_off_by(ana)] == [row.pk for row in sorted(waiting, key=sort_key)]


def test_keys_are_ascii_of_one_width_so_that_everything_compares_them_alike(ana, bo):
    keys = [sort_key(row, for_target=row.target_id == bo.pk) for row in wait_at_random(ana, [bo, None], 50)]

    assert all(key.isascii() for key in keys)
    assert len({len(key) for key in keys}) == 1


def test_the_page_and_a_live_card_carry_the_same_keys(ana, bo, signed_in):
    handoff = wait(ana, target=bo)

    on_the_page = BeautifulSoup(signed_in(bo).get("/escalations/").content, "html.parser").select_one(".card")
    live = BeautifulSoup(render_to_string("escalations/_card.html", {"handoff": handoff, "live": True}), "html.parser").select_one(".card")

    for card in (on_the_page, live):
        assert card["data-sort-key"] == sort_key(handoff)
        assert card["data-target-sort-key"] == sort_key(handoff, for_target=True)


# --- what a card needs --------------------------------------------------------------------------------------------


def test_a_card_says_what_the_contract_promises(ana, bo):
    handoff = hand_off(make_session(ana), ana, needs="May I?", target=bo, priority=Priority.HIGH, at=NINE)

    (row,) = rows_for(bo)

    assert row_json(row) == {
        "id": str(handoff.pk),
        "session": str(handoff.session_id),
        "problem": "Outlook asks for the password again and again",
        "client": "Northgate Dental",
        "ticket": "48219",
        "domain": "Microsoft 365",
        "priority": "high",
        "needs": "May I?",
        "escalated_by": {"id": ana.pk, "name": "Ana Reyes"},
        "target": {"id": bo.pk, "name": "Bo Lindqvist"},
        "created_at": "2026-03-02T09:00:00+00:00",
        "steps": 4,
    }


def test_nobody_aimed_at_is_null(handoff, bo):
    assert row_json(rows_for(bo)[0])["target"] is None


def test_more_rows_do_not_mean_more_queries(ana, bo, django_assert_num_queries):
    for minutes in range(5):
        wait(ana, minutes=minutes, target=bo)

    with django_assert_num_queries(1):
        assert len([row_json(row) for row in rows_for(bo)]) == 5


# --- seen ---------------------------------------------------------------------------------------------------------


def test_seen_is_seen_once_and_by_that_person_only(handoff, bo, dana):
    mark_seen(bo, handoff)
    mark_seen(bo, handoff)

    assert (seen_by(bo), seen_by(dana)) == ({handoff.pk}, set())


def test_the_dashboards_fragment_shows_what_the_dashboard_shows(ana, bo, signed_in):
    for _ in range(8):
        hand_off(make_session(ana), ana)
    client = signed_in(bo)

    page = BeautifulSoup(client.get("/").content, "html.parser")
    fragment = BeautifulSoup(client.get("/waiting/").content, "html.parser")

    listed = [row["data-handoff"] for row in page.select("#rows [data-handoff]")]
    assert len(listed) == 6
    assert [row["data-handoff"] for row in fragment.select("[data-handoff]")] == listed


def test_a_card_tells_how_much_was_tried(ana, bo, signed_in):
    hand_off(make_session(ana), ana)

    card = BeautifulSoup(signed_in(bo).get("/escalations/").content, "html.parser").select_one(".card")

    assert "4 steps, 1 tried" in " ".join(card.text.split())


HOSTILE = "\"><img src=x onerror=alert(1)>'{{ 7*7 }}&amp;"


@pytest.mark.parametrize("shown", [{"live": True}, {"may_claim": True}])
def test_everything_on_a_card_that_somebody_typed_is_escaped(ana, bo, shown):
    for person in (ana, bo):
        type(person).objects.filter(pk=person.pk).update(name=f"{HOSTILE} {person.name}")
    session = make_session(ana, title=HOSTILE, client=HOSTILE, ticket=HOSTILE, domain=HOSTILE)
    hand_off(session, ana, needs=HOSTILE, target=bo)
    (row,) = rows_for(bo)

    card = BeautifulSoup(render_to_string("escalations/_card.html", {"handoff": row, "user": bo, "seen": set(), **shown}), "html.parser").li

    assert card is not None and not card.select("img")
    assert (card["data-client"], card["data-domain"], card.select_one(".client").text) == (HOSTILE, HOSTILE, HOSTILE)
    assert card.select_one(".cover").text == card.select_one("a.btn")["aria-label"].removeprefix("Pick up ") == HOSTILE
    assert card.select_one(".mono").text == f"#{HOSTILE}"
    assert HOSTILE in card.select_one(".need").text
    assert [each.text for each in card.select(".who bdi, [data-for-other] bdi")] == [f"{HOSTILE} Bo Lindqvist", f"{HOSTILE} Ana Reyes"]
