"""Web and worker while the database is away, and after its return."""

import signal
import time

import pytest

from flowpilot import sessions
from flowpilot.models import AISession
from tests.factories import make_session
from tests.system.conftest import DATABASE_AWAY, eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_within_two_seconds_of_its_return_no_request_fails(standing_site, ana):
    site = standing_site
    site.expect(*DATABASE_AWAY)
    cookie = site.cookie(ana)
    assert set(site.get_many("/escalations/", cookie, 8)) == {200}

    site.proxy.refuse()
    assert set(site.get_many("/escalations/", cookie, 2)) == {503}
    time.sleep(6)
    site.proxy.heal()
    time.sleep(2)

    assert [site.get("/readyz") for _ in range(3)] == [200] * 3
    assert site.get_many("/escalations/", cookie, 20) == [200] * 20


def test_connections_that_died_unnoticed_are_replaced_before_a_request_meets_them(standing_site, ana):
    site = standing_site
    site.expect(*DATABASE_AWAY)
    cookie = site.cookie(ana)
    assert set(site.get_many("/escalations/", cookie, 8)) == {200}

    site.proxy.cut()

    # One that comes alone finds all of them dead, one after the other.
    assert site.get("/escalations/", cookie) == 200
    assert set(site.get_many("/escalations/", cookie, 8)) == {200}
    site.proxy.cut()

    assert site.get_many("/escalations/", cookie, 20) == [200] * 20


def test_the_worker_goes_on_after_the_database_was_away(site, ana):
    site.expect(*DATABASE_AWAY)
    worker = site.start_worker()
    first, second = make_session(ana), make_session(ana)
    sessions.post(first.pk, by=ana, text="Outlook asks for the password.")
    eventually(lambda: AISession.objects.get(pk=first.pk).reply_requested_for is None, "the worker does nothing")

    site.proxy.refuse()
    # Longer than a heartbeat's interval: that is what ends Procrastinate's own worker.
    time.sleep(12)
    site.proxy.heal()
    sessions.post(second.pk, by=ana, text="Outlook asks for the password.")

    eventually(lambda: AISession.objects.get(pk=second.pk).reply_requested_for is None, "the worker did not come back")
    assert worker.poll() is None
    assert "worker lost its database" in site.text("worker")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def test_a_worker_that_starts_before_its_database_waits_for_it(site, ana):
    site.expect(*DATABASE_AWAY)
    session = make_session(ana)
    sessions.post(session.pk, by=ana, text="Outlook asks for the password.")
    site.proxy.refuse()
    worker = site.start_worker()
    eventually(lambda: "worker lost its database" in site.text("worker"), "it did not try")

    site.proxy.heal()

    eventually(lambda: AISession.objects.get(pk=session.pk).reply_requested_for is None, "it never came")
    assert worker.poll() is None


def test_without_a_database_one_round_of_jobs_ends_with_an_error(site):
    site.expect(*DATABASE_AWAY)
    site.proxy.refuse()

    worker = site.start_worker("--one-shot")

    assert worker.wait(90) == 1
    assert "The worker ended" in site.text("worker")
