"""The walls between accounts, and inside one: a sweep over every address of the project, and the lists."""

import uuid
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from accounts.models import Account, User
from escalations.models import Notification
from handoffs.models import SessionHandoff
from handoffs.returning import return_to_opener
from tests.databases import existing, standing
from tests.factories import UserFactory, make_session
from tests.tenants import KINDS, SECRET, acme_at_work, state_of_everything

pytestmark = pytest.mark.slow


# Every address with an id, and what names the row. One that is new must be entered here: that is the point of this file.
WITH_ID = {
    "session": "session",
    "session-changes": "session",
    "messages": "session",
    "resolve": "session",
    "abandon": "session",
    "reopen": "session",
    "ticket-notes": "session",
    "try-again": "session",
    "task": "card",
    "send": "session",
    "add-fact": "session",
    "drop-fact": "card",
    "fix": "card",
    "proposal": "offer",
    "reply-draft": "session",
    "secret-reveal": "card",
    "secret-remove": "card",
    "secret-fold": "card",
    "escalate": "session",
    "park": "session",
    "resume": "session",
    "take-over": "session",
    "status-update": "session",
    "handoff": "handoff",
    "handoff-summary": "handoff",
    "ask-again": "handoff",
    "judge": "handoff",
    "missing": "handoff",
    "claim": "handoff",
    "release": "handoff",
    "withdraw": "handoff",
    "return": "handoff",
    "bell-open": "note",
    "person": "person",
    "person-password": "person",
    "person-deactivate": "person",
    "person-activate": "person",
}
# Every address without one: what it shows is swept below.
LISTS = {
    "dashboard", "dashboard-waiting", "dashboard-handed-off", "counts", "sessions", "intake", "queue", "queue-rows", "metrics", "bell",
    "people", "people-rows", "person-add", "account", "account_change_password",
}  # fmt: skip
NOBODYS = {"healthz", "readyz", "account_login", "account_logout", "account_inactive", "account_reauthenticate", "bell-read"}
GOOD = {
    "text": "Hello", "reason": "Help", "note": "Do this", "notes": "Notes", "action": "skip", "outcome": "failed", "begin": "own",
    "context": "progress", "name": "Somebody Else", "role": "viewer",
}  # fmt: skip
# What may be posted without writing anything.
WRITES_NOTHING = {"status-update"}


