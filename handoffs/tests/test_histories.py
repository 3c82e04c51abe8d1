"""Random histories of an account: after every action, every open session has a handler who can work, or stands in the queue.

A history is a list of moves from a seeded generator: `history(seed)` runs the same one again when a seed has failed.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from accounts.people_admin import activate, change, deactivate
from accounts.verbs import Refused
from flowpilot import sessions
from flowpilot.models import AISession, SessionHolder
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.opening import open_handoff
from handoffs.parking import park, resume
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.taking_over import take_over
from handoffs.withdrawing import withdraw
from tests.factories import AccountFactory, UserFactory, make_session

MOVES = 80
SEEDS = range(8)
ROLES = ["owner", "admin", "engineer", "engineer", "viewer"]

Move = Callable[[AISession, SessionHandoff | None, User, User], Any]

# What somebody (`by`) may try at any time, on a session, its latest handoff, or a colleague. Most tries are refused; that is the point.
ON_SESSIONS: dict[str, Move] = {
    "escalate": lambda session, _, by, __: open_handoff(session.pk, by=by, needs="Help"),
    "park": lambda session, _, by, __: park(session.pk, by=by),
    "resume": lambda session, _, by, __: resume(session.pk, by=by),
    "take over": lambda session, _, by, __: take_over(session.pk, by=by, reason="Urgent"),
    "resolve": lambda session, _, by, __: sessions.resolve(session.pk, by=by),
    "reopen": lambda session, _, by, __: sessions.reopen(session.pk, by=by),
    "abandon": lambda session, _, by, __: sessions.abandon(session.pk, by=by),
}
ON_HANDOFFS: dict[str, Move] = {
    "claim": lambda _, handoff, by, __: claim(handoff.pk, by=by),
    "release": lambda _, handoff, by, __: release(handoff.pk, by=by),
    "return": lambda _, handoff, by, __: return_to_opener(handoff.pk, by=by, note="Delete them."),
    "withdraw": lambda _, handoff, by, __: withdraw(handoff.pk, by=by),
}
ON_PEOPLE: dict[str, Move] = {
    "deactivate": lambda _, __, by, other: deactivate(other.pk, by=by),
    "activate": lambda _, __, by, other: activate(other.pk, by=by),
    "owner": lambda _, __, by, other: change(other.pk, by=by, name=other.name, role="owner"),
    "engineer": lambda _, __, by, other: change(other.pk, by=by, name=other.name, role="engineer"),
    "viewer": lambda _, __, by, other: change(other.pk, by=by, name=other.name, role="viewer"),
}
LEAVES = {
    "claim": "requesting_escalation",
    "withdraw": "requesting_escalation",
    "release": "active",
    "return": "active",
    "resume": "paused",
    "reopen": "resolved",
}
ENDS_A_CLAIM = {"release", "return"}
# Weighted so that histories are long: ends are rare, and so are changes of people.
CHOICES = [*list(ON_SESSIONS)[:4] * 2, *list(ON_SESSIONS)[4:], "reopen", *list(ON_HANDOFFS) * 3, *["claim"] * 3, *ON_PEOPLE, "open"]
ALL = {**ON_SESSIONS, **ON_HANDOFFS, **ON_PEOPLE}


def check(said: str) -> None:
    """The rule, from the rows alone."""
    live: dict[Any, list[SessionHandoff]] = {}
    for handoff in SessionHandoff.objects.live():
        live.setdefault(handoff.session_id, []).append(handoff)
    for session in AISession.objects.select_related("handler"):
        handoffs = live.get(session.pk, [])
        states = [handoff.state for handoff in handoffs]
        can_work = session.handler.is_active and session.handler.role != "viewer"
        holding = list(SessionHolder.objects.filter(session=session, until=None).values_list("user_id", flat=True))
        match session.status:
            case "requesting_escalation":
                assert states == ["open"], f"{said}: it waits, but is not in the queue"
                # The filters of the queue are read from sessions alone (escalations/filters.py).
                assert session.handler_id == handoffs[0].author_id, f"{said}: it waits, and its handler is not who escalated it"
                assert holding == [], f"{said}: somebody holds what waits"
            case "active":
                assert can_work, f"{said}: it is active with {session.handler}, who can't work"
                assert states in ([], ["claimed"]), f"{said}: active with a handoff that is {states}"
                assert holding == [session.handler_id], f"{said}: its handler is not its holder"
            case "paused":
                assert can_work, f"{said}: it is parked with {session.handler}, who can't work"
                assert states == ["parked"], f"{said}: parked with a handoff that is {states}"
                assert holding == [session.handler_id], f"{said}: its handler is not its holder"
            case "abandoned" | "resolved":
                assert states in ([], ["claimed"]), f"{said}: it has ended with a handoff that is {states}"


def history(seed: int, account: Any, done: Counter[str]) -> None:
    chance = random.Random(seed)
    people = [UserFactory(name=f"{role.title()} {n}", account=account, role=role) for n, role in enumerate(ROLES)]
    for by in people[:4]:
        make_session(by)
    said: list[str] = []
    for _ in range(MOVES):
        name = chance.choice(CHOICES)
        # Mostly a session in which it could be done, by somebody who may: others would be refused nearly always.
        rows = list(AISession.objects.order_by("created_at", "pk"))
        claimed = set(SessionHandoff.objects.filter(state="claimed").values_list("session_id", flat=True))
        fitting = [row for row in rows if row.status == LEAVES.get(name) and (name not in ENDS_A_CLAIM or row.pk in claimed)]
        session = chance.choice(fitting if fitting and chance.random() < 0.8 else rows)
        near = [session.handler, session.handler, session.user, people[0], people[1]]
        by = User.objects.get(pk=chance.choice([*near, chance.choice(people)]).pk)
        other = User.objects.get(pk=chance.choice(people).pk)
        handoff = session.handoffs.order_by("-created_at").first()
        if name == "open":
            result = sessions.open_session(by=by, text="It crashes", reply=False) if AISession.objects.count() < 8 else None
        elif name in ON_HANDOFFS and handoff is None:
            continue
        else:
            result = ALL[name](session, handoff, by, other)
        said.append(f"{name} by {by}" + (f" of {other}" if name in ON_PEOPLE else f" on {session.status}"))
        if not isinstance(result, Refused):
            done[name] += 1
        check(f"seed {seed}, after {', '.join(said[-6:])}")


@pytest.mark.slow
def test_after_every_move_of_a_random_history_somebody_can_work_on_every_open_session(db):
    done: Counter[str] = Counter()
    for seed in SEEDS:
        with transaction.atomic():
            history(seed, AccountFactory(), done)
            transaction.set_rollback(True)

    assert set(done) == {*ALL, "open"}, f"some of it was always refused, which says nothing: {done}"
