"""Somebody can no longer work: their sessions are reassigned in the same transaction."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import transaction

from accounts.models import Event, User
from accounts.people_admin import activate, change, deactivate
from accounts.verbs import Refused
from flowpilot import sessions
from flowpilot.models import AISession, SessionHolder
from handoffs import leaving
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.parking import park, resume
from handoffs.returning import return_to_opener
from handoffs.taking_over import take_over
from handoffs.withdrawing import withdraw
from tests.factories import UserFactory, hand_off, make_session

# The room above writes these rows inside our transaction; it is not imported from here.
Notification = apps.get_model("escalations", "Notification")


@pytest.fixture
def ola(acme):
    return UserFactory(name="Ola Owner", account=acme, role="owner")


@pytest.fixture
def root(db):
    return UserFactory(name="Root Staff", email="root@example.com", account=None, is_staff=True, is_superuser=True)


@pytest.fixture
def claimed(handoff, bo):
    claim(handoff.pk, by=bo)
    return SessionHandoff.objects.get(pk=handoff.pk)


def now(row):
    return type(row).objects.get(pk=row.pk)


def open_handoff_of(session):
    return SessionHandoff.objects.waiting().get(session_id=session.pk)


# --- active sessions go to the queue ------------------------------------------------------------------------------


def test_an_active_session_of_somebody_who_is_deactivated_goes_to_the_queue(session, ana, bo, lea):
    deactivate(ana.pk, by=lea)

    waiting = open_handoff_of(session)
    assert now(session).status == "requesting_escalation"
    assert waiting.author == ana
    assert waiting.needs == "Ana Reyes was deactivated. Please carry on with this session."
    assert now(session).escalation_package["handoff_id"] == str(waiting.pk)
    assert session.steps.last().text == "Lea released this to the queue: Ana Reyes was deactivated."
    assert not SessionHolder.objects.filter(session=session, until=None).exists()
    assert claim(waiting.pk, by=bo).handoff.claimed_by == bo


def test_colleagues_are_notified_and_neither_who_left_nor_who_did_it(session, ana, bo, dana, lea, vic):
    deactivate(ana.pk, by=lea)

    assert {note.user for note in Notification.objects.filter(kind="handoff_opened")} == {bo, dana}


def test_it_stands_in_the_log_with_the_deactivation_as_who_did_it(session, ana, lea):
    deactivate(ana.pk, by=lea)

    events = list(Event.objects.order_by("number"))
    assert [(event.kind, event.by) for event in events] == [("person_deactivated", lea), ("handoff_opened", lea)]


def test_what_they_had_claimed_is_released_with_its_age_and_author(claimed, ana, bo, lea, dana):
    deactivate(bo.pk, by=lea)

    waiting = open_handoff_of(claimed.session)
    assert (waiting.pk, waiting.author, waiting.claimed_by, waiting.created_at) == (claimed.pk, ana, None, claimed.created_at)
    assert (now(claimed.session).status, now(claimed.session).handler) == ("requesting_escalation", ana)
    assert claimed.session.steps.last().text == "Lea released this to the queue: Bo Lindqvist was deactivated."
    assert claim(waiting.pk, by=dana).handoff.claimed_by == dana


def test_what_was_returned_to_them_goes_to_the_queue(claimed, ana, bo, lea):
    return_to_opener(claimed.pk, by=bo, note="Delete them.")

    deactivate(ana.pk, by=lea)

    assert open_handoff_of(claimed.session).author == ana
    assert claim(open_handoff_of(claimed.session).pk, by=bo).handoff.claimed_by == bo


def test_what_waits_waits_on(handoff, ana, lea):
    deactivate(ana.pk, by=lea)

    assert now(handoff).state == "open"
    assert [event.kind for event in Event.objects.order_by("number")] == ["handoff_opened", "person_deactivated"]


def test_sessions_of_others_that_they_opened_stay_with_their_handlers(claimed, ana, bo, lea):
    deactivate(ana.pk, by=lea)

    assert (now(claimed.session).status, now(claimed.session).handler) == ("active", bo)


def test_what_has_ended_is_left_alone(session, ana, lea):
    sessions.resolve(session.pk, by=ana)

    deactivate(ana.pk, by=lea)

    assert now(session).status == "resolved"
    assert not SessionHandoff.objects.exists()


@pytest.mark.parametrize("role", ["admin", "engineer"])
def test_a_new_role_that_can_work_keeps_the_sessions(session, ana, ola, role):
    change(ana.pk, by=ola, name=ana.name, role=role)

    assert (now(session).status, now(session).handler) == ("active", ana)


def test_a_viewer_can_not_work_so_the_sessions_go_to_the_queue(session, ana, lea):
    change(ana.pk, by=lea, name=ana.name, role="viewer")

    assert open_handoff_of(session).needs.startswith("Ana Reyes is a viewer now.")
    assert [event.kind for event in Event.objects.order_by("number")] == ["person_changed", "handoff_opened"]


def test_a_change_that_is_refused_hands_nothing_on(session, ana, bo):
    assert deactivate(ana.pk, by=bo).error == "not_allowed"

    assert now(session).status == "active"


def test_once_active_again_the_author_may_take_it_back(session, ana, lea):
    deactivate(ana.pk, by=lea)
    activate(ana.pk, by=lea)

    withdraw(open_handoff_of(session).pk, by=ana)

    assert (now(session).status, now(session).handler) == ("active", ana)


# --- parked ones go to an admin or owner --------------------------------------------------------------------------


def test_a_parked_session_goes_to_the_admin_who_deactivates_them(session, ana, lea, ola):
    parked = park(session.pk, by=ana, needs="Lunch").handoff

    deactivate(ana.pk, by=lea)

    assert (now(session).status, now(session).handler, now(parked).state) == ("paused", lea, "parked")
    assert session.steps.last().text == "Lea reassigned this to Lea: Ana Reyes was deactivated."
    assert SessionHolder.objects.get(session=session, until=None).user == lea
    event = Event.objects.get(kind="session_reassigned")
    assert (event.by, event.session, event.details) == (lea, session.pk, {"former": ana.pk, "to": lea.pk})
    assert not Notification.objects.exists()


def test_staff_of_no_account_leave_it_to_the_owner_who_has_been_there_longest(session, ana, lea, ola, root):
    UserFactory(account=ana.account, role="owner")
    park(session.pk, by=ana)

    deactivate(ana.pk, by=root, staff=True)

    assert now(session).handler == ola
    (note,) = Notification.objects.all()
    assert (note.user, note.session, note.handoff) == (ola, session, None)
    assert note.title == "Root Staff gave it to you · #48219: Outlook asks for the password again and again"


def test_whoever_was_given_a_parked_session_resumes_it_even_as_an_engineer(session, ana, lea, ola):
    park(session.pk, by=ana)
    deactivate(ana.pk, by=lea)
    change(lea.pk, by=ola, name=lea.name, role="engineer")

    assert not isinstance(resume(session.pk, by=lea), Refused)
    assert (now(session).status, now(session).handler) == ("active", lea)


def test_without_an_admin_or_owner_what_was_parked_waits_in_the_queue(session, ana, bo, root):
    parked = park(session.pk, by=ana).handoff

    deactivate(ana.pk, by=root, staff=True)

    assert now(parked).state == "superseded"
    assert claim(open_handoff_of(session).pk, by=bo).handoff.claimed_by == bo


def test_the_last_one_who_can_work_leaves_it_to_the_queue(session, ana, vic, root):
    deactivate(ana.pk, by=root, staff=True)

    assert open_handoff_of(session).author == ana


# --- every way to deactivate, change or move somebody -------------------------------------------------------------


def save_in_admin(client, person, **fields):
    sent = {"email": person.email, "name": person.name, "account": person.account_id, "role": person.role, "is_active": "on", **fields}
    answer = client.post(f"/admin/accounts/user/{person.pk}/change/", {k: v for k, v in sent.items() if v})
    assert answer.status_code == 302, answer.text


@pytest.mark.parametrize("way", ["page", "role", "admin action", "admin form", "admin role", "admin account"])
def test_every_way_hands_on(session, ana, lea, eve, root, signed_in, way):
    boss, staff = signed_in(lea), signed_in(root)
    match way:
        case "page":
            boss.post(f"/people/{ana.pk}/deactivate/")
        case "role":
            boss.post(f"/people/{ana.pk}/", {"name": ana.name, "role": "viewer"})
        case "admin action":
            staff.post("/admin/accounts/user/", {"action": "deactivate", "_selected_action": [ana.pk]})
        case "admin form":
            save_in_admin(staff, ana, is_active="")
        case "admin role":
            save_in_admin(staff, ana, role="viewer")
        case "admin account":
            save_in_admin(staff, ana, account=eve.account_id)

    waiting = open_handoff_of(session)
    assert (waiting.account_id, waiting.author) == (lea.account_id, ana)
    assert Event.objects.get(kind="handoff_opened").account_id == lea.account_id


def test_staff_with_the_permission_hand_on_in_their_own_account(session, ana, signed_in):
    stan = UserFactory(account=ana.account, role="viewer", is_staff=True)
    stan.user_permissions.add(Permission.objects.get(codename="change_user"))

    signed_in(stan).post("/admin/accounts/user/", {"action": "deactivate", "_selected_action": [ana.pk]})

    assert open_handoff_of(session).author == ana


def test_the_page_says_what_will_become_of_their_sessions(session, ana, lea, signed_in):
    park(make_session(ana).pk, by=ana)

    page = signed_in(lea).get(f"/people/{ana.pk}/").text

    text = " ".join(page.split())
    assert "1 active session goes back to the queue" in text
    assert "1 parked session goes to <bdi>Lea Moreau</bdi>" in text


# --- a handoff whose author has left ------------------------------------------------------------------------------


def test_whoever_withdraws_the_escalation_of_somebody_who_left_handles_it(handoff, ana, lea):
    deactivate(ana.pk, by=lea)

    withdraw(handoff.pk, by=lea)

    session = now(handoff.session)
    assert (session.status, session.handler) == ("active", lea)
    assert SessionHolder.objects.get(session=session, until=None).user == lea


def test_the_toast_says_who_goes_on(handoff, ana, lea, signed_in):
    deactivate(ana.pk, by=lea)

    page = signed_in(lea).post(f"/handoffs/{handoff.pk}/withdraw/", follow=True)

    assert "you handle the session now" in page.text


def test_whoever_reopens_what_somebody_else_resolved_handles_it_if_that_person_left(claimed, ana, bo, lea):
    sessions.resolve(claimed.session_id, by=bo)
    deactivate(bo.pk, by=lea)

    sessions.reopen(claimed.session_id, by=ana)

    assert now(claimed.session).handler == ana
    assert SessionHolder.objects.get(session=claimed.session, until=None).user == ana


def test_whoever_reopens_what_an_active_colleague_resolved_leaves_it_with_them(claimed, ana, bo):
    sessions.resolve(claimed.session_id, by=bo)

    sessions.reopen(claimed.session_id, by=ana)

    assert now(claimed.session).handler == bo


# --- at the same time ---------------------------------------------------------------------------------------------


def nobody_is_stranded():
    for session in AISession.objects.filter(status__in=("active", "paused")).select_related("handler"):
        assert session.handler.is_active, session.status
        assert session.handler.role != "viewer", session.status


def prepare(way, session, ana, bo):
    """What `bo`'s (or the other's) action needs, and the action itself: each makes `bo` the handler."""
    if way == "claim":
        handoff = hand_off(session, ana)
        return lambda: claim(handoff.pk, by=bo)
    if way == "return":
        AISession.objects.filter(pk=session.pk).update(user=bo)
        handoff = hand_off(session, ana)
        dana = UserFactory(account=ana.account)
        claim(handoff.pk, by=dana)
        return lambda: return_to_opener(handoff.pk, by=dana, note="Delete them.")
    if way == "withdraw":
        own = make_session(bo)
        handoff = hand_off(own, bo)
        return lambda: withdraw(handoff.pk, by=bo)
    if way == "withdrawn by an admin":
        own = make_session(bo)
        handoff = hand_off(own, bo)
        admin = UserFactory(account=ana.account, role="admin")
        return lambda: withdraw(handoff.pk, by=admin)
    if way == "resume":
        own = make_session(bo)
        park(own.pk, by=bo)
        return lambda: resume(own.pk, by=bo)
    if way == "park":
        own = make_session(bo, handler=ana)
        return lambda: park(own.pk, by=bo)
    if way == "reopen":
        own = make_session(ana, handler=bo)
        sessions.resolve(own.pk, by=bo)
        return lambda: sessions.reopen(own.pk, by=ana)
    if way == "take over":
        admin = UserFactory(account=ana.account, role="admin")
        own = make_session(admin)
        User.objects.filter(pk=bo.pk).update(role="admin")
        return lambda: take_over(own.pk, by=bo, reason="Urgent")
    return lambda: sessions.open_session(by=bo, text="It crashes", reply=False)


WAYS = ["claim", "return", "withdraw", "withdrawn by an admin", "resume", "park", "reopen", "take over", "open"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["the deactivation", "the other"])
@pytest.mark.parametrize("way", WAYS)
def test_nothing_becomes_theirs_while_they_are_being_deactivated(session, ana, bo, lea, ola, second_waits_for_first, way, first):
    act = prepare(way, session, ana, bo)

    def gone():
        return deactivate(bo.pk, by=ola)

    second_waits_for_first(*((gone, act) if first == "the deactivation" else (act, gone)))

    assert not now(bo).is_active
    nobody_is_stranded()


@pytest.mark.django_db(transaction=True)
def test_a_session_that_is_being_resolved_is_not_put_into_the_queue(claimed, ana, bo, lea, second_waits_for_first):
    second_waits_for_first(lambda: sessions.resolve(claimed.session_id, by=ana), lambda: deactivate(bo.pk, by=lea))

    assert now(claimed.session).status == "resolved"
    assert not now(bo).is_active
    assert not SessionHandoff.objects.waiting().exists()


def test_a_session_that_keeps_changing_refuses_the_deactivation_in_words(session, ana, lea, monkeypatch):
    def always_late(*args, **kwargs):
        raise leaving.conflict_error()

    monkeypatch.setattr(leaving, "queue", always_late)

    refused = deactivate(ana.pk, by=lea)

    assert (refused.error, refused.status) == ("person_changed", 409)
    assert now(ana).is_active
    assert now(session).status == "active"


def test_a_fault_while_handing_on_takes_the_deactivation_back(session, ana, lea, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(leaving, "queue", broken)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        deactivate(ana.pk, by=lea)
    assert now(ana).is_active