def names_of(resolver):
    """The names of all addresses, the admin's apart (tests/test_admin_tenants.py has it)."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from names_of(pattern)
        else:
            yield pattern.name or str(pattern.pattern)


@pytest.fixture(scope="module")
def django_db_setup(django_db_setup, django_db_blocker):
    with standing(django_db_blocker, acme_at_work):
        yield


acme = existing(Account, slug="acme-msp")
ana = existing(User, email="ana@acme.example")
bo = existing(User, email="bo@acme.example")


@pytest.fixture
def world(bo):
    """Acme at work, as `acme_at_work` made it."""
    by_state = {handoff.state: handoff for handoff in SessionHandoff.objects.all()}
    note = Notification.objects.filter(user=bo).first()
    return SimpleNamespace(waiting=by_state["open"], claimed=by_state["claimed"], parked=by_state["parked"], note=note)


def address(name, handoff, note=1):
    """The address of a handoff, or of its session."""
    kind = WITH_ID[name]
    row = {"note": note, "handoff": handoff.pk, "person": handoff.author_id}.get(kind, handoff.session_id)
    return reverse(name, args={"card": [row, 1], "offer": [row, uuid.UUID(int=1)]}.get(kind, [row]))


def test_every_address_of_the_project_is_covered_here():
    assert set(names_of(get_resolver())) == {*WITH_ID, *LISTS, *NOBODYS}


@pytest.mark.parametrize("name", WITH_ID)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_gets_404_and_the_same_answer_as_for_an_id_that_nobody_has(world, eve, signed_in, name, method):
    client, before = signed_in(eve), state_of_everything()
    nobody = SimpleNamespace(pk=uuid.uuid4(), session_id=uuid.uuid4(), author_id=10**9)

    for handoff in (world.waiting, world.claimed, world.parked):
        for headers in KINDS.values():
            answer = getattr(client, method)(address(name, handoff, world.note.pk), GOOD if method == "post" else {}, headers=headers)
            made_up = getattr(client, method)(address(name, nobody, 10**9), GOOD if method == "post" else {}, headers=headers)

            # 405: this address knows the other method only, whoever asks.
            assert answer.status_code in (404, 405)
            assert answer.status_code == made_up.status_code
            assert SECRET not in answer.text
    methods = {
        m: getattr(client, m)(address(name, world.waiting, world.note.pk), GOOD if m == "post" else {}).status_code for m in ("get", "post")
    }
    assert 404 in methods.values()
    assert state_of_everything() == before


OTHER_METHODS = ("put", "delete", "head", "options")


@pytest.mark.parametrize("role", ["viewer", "engineer", "admin", "owner"])
def test_whatever_the_strangers_role_and_method_nothing_is_answered_and_nothing_happens(world, eve, signed_in, role):
    User.objects.filter(pk=eve.pk).update(role=role)
    client, before = signed_in(eve), state_of_everything()
    methods = ("get", "post") if role != "owner" else OTHER_METHODS

    for name in WITH_ID:
        for method in methods:
            answer = getattr(client, method)(address(name, world.waiting, world.note.pk), headers=KINDS["JSON"])
            assert answer.status_code in (403, 404, 405), (name, method)
            assert answer.status_code != 403 or answer.json()["error"] == "not_allowed"
            assert SECRET not in answer.text
    assert state_of_everything() == before


@pytest.mark.parametrize("who", ["nobody", "deactivated", "nonsense for a session"])
def test_whoever_is_not_signed_in_gets_the_door_whatever_is_asked(world, dana, signed_in, who):
    client = signed_in(dana) if who == "deactivated" else Client()
    User.objects.filter(pk=dana.pk).update(is_active=who != "deactivated")
    if who.startswith("nonsense"):
        client.cookies["sessionid"] = "\xff\x00'--" + "x" * 500
    before = state_of_everything()

    for where in [address(name, world.waiting, world.note.pk) for name in WITH_ID] + [reverse(name) for name in [*LISTS, "bell-read"]]:
        for method, kind in [("get", "page"), ("post", "HTMX"), ("delete", "JSON")]:
            answer = getattr(client, method)(where, headers=KINDS[kind])
            doors = {"page": answer.headers.get("Location", ""), "HTMX": answer.headers.get("HX-Redirect", "")}
            assert answer.status_code == {"page": 302, "HTMX": 200, "JSON": 401}[kind], (where, method, answer.status_code)
            assert kind == "JSON" or doors[kind].startswith("/accounts/login/")
            assert SECRET not in answer.text
    assert state_of_everything() == before


def test_a_method_that_no_address_knows_is_405_and_changes_nothing(world, ana, signed_in):
    client, before = signed_in(ana), state_of_everything()

    for name in [*WITH_ID, *sorted(LISTS - {"account_change_password"}), "bell-read"]:
        where = reverse(name) if name not in WITH_ID else address(name, world.waiting, world.note.pk)
        answers = {method: getattr(client, method)(where).status_code for method in OTHER_METHODS}
        assert set(answers.values()) == {405}, (name, answers)
    assert state_of_everything() == before


@pytest.mark.parametrize("name", sorted(LISTS))
@pytest.mark.parametrize("kind", KINDS)
def test_the_lists_of_a_stranger_hold_nothing_of_acme(world, eve, signed_in, name, kind):
    answer = signed_in(eve).get(reverse(name), headers=KINDS[kind])

    assert answer.status_code == 200
    assert SECRET not in answer.text
    assert "Reyes" not in answer.text


@pytest.mark.parametrize(
    "query", ["q=Zephyri", "q=dental&show=all", "q=Reyes&show=all", "show=all", "show=open", "show=all&status=requesting_escalation"]
)
def test_the_search_of_a_stranger_finds_nothing_of_acme(world, eve, signed_in, query):
    page = signed_in(eve).get(f"/sessions/?{query}")

    assert SECRET not in page.text
    assert not BeautifulSoup(page.content, "html.parser").select("ol.rows li")


def test_the_figures_of_a_stranger_count_nothing_of_acme(world, eve, signed_in):
    figures = signed_in(eve).get("/escalations/metrics/", headers={"accept": "application/json"}).json()

    assert (figures["handed_off"], figures["claimed"]) == (0, 0)


def test_the_people_of_another_account_are_no_choice(world, eve, signed_in):
    page = signed_in(eve).get(reverse("escalate", args=[make_session(eve).pk]))

    assert "Reyes" not in page.text
    assert "Lindqvist" not in page.text


def test_the_search_of_a_colleague_finds_what_they_may_read_and_no_more(world, dana, signed_in):
    rows = BeautifulSoup(signed_in(dana).get("/sessions/?show=all&q=Zephyri").content, "html.parser").select("ol.rows li h3 a")

    assert [row["href"] for row in rows] == [f"/sessions/{world.waiting.session_id}/"]


# --- inside the account -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, kind in WITH_ID.items() if kind in ("session", "card")])
@pytest.mark.parametrize("who", ["dana", "vic"])
def test_a_colleague_who_may_not_read_a_session_gets_404(world, signed_in, request, name, who):
    client = signed_in(request.getfixturevalue(who))
    before = state_of_everything()

    for handoff in (world.claimed, world.parked):
        for headers in KINDS.values():
            answers = [client.get(address(name, handoff), headers=headers), client.post(address(name, handoff), GOOD, headers=headers)]
            assert {answer.status_code for answer in answers} <= {404, 405}
            assert 404 in {answer.status_code for answer in answers}
            assert not any(SECRET in answer.text for answer in answers)
    assert state_of_everything() == before


@pytest.mark.parametrize("who", ["dana", "vic"])
def test_the_link_of_a_claimed_handoff_says_who_has_it_and_no_more(world, signed_in, request, who):
    client = signed_in(request.getfixturevalue(who))

    page = client.get(address("handoff", world.claimed))
    body = client.get(address("handoff", world.claimed), headers=KINDS["JSON"]).json()

    assert page.status_code == 200
    assert BeautifulSoup(page.content, "html.parser").find("h1").text == "Claimed by Bo Lindqvist"
    assert SECRET not in page.text
    assert set(body) == {"handoff", "status", "claimed_by", "claimed_at"}
    for name in ("handoff-summary", "ask-again"):
        for ask in (client.get, client.post):
            for headers in KINDS.values():
                assert SECRET not in ask(address(name, world.claimed), headers=headers).text


def test_the_link_of_a_handoff_that_is_over_says_why_and_no_more(world, bo, dana, signed_in):
    return_to_opener(world.claimed.pk, by=bo, note=f"{SECRET} instructions")

    for headers in KINDS.values():
        answer = signed_in(dana).get(address("handoff", world.claimed), headers=headers)
        assert answer.status_code == 410
        assert SECRET not in answer.text
        assert "returned to Ana Reyes" in answer.text


@pytest.mark.parametrize("name", [name for name, kind in WITH_ID.items() if kind == "handoff"])
def test_a_parked_handoff_is_404_for_whoever_may_not_read_the_session(world, dana, signed_in, name):
    client = signed_in(dana)
    for headers in KINDS.values():
        answers = [
            client.get(address(name, world.parked), headers=headers),
            client.post(address(name, world.parked), GOOD, headers=headers),
        ]
        assert {answer.status_code for answer in answers} <= {404, 405}
        assert not any(SECRET in answer.text for answer in answers)


def test_a_claimed_session_is_read_by_opener_handler_leads_and_nobody_else(world, ana, bo, lea, dana, vic, signed_in):
    for who, status in ((ana, 200), (bo, 200), (lea, 200), (dana, 404), (vic, 404)):
        assert signed_in(who).get(address("session", world.claimed)).status_code == status


@pytest.mark.parametrize("name", [name for name, kind in WITH_ID.items() if kind != "note"])
def test_a_viewer_reads_what_waits_and_writes_nothing(world, vic, signed_in, name):
    client, before = signed_in(vic), state_of_everything()

    for headers in KINDS.values():
        answer = client.post(address(name, world.waiting), GOOD, headers=headers)
        assert answer.status_code in ({200} if name in WRITES_NOTHING else {403, 404, 405})
    assert state_of_everything() == before


def test_a_viewer_opens_no_session_and_is_offered_nothing_to_claim_with(world, vic, signed_in):
    client = signed_in(vic)

    assert client.get("/sessions/new/").status_code == 403
    assert client.post("/sessions/new/", {"text": "x"}, headers=KINDS["JSON"]).json()["error"] == "not_allowed"
    screen = BeautifulSoup(client.get(address("handoff", world.waiting)).content, "html.parser")
    assert not screen.find("button", attrs={"name": "begin"})
    assert not screen.find(id="ways")


def test_whoever_is_deactivated_is_signed_out_by_the_next_request(world, bo, signed_in):
    client, other, third = signed_in(bo), signed_in(bo), signed_in(bo)
    User.objects.filter(pk=bo.pk).update(is_active=False)

    assert client.get("/").headers["Location"].startswith("/accounts/login/")
    assert other.post(address("claim", world.waiting), headers=KINDS["JSON"]).json()["error"] == "unauthenticated"
    assert third.get("/escalations/rows/", headers=KINDS["HTMX"]).headers["HX-Redirect"] == "/accounts/login/"
    User.objects.filter(pk=bo.pk).update(is_active=True)
    assert SessionHandoff.objects.get(pk=world.waiting.pk).state == "open"


def test_an_inactive_person_with_the_right_password_is_refused_in_words(bo):
    from tests.factories import PASSWORD

    User.objects.filter(pk=bo.pk).update(is_active=False)
    client = Client(raise_request_exception=False)

    page = client.post("/accounts/login/", {"login": bo.email, "password": PASSWORD}, follow=True)

    assert page.status_code < 500
    assert BeautifulSoup(page.content, "html.parser").find(class_="error") or "deactivated" in page.text
    assert client.get("/").status_code == 302


@pytest.fixture
def root(db):
    return UserFactory(name="Root Staff", email="root@resolutionflow.example", account=None, is_staff=True, is_superuser=True)


def test_staff_of_no_account_find_no_error_on_the_pages_of_technicians(world, root, signed_in):
    client = signed_in(root)

    assert client.get("/").headers["Location"] == "/admin/"
    assert client.get("/people/").headers["Location"] == "/admin/"
    for name in sorted(LISTS - {"dashboard", "people"}):
        answer = client.get(reverse(name))
        assert answer.status_code in (200, 403), name
        assert SECRET not in answer.text
    for name in WITH_ID:
        if name != "bell-open":
            assert client.post(address(name, world.waiting), GOOD).status_code in (403, 404, 405) or name in ("release",)
