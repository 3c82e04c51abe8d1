"""`/healthz` and `/readyz`, and what people read while the database is away."""

import copy

import pytest
from asgiref.sync import async_to_sync
from bs4 import BeautifulSoup
from django.db import connection
from django.test import AsyncClient, Client

from escalations.live.listener import listener


@pytest.fixture
def worker(db):
    """A worker that is heard of, as far as the table says."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()) RETURNING id")
        return cursor.fetchone()[0]


@pytest.fixture
def no_database(transactional_db):
    """Points the real connection to a port where nobody listens."""

    def away():
        connection.close()
        connection.settings_dict.update(HOST="127.0.0.1", PORT="1")

    kept = copy.deepcopy(connection.settings_dict)
    yield away
    connection.close()
    connection.settings_dict.update(kept)


def test_the_process_lives_and_asks_no_database_to_say_so(client):
    # Without the `db` fixture whatever asks the database fails.
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_tells_database_migrations_worker_and_listener(worker, client, monkeypatch):
    monkeypatch.setattr(listener, "state", "idle")

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "migrations": "ok", "worker": "ok", "listener": "idle"}


def test_without_a_worker_it_is_degraded_and_still_serves(db, client):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["status"], answer.json()["worker"]) == (200, "degraded", "silent")


def test_a_worker_that_was_not_heard_of_for_a_minute_is_silent(worker, client):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '61 seconds'")
    assert client.get("/readyz").json()["worker"] == "silent"

    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '50 seconds'")
    assert client.get("/readyz").json()["worker"] == "ok"


def test_a_listener_that_reconnects_is_degraded(worker, client, monkeypatch):
    monkeypatch.setattr(listener, "state", "reconnecting")

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["status"], answer.json()["listener"]) == (200, "degraded", "reconnecting")


def test_a_missing_migration_is_503(worker, client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'escalations'")

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["status"], answer.json()["migrations"]) == (503, "unavailable", "missing")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_machines_need_no_sign_in_and_change_nothing(db, path):
    assert Client().get(path).status_code == 200
    assert Client(enforce_csrf_checks=True).post(path).status_code in (403, 405)


def test_without_the_database_it_lives_and_is_not_ready(no_database):
    no_database()

    alive, ready = Client().get("/healthz"), Client().get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert ready.status_code == 503
    assert (ready.json()["status"], ready.json()["database"]) == ("unavailable", "away")


PATHS = ["/", "/sessions/", "/escalations/", "/escalations/rows/", "/bell/", "/handoffs/{h}/", "/sessions/{s}/"]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_without_the_database_is_503_with_a_sentence_for_people(no_database, handoff, bo, signed_in, path):
    client = signed_in(bo, raise_request_exception=False)
    no_database()

    page = client.get(path.format(h=handoff.pk, s=handoff.session_id))

    soup = BeautifulSoup(page.content, "html.parser")
    assert page.status_code == 503
    assert soup.find("h1").text == "The database is unavailable"
    assert "Try again in a moment" in soup.find("main").text
    assert page.headers["Retry-After"] == "5"
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Request-ID"]
    assert not soup.find(style=True) and not soup.find("style")
    assert "psycopg" not in page.text and "127.0.0.1" not in page.text


def test_json_and_fragments_without_the_database_are_503_too(no_database, handoff, bo, signed_in):
    client = signed_in(bo, raise_request_exception=False)
    no_database()

    for ask, path in ((client.get, "/escalations/"), (client.post, f"/handoffs/{handoff.pk}/claim/")):
        body = ask(path, headers={"Accept": "application/json"})
        assert (body.status_code, body.json()["error"]) == (503, "unavailable")
        assert "Try again" in body.json()["detail"]
    fragment = client.get("/escalations/rows/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Retarget"]) == (503, "#toasts")
    assert "The database is unavailable" in fragment.text


def test_signing_in_without_the_database_says_so(no_database):
    client = Client(raise_request_exception=False)
    no_database()

    assert client.get("/accounts/login/").status_code == 200
    page = client.post("/accounts/login/", {"login": "bo@acme.example", "password": "TestPass123!"})
    assert page.status_code == 503
    assert "The database is unavailable" in page.text


def test_an_unknown_address_without_the_database_is_an_answer_in_words(no_database, bo, signed_in):
    client = signed_in(bo, raise_request_exception=False)
    no_database()

    page = client.get("/nothing/here/")

    assert page.status_code in (404, 503)
    assert BeautifulSoup(page.content, "html.parser").find("h1")


def test_when_the_database_is_back_so_is_the_page(no_database, handoff, bo, signed_in):
    client = signed_in(bo, raise_request_exception=False)
    kept = copy.deepcopy(connection.settings_dict)
    no_database()
    assert client.get("/escalations/").status_code == 503

    connection.close()
    connection.settings_dict.update(kept)

    assert client.get("/escalations/").status_code == 200


def test_a_probe_is_no_line_in_the_log_unless_it_fails(no_database, caplog):
    caplog.set_level("INFO")
    Client().get("/healthz")
    Client().get("/readyz")
    quiet = [record for record in caplog.records if "answered" in record.getMessage()]
    no_database()
    Client().get("/readyz")

    assert quiet == []
    assert [record for record in caplog.records if "answered" in record.getMessage()]


def test_the_asynchronous_door_says_the_same(no_database, bo):
    client = AsyncClient(raise_request_exception=False)
    client.force_login(bo, backend="django.contrib.auth.backends.ModelBackend")
    no_database()

    page = async_to_sync(client.get)("/escalations/")

    assert (page.status_code, "The database is unavailable" in page.text) == (503, True)
