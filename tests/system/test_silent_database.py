"""The database, or what stands before it, goes silent without closing a connection, or answers slowly."""

import json
import threading

import psycopg
import pytest
from django.db import connection
from websockets.sync.client import connect

from handoffs.models import SessionHandoff
from tests.factories import hand_off, make_session
from tests.system.conftest import DATABASE_AWAY, eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def impatient(site):
    site.env["DJANGO_SETTINGS_MODULE"] = "tests.system.impatient"
    site.start_web()
    return site


def another_connection():
    """One that does not go through the proxy."""
    server = connection.settings_dict
    return psycopg.connect(host=server["HOST"], port=server["PORT"] or None, user=server["USER"], dbname=server["NAME"])


def test_whoever_asks_while_it_is_silent_is_told_and_afterwards_all_is_well(impatient, ana, bo):
    site, handoff = impatient, hand_off(make_session(ana), ana)
    site.expect(*DATABASE_AWAY)
    cookie = site.cookie(bo)
    assert site.get_many("/escalations/", cookie, 5) == [200] * 5
    with (
        another_connection() as holding,
        connect(f"ws://127.0.0.1:{site.port}/ws/escalations/", additional_headers={"Cookie": cookie}) as page,
    ):
        assert json.loads(page.recv(timeout=30))["hello"]
        # One request is in the middle of a statement when it happens.
        holding.execute("SELECT FROM handoffs_sessionhandoff FOR UPDATE")
        answers = []
        claiming = threading.Thread(
            target=lambda: answers.append(site.post(f"/handoffs/{handoff.pk}/claim/", cookie, {"begin": "own"}, port=site.port))
        )
        claiming.start()
        eventually(lambda: waiting_for_a_lock(handoff), "the claim does not wait")

        site.proxy.go_silent()

        claiming.join(60)
        assert [status for status, _ in answers] == [503]
        assert answers[0][1]["error"] == "unavailable"
        assert set(site.get_many("/escalations/", cookie, 8)) == {503}
        assert site.get("/readyz") == 503
        assert site.get("/healthz") == 200

        holding.rollback()
        site.proxy.heal()

        eventually(lambda: site.get_many("/escalations/", cookie, 8) == [200] * 8, "it does not recover")
        assert site.get("/readyz") == 200
        another = hand_off(make_session(ana), ana)
        heard = ""
        while str(another.pk) not in heard:
            heard += page.recv(timeout=60)
    # Whether the claim happened could not be known: pressing again says it.
    status, _ = site.post(f"/handoffs/{handoff.pk}/claim/", cookie, {"begin": "own"}, port=site.port)
    assert status == 200
    assert SessionHandoff.objects.get(pk=handoff.pk).claimed_by == bo


def waiting_for_a_lock(handoff):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]


def test_a_slow_way_to_the_database_makes_pages_slow_and_nothing_else(standing_site, ana, bo):
    handoff = hand_off(make_session(ana), ana)
    cookie = standing_site.cookie(bo)
    standing_site.proxy.delay(0.02)

    assert standing_site.get_many("/escalations/", cookie, 3) == [200] * 3
    answers = [standing_site.post(f"/handoffs/{handoff.pk}/claim/", cookie, {"begin": "own"}, port=port) for port in standing_site.ports]

    assert [status for status, _ in answers] == [200, 200]
