"""People claim, release and withdraw at once over HTTP, at two web processes, one of which is killed in between."""

import os
import random
import threading
import time
from itertools import pairwise

import pytest

from accounts.models import Event
from flowpilot.models import AISession
from handoffs.models import SessionHandoff
from tests.factories import UserFactory, hand_off, make_session
from tests.system.histories import Answer, Call, State, order_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# `make system` takes many times as much.
SCALE = int(os.environ.get("SYSTEM_SCALE", "1"))
CLAIMED = {200: Answer.YES, 302: Answer.YES, 204: Answer.YES, 0: Answer.UNKNOWN, 503: Answer.UNKNOWN}


def answer_of(status, body):
    if status in CLAIMED:
        return CLAIMED[status]
    assert status in (403, 404, 409, 410), (status, body)
    return Answer.CONFLICT if body.get("error") == "session_changed" else Answer.NO


def at_once(*acts):
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_many_who_claim_at_once_exactly_one_wins(site, ana, acme):
    webs = [site.start_web(), site.start_web()]
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
    assert all(web.poll() is None for web in webs)


@pytest.mark.parametrize("kills", [False, True], ids=["whole", "one web process is killed"])
def test_every_handoff_has_an_order_that_explains_all_answers(site, ana, acme, kills):
    site.start_web()
    victim = site.start_web()
    people = {"ana": ana} | {f"p{n}": UserFactory(account=acme) for n in range(4)}
    cookies = {name: site.cookie(person) for name, person in people.items()}
    handoffs = [hand_off(make_session(ana), ana) for _ in range(4)]
    calls = {handoff.pk: [] for handoff in handoffs}
    seed = random.randrange(1_000_000)
    rounds = 8 * SCALE

    def work(name, number):
        chosen = random.Random(seed + number)
        for _ in range(rounds):
            handoff = chosen.choice(handoffs)
            verb = "withdraw" if name == "ana" and chosen.random() < 0.04 else chosen.choice(["claim", "claim", "release"])
            began = time.monotonic()
            status, body = site.post(f"/handoffs/{handoff.pk}/{verb}/", cookies[name], {"begin": "own"}, port=chosen.choice(site.ports))
            calls[handoff.pk].append(Call(name, verb, began, time.monotonic(), answer_of(status, body)))

    def kill():
        time.sleep(0.7)
        victim.kill()

    at_once(*[lambda n=name, i=index: work(n, i) for index, name in enumerate(people)], *([kill] if kills else []))

    names = {person.pk: name for name, person in people.items()}
    answered = {call.answer for of_one in calls.values() for call in of_one}
    assert {Answer.YES, Answer.NO} <= answered
    assert (Answer.UNKNOWN in answered) == kills
    for handoff in SessionHandoff.objects.all():
        ends = State("ana", handoff.state, names.get(handoff.claimed_by_id, ""))
        assert order_of(calls[handoff.pk], State("ana"), ends) is not None, (seed, ends, calls[handoff.pk])
        session = AISession.objects.get(pk=handoff.session_id)
        assert session.handler_id == (handoff.claimed_by_id or ana.pk)
        moved = Event.objects.filter(handoff=handoff.pk).order_by("number").values_list("from_state", "to_state")
        assert all(one[1] == following[0] for one, following in pairwise(moved)), list(moved)
