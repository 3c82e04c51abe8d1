"""People claim, release and withdraw at once over HTTP, at two web processes, one of which is killed in between."""

import random
import threading
import time
from itertools import pairwise

import pytest

from accounts.models import Event, User
from accounts.permissions import MAY_CLAIM
from flowpilot.models import AISession
from handoffs.models import SessionHandoff
from tests.factories import UserFactory, hand_off, make_session
from tests.system.conftest import SCALE, at_once
from tests.system.histories import Answer, Call, State, order_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CLAIMED = {200: Answer.YES, 302: Answer.YES, 204: Answer.YES, 0: Answer.UNKNOWN, 503: Answer.UNKNOWN}


def answer_of(status, body):
    if status in CLAIMED:
        return CLAIMED[status]
    assert status in (401, 403, 404, 409, 410), (status, body)
    # Signed out: by a deactivation, and perhaps still after they were activated again.
    return Answer.CONFLICT if status == 401 or body.get("error") in ("session_changed", "person_changed") else Answer.NO


def test_of_many_who_claim_at_once_exactly_one_wins(standing_site, ana, acme):
    site = standing_site
    people = [UserFactory(account=acme) for _ in range(10 if SCALE == 1 else 20)]
    cookies = {person.pk: site.cookie(person) for person in people}

    for _ in range(4 * SCALE):
        handoff = hand_off(make_session(ana), ana)
        answers = {}

        def claim(person, port, handoff=handoff, answers=answers):
            answers[person.pk] = site.post(f"/handoffs/{handoff.pk}/claim/", cookies[person.pk], {"begin": "own"}, port=port)

        at_once(*[lambda p=person, n=index: claim(p, site.ports[n % 2]) for index, person in enumerate(people)])

        statuses = {pk: status for pk, (status, _) in answers.items()}
        handoff.refresh_from_db()
        assert sorted(statuses.values()) == [200] + [409] * (len(people) - 1), statuses
        assert statuses[handoff.claimed_by_id] == 200
        assert AISession.objects.get(pk=handoff.session_id).handler_id == handoff.claimed_by_id
        assert Event.objects.filter(handoff=handoff.pk, kind="handoff_claimed").count() == 1
        assert {body["error"] for status, body in answers.values() if status == 409} == {"already_claimed"}


def episode(site, ana, acme, seed, kill=lambda: None):
    """Five people act on four handoffs at once, while an admin makes one of them a viewer and another inactive, and takes it back."""
    people = {"ana": ana} | {f"p{n}": UserFactory(account=acme) for n in range(4)}
    lea = UserFactory(account=acme, role="admin")
    cookies = {name: site.cookie(person) for name, person in people.items()} | {"lea": site.cookie(lea)}
    handoffs = [hand_off(make_session(ana), ana) for _ in range(4)]
    calls = {handoff.pk: [] for handoff in handoffs}
    answered = threading.Semaphore(0)

    def ask(who, verb, path, fields, of, port):
        began = time.monotonic()
        status, body = site.post(path, cookies[who], fields, port=port)
        call = Call(who, verb, began, time.monotonic(), answer_of(status, body))
        for handoff in of:
            calls[handoff.pk].append(call)
        answered.release()

    def work(name, number):
        chosen = random.Random(seed + number)
        for _ in range(8):
            handoff = chosen.choice(handoffs)
            verb = "withdraw" if name == "ana" and chosen.random() < 0.04 else chosen.choice(["claim", "claim", "release"])
            ask(name, verb, f"/handoffs/{handoff.pk}/{verb}/", {"begin": "own"}, [handoff], chosen.choice(site.ports))

    def manage():
        chosen = random.Random(seed - 1)
        p1, p2 = people["p1"], people["p2"]
        for turn in range(4):
            role, verb = ("engineer", "promote") if turn % 2 else ("viewer", "demote")
            port = chosen.choice(site.ports)
            ask("lea", f"{verb} p1", f"/people/{p1.pk}/", {"name": p1.name, "role": role}, handoffs, port)
            verb = "activate" if turn % 2 else "deactivate"
            ask("lea", f"{verb} p2", f"/people/{p2.pk}/{verb}/", {}, handoffs, port)

    def kill_in_the_middle():
        for _ in range(12):
            answered.acquire()
        kill()

    at_once(*[lambda n=name, i=index: work(n, i) for index, name in enumerate(people)], manage, kill_in_the_middle)

    names = {person.pk: name for name, person in people.items()}
    now = {name: User.objects.get(pk=person.pk) for name, person in people.items()}
    viewers = frozenset(name for name, person in now.items() if person.role == "viewer")
    inactive = frozenset(name for name, person in now.items() if not person.is_active)
    for handoff in SessionHandoff.objects.filter(pk__in=calls):
        begins = State("ana")
        ends = State("ana", handoff.state, names.get(handoff.claimed_by_id, ""), viewers=viewers, inactive=inactive)
        assert order_of(calls[handoff.pk], begins, ends) is not None, (seed, ends, calls[handoff.pk])
        session = AISession.objects.get(pk=handoff.session_id)
        assert session.handler_id == (handoff.claimed_by_id or ana.pk)
        moved = Event.objects.filter(handoff=handoff.pk).order_by("number").values_list("from_state", "to_state")
        assert all(one[1] == following[0] for one, following in pairwise(moved)), list(moved)
    stuck = AISession.objects.filter(status="active").exclude(handler__is_active=True, handler__role__in=MAY_CLAIM)
    assert not stuck.exists(), "an open session has nobody who can work on it"
    return {call.answer for of_one in calls.values() for call in of_one}


def test_every_handoff_has_an_order_that_explains_all_answers(standing_site, ana, acme):
    seed = random.randrange(1_000_000)
    for number in range(SCALE):
        answers = episode(standing_site, ana, acme, seed + 100 * number)
        assert {Answer.YES, Answer.NO} <= answers
        assert Answer.UNKNOWN not in answers


def test_so_it_has_when_a_web_process_is_killed_in_the_middle(standing_site, ana, acme):
    seed = random.randrange(1_000_000)
    for number in range(SCALE):
        victim = standing_site.start_web()
        answers = episode(standing_site, ana, acme, seed + 100 * number, kill=victim.kill)
        assert {Answer.YES, Answer.UNKNOWN} <= answers
        standing_site.ports.pop()
