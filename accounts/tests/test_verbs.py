"""A verb's transaction: a refusal rolls it back and is told as a value; a deadlock is retried once."""

import threading

import pytest
from django.db import OperationalError, connection, connections, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from accounts.models import Account
from accounts.people import read_person, who_may_claim
from accounts.verbs import STATUS, Refuse, Refused, verb
from tests.factories import AccountFactory, UserFactory


def rename(pk, name):
    return Account.objects.filter(pk=pk).update(name=name)


def deadlock(cause=DeadlockDetected):
    error = OperationalError("deadlock detected")
    error.__cause__ = cause()
    return error


# --- refusing -----------------------------------------------------------------------------------------------------


def test_a_verb_answers_with_what_it_returns(acme):
    @verb
    def renamed(*, to):
        """Renames it."""
        rename(acme.pk, to)
        return to

    assert renamed(to="Acme Two") == "Acme Two"
    assert Account.objects.get(pk=acme.pk).name == "Acme Two"
    assert (renamed.__name__, renamed.__doc__) == ("renamed", "Renames it.")


def test_a_refusal_is_a_value_and_rolls_back_what_was_written(acme):
    @verb
    def half_done():
        rename(acme.pk, "Half done")
        raise Refuse("already_claimed", "Already claimed by Bo", claimed_by={"id": 7, "name": "Bo"})

    refused = half_done()

    assert refused == Refused("already_claimed", "Already claimed by Bo", {"claimed_by": {"id": 7, "name": "Bo"}})
    assert refused.status == 409
    assert Account.objects.get(pk=acme.pk).name == "Acme MSP"


def test_a_refusal_inside_a_larger_transaction_takes_only_its_own_part_back(acme):
    @verb
    def refuse():
        rename(acme.pk, "Half done")
        raise Refuse("invalid", "No.")

    with transaction.atomic():
        Account.objects.filter(pk=acme.pk).update(slug="kept")
        refuse()

    kept = Account.objects.get(pk=acme.pk)
    assert (kept.slug, kept.name) == ("kept", "Acme MSP")


def test_any_other_fault_rolls_back_and_is_raised(acme):
    @verb
    def broken():
        rename(acme.pk, "Half done")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()

    assert Account.objects.get(pk=acme.pk).name == "Acme MSP"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("unauthenticated", 401),
        ("not_found", 404),
        ("not_allowed", 403),
        ("inactive", 403),
        ("own_handoff", 403),
        ("withdrawn", 410),
        ("returned", 410),
        ("superseded", 410),
        ("already_claimed", 409),
        ("session_changed", 409),
        ("invalid", 422),
    ],
)
def test_every_refusal_has_the_status_that_the_design_promises(error, status):
    assert Refused(error, "").status == status
    assert error in STATUS


# --- deadlocks ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_is_retried_once_and_what_it_wrote_is_written_once(acme):
    tries = []

    @verb
    def unlucky():
        tries.append(1)
        AccountFactory(slug=f"try-{len(tries)}")
        if len(tries) == 1:
            raise deadlock()
        return "done"

    assert unlucky() == "done"
    assert list(Account.objects.filter(slug__startswith="try-").values_list("slug", flat=True)) == ["try-2"]


@pytest.mark.django_db(transaction=True)
def test_a_second_deadlock_is_raised(acme):
    tries = []

    @verb
    def very_unlucky():
        tries.append(1)
        rename(acme.pk, "Half done")
        raise deadlock()

    with pytest.raises(OperationalError):
        very_unlucky()

    assert len(tries) == 2
    assert Account.objects.get(pk=acme.pk).name == "Acme MSP"


@pytest.mark.django_db(transaction=True)
def test_the_second_try_comes_at_a_moment_of_its_own_with_nothing_held(monkeypatch):
    pauses = []

    def sleep(seconds):
        pauses.append((seconds, connection.in_atomic_block))

    monkeypatch.setattr("accounts.verbs.time.sleep", sleep)

    @verb
    def unlucky():
        raise deadlock()

    for _ in range(2):
        with pytest.raises(OperationalError):
            unlucky()

    assert all(0.02 <= seconds <= 0.3 and not held for seconds, held in pauses)
    assert len({seconds for seconds, _ in pauses}) == 2


@pytest.mark.django_db(transaction=True)
def test_another_fault_of_the_database_is_not_retried():
    tries = []

    @verb
    def locked():
        tries.append(1)
        raise deadlock(LockNotAvailable)

    with pytest.raises(OperationalError):
        locked()

    assert len(tries) == 1


def test_inside_a_larger_transaction_a_deadlock_is_not_retried(acme):
    tries = []

    @verb
    def unlucky():
        tries.append(1)
        raise deadlock()

    with pytest.raises(OperationalError), transaction.atomic():
        unlucky()

    assert len(tries) == 1


@pytest.mark.django_db(transaction=True)
def test_two_verbs_that_really_hold_each_other_up_both_come_through(acme):
    """PostgreSQL ends one of them after its deadlock_timeout (1 s); that one starts over, by now alone."""
    other = AccountFactory()
    both_hold_one = threading.Barrier(2, timeout=10)
    answers: dict[str, object] = {}
    tries = {"a": 0, "b": 0}

    def swap(who, first, second):
        @verb
        def run():
            tries[who] += 1
            rename(first, f"{who} was first here")
            if tries[who] == 1:
                both_hold_one.wait()
            rename(second, f"{who} was second here")
            return who

        try:
            answers[who] = run()
        except Exception as error:
            answers[who] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=swap, args=("a", acme.pk, other.pk)), threading.Thread(target=swap, args=("b", other.pk, acme.pk))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert answers == {"a": "a", "b": "b"}
    # On a busy machine both may be ended at once, and both start over.
    assert max(tries.values()) == 2


# --- who somebody is at the write ----------------------------------------------------------------------------------


def test_somebody_is_who_the_database_says_not_who_the_request_remembers(bo):
    type(bo).objects.filter(pk=bo.pk).update(role="viewer", is_active=False)

    now = read_person(bo)

    assert (bo.role, bo.is_active) == ("engineer", True)
    assert (now.role, now.is_active, now.may_work) == ("viewer", False, False)
    assert read_person(bo.pk) == now


def test_nobody_is_nobody(db):
    assert read_person(424242) is None


@pytest.mark.parametrize(
    ("role", "active", "works", "leads"),
    [
        ("owner", True, True, True),
        ("admin", True, True, True),
        ("engineer", True, True, False),
        ("viewer", True, False, False),
        ("owner", False, False, False),
        ("admin", False, False, False),
        ("engineer", False, False, False),
    ],
)
def test_roles_say_who_works_and_who_leads(acme, role, active, works, leads):
    somebody = read_person(UserFactory(account=acme, role=role, is_active=active))

    assert (somebody.may_work, somebody.is_lead) == (works, leads)
    assert who_may_claim(acme.pk).filter(pk=somebody.id).exists() == works


@pytest.mark.parametrize(
    ("staff", "superuser", "own", "foreign"), [(True, False, True, False), (True, True, True, True), (False, False, False, False)]
)
def test_staff_act_in_their_own_account_and_superusers_in_all(acme, staff, superuser, own, foreign):
    somebody = read_person(UserFactory(account=acme, is_staff=staff, is_superuser=superuser))

    assert (somebody.is_staff_for(acme.pk), somebody.is_staff_for(acme.pk + 1)) == (own, foreign)
