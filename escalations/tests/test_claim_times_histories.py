"""Whatever people and the assistant do, the kept times of claims equal a count from the event log alone, and so do the figures."""

import importlib
import random
import uuid
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from accounts.events import record
from accounts.models import Event, User
from accounts.verbs import Refused
from assistant.results import NewFix, Reply
from escalations.metrics import figures
from escalations.models import ClaimTimes
from escalations.tests.recount import counted_again, kept, times_of
from flowpilot import fixes, lane, replies, sessions, steps
from flowpilot.models import AISession, Fix
from flowpilot.steps import NewStep
from handoffs.models import SessionHandoff
from handoffs.tests.test_histories import ALL, ENDS_A_CLAIM, LEAVES, ON_HANDOFFS, ROLES
from tests.databases import standing
from tests.factories import AccountFactory, UserFactory, make_session

pytestmark = pytest.mark.slow

SEEDS, MOVES = range(3), 250


# --- what people and the assistant write -------------------------------------------------------------------------


def post(session, by, chance):
    return sessions.post(session.pk, by=by, text="Something", kind=chance.choice(["message", "note"]), reply=False)


def answer(session, by, chance):
    lane.settle(session.pk, 2, by=by, state="done", answer="Two entries")
    return lane.send(session.pk, by=by)


def outcome(session, by, chance):
    card = Fix.objects.filter(session=session, current=True).values_list("number", flat=True).first() or 0
    return fixes.report_outcome(session.pk, card, by=by, outcome=chance.choice(["applied", "worked", "failed"]))


def reply(session, by, chance):
    return replies.write_scripted(
        session.pk, Reply(text="Try this", confidence=0.9, fix=NewFix(title=f"Delete {uuid.uuid4()}")), at=timezone.now()
    )


def imported(session, by, chance):
    with transaction.atomic():
        at = timezone.now()
        written = steps.write(session.pk, [NewStep("message", "From the forum", author_kind="imported")], at=at)
        record(steps.steps_added(session.account_id, session.pk, written, by_id=by.pk, at=at, begun_by="import"))


WRITING = {"post": post, "answer": answer, "outcome": outcome, "reply": reply, "import": imported}


# How often each is tried. Ends are rare, so that histories are long.
WEIGHTS = {
    **dict.fromkeys(WRITING, 3), "post": 8, "escalate": 8, "claim": 12, "release": 3, "return": 2, "withdraw": 1, "park": 1, "resume": 3,
    "take over": 1, "resolve": 1, "reopen": 4, "abandon": 0.1, "deactivate": 0.3, "activate": 1,
}  # fmt: skip


def history(seed, done):
    """Moves from a seeded generator: mostly where they can be made, by somebody who may."""
    chance, account = random.Random(seed), AccountFactory()
    people = [UserFactory(name=f"{role.title()} {n}", account=account, role=role) for n, role in enumerate(ROLES)]
    for by in people[:4] * 2:
        make_session(by)
    for name in chance.choices(list(WEIGHTS), WEIGHTS.values(), k=MOVES):
        rows = list(AISession.objects.filter(account=account).order_by("created_at", "pk"))
        claimed = set(SessionHandoff.objects.filter(state="claimed").values_list("session_id", flat=True))
        fitting = [row for row in rows if row.status == LEAVES.get(name, "active") and (name not in ENDS_A_CLAIM or row.pk in claimed)]
        session = chance.choice(fitting or rows)
        handoff = session.handoffs.order_by("-created_at").first()
        by = User.objects.get(pk=chance.choice([session.handler] * 4 + people).pk)
        if name in WRITING:
            result = WRITING[name](session, by, chance)
        elif name in ON_HANDOFFS and handoff is None:
            continue
        else:
            result = ALL[name](session, handoff, by, chance.choice(people))
        done[name] += not isinstance(result, Refused)


def past():
    done = Counter()
    for seed in SEEDS:
        history(seed, done)
    assert all(done[name] for name in WEIGHTS if name != "abandon"), f"some of it was always refused, which says nothing: {done}"


@pytest.fixture(scope="module")
def django_db_setup(django_db_setup, django_db_blocker):
    with standing(django_db_blocker, past):
        yield


def test_after_random_histories_what_is_kept_equals_a_count_from_the_events(db):
    again = counted_again()

    assert kept() == again
    # Claims that ended, and were acted on, and such as did not.
    assert len(again) > 40
    for column in ("acted_at", "ended"):
        empty = ClaimTimes.objects.filter(**{column: None}).count()
        assert 0 < empty < len(again), column


def test_the_migration_fills_in_what_the_trigger_would_have_kept(db):
    by_trigger = kept()
    some = [row[1] for row in by_trigger[::3]]
    ClaimTimes.objects.filter(number__in=some).delete()

    fill = importlib.import_module("escalations.migrations.0005_claim_times_fill")
    fill.fill(apps, SimpleNamespace(connection=connection))

    assert kept() == by_trigger


def test_the_figures_are_those_of_the_events(db):
    """A third of the past is moved out of each period."""
    first = Event.objects.order_by("at").values_list("at", flat=True).first()
    for account_id in Event.objects.values_list("account_id", flat=True).distinct():
        for days in (7, 30, 90):
            for seconds in (0.2, 0.5, 5, 3600):
                now = first + timedelta(days=days, seconds=seconds)
                shown = figures(account_id, f"{days}d", now=now)

                to_claim, to_act = times_of(account_id, since=now - timedelta(days=days), until=now)
                assert (shown["claimed"], shown["time_to_claim"]) == to_claim
                assert (shown["acted_on"], shown["time_to_first_action"]) == to_act
