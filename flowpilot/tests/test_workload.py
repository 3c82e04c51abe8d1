"""How many sessions people work on, and who is most available."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.people import who_may_claim
from flowpilot import sessions
from flowpilot.workload import most_available_first, with_availability
from handoffs.claiming import claim
from handoffs.parking import park
from tests.factories import UserFactory, hand_off, make_session


def seen(person, seconds):
    User.objects.filter(pk=person.pk).update(last_here_at=timezone.now() - timedelta(seconds=seconds))


def names(people):
    return [person.name.split()[0] for person in people]


def test_only_active_sessions_in_their_hands_count(ana, bo):
    make_session(ana)
    claimed = hand_off(make_session(ana), ana)
    claim(claimed.pk, by=bo)
    park(make_session(ana).pk, by=ana)
    sessions.resolve(make_session(ana).pk, by=ana)
    hand_off(make_session(ana), ana)

    found = {
        person.pk: (person.active_sessions, person.state.busy_with)
        for person in with_availability(User.objects.filter(pk__in=[ana.pk, bo.pk]))
    }

    assert found == {ana.pk: (1, 1), bo.pk: (1, 1)}


def test_here_comes_first_then_the_fewest_sessions_then_the_name(acme, ana, bo, dana, lea):
    zoe = UserFactory(name="Zoe Ahl", account=acme)
    for person, seconds in ((dana, 5), (zoe, 5), (bo, 10), (lea, 300)):
        seen(person, seconds)
    make_session(zoe)
    make_session(ana)

    people = most_available_first(who_may_claim(acme.pk))

    assert names(people) == ["Bo", "Dana", "Zoe", "Lea", "Ana"]
    assert [person.state.kind for person in people] == ["here", "here", "busy", "away", "away"]


def test_the_time_is_passed_in(ana, bo):
    seen(bo, 0)

    later = most_available_first(User.objects.filter(pk__in=[ana.pk, bo.pk]), now=timezone.now() + timedelta(seconds=60))

    assert [person.state.online for person in later] == [False, False]


def test_any_number_of_people_is_one_query(acme):
    people = UserFactory.create_batch(20, account=acme)
    for person in people[:7]:
        make_session(person)

    with CaptureQueriesContext(connection) as captured:
        found = most_available_first(User.objects.filter(account=acme))

    assert len(found) == 20
    assert len(captured) == 1


def test_the_escalate_dialog_knows_the_state_of_each_colleague(session, ana, bo, dana, vic, signed_in):
    seen(dana, 1)
    UserFactory(name="Gus Gone", account=ana.account, is_active=False)

    people = signed_in(ana).get(f"/sessions/{session.pk}/escalate/").context["people"]

    assert [(person.name, person.state.kind) for person in people] == [("Dana Okafor", "here"), ("Bo Lindqvist", "away")]
