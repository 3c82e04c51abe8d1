"""The people page: who is here, and how admins and owners look after people."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.hashers import check_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Event, User
from handoffs.claiming import claim
from handoffs.parking import park
from tests.factories import PASSWORD, UserFactory, hand_off, make_session

NEW = "Correct-Horse-77"
VERBS = ["password", "deactivate", "activate"]


@pytest.fixture
def ola(acme):
    return UserFactory(name="Ola Berg", email="ola@acme.example", account=acme, role="owner")


def soup_of(answer):
    return BeautifulSoup(answer.content, "html.parser")


def now(person):
    return User.objects.get(pk=person.pk)


def seen(person, seconds):
    User.objects.filter(pk=person.pk).update(last_here_at=timezone.now() - timedelta(seconds=seconds))


def row_of(page, person):
    return next(row for row in page.select("#people tbody tr") if person.email in row.text)


def added(**fields):
    return {"name": "Nia Ward", "email": "nia@acme.example", "role": "engineer", "password1": "", "password2": "", **fields}


# --- everybody ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ana", "vic", "lea", "ola"])
def test_everybody_of_the_account_sees_who_is_here_and_how_much_they_hold(ana, bo, dana, signed_in, request, who):
    user = request.getfixturevalue(who)
    seen(bo, 5)
    seen(dana, 5)
    seen(ana, 3600)
    make_session(dana)

    page = soup_of(signed_in(user).get("/people/"))

    assert row_of(page, bo).select_one(".state").text.strip() == "Online"
    assert row_of(page, dana).select_one(".state").text.strip() == "Online, busy with 1"
    assert "Away since" in row_of(page, ana).select_one(".state").text
    for word in ("Ana Reyes", "ana@acme.example", "Engineer", "1 h ago"):
        assert word in row_of(page, ana).text
    assert "2 of" in page.select_one("#people").text


@pytest.mark.parametrize(("who", "looks_after"), [("ana", False), ("vic", False), ("lea", True), ("ola", True)])
def test_only_admins_and_owners_are_led_to_what_changes_people(bo, signed_in, request, who, looks_after):
    User.objects.filter(pk=bo.pk).update(is_active=False)
    user = request.getfixturevalue(who)

    page = soup_of(signed_in(user).get("/people/"))

    assert bool(page.find("a", href="/people/add/")) == looks_after
    assert bool(page.find("a", href=f"/people/{user.pk}/")) == looks_after
    # Who is not active is folded away, and told to them only.
    assert ("Bo Lindqvist" in page.text) == looks_after
    assert ("Bo Lindqvist" in page.select_one("#people").text) is False


def test_people_of_another_account_are_not_there(ana, eve, signed_in):
    page = signed_in(ana).get("/people/")

    assert "Eve Stone" not in page.text
    assert "eve@globex.example" not in page.text


def test_the_fragment_shows_the_same_rows_as_the_page(ana, bo, lea, signed_in):
    seen(bo, 1)
    client = signed_in(lea)

    page, fragment = soup_of(client.get("/people/")), soup_of(client.get("/people/rows/"))

    assert [str(row) for row in fragment.select("tbody tr")] == [str(row) for row in page.select("#people tbody tr")]
    assert not fragment.find("html")
    assert page.find(id="people")["hx-get"] == "/people/rows/"


def test_staff_of_no_account_are_led_to_the_admin(signed_in, db):
    root = UserFactory(account=None, role="owner", is_staff=True, is_superuser=True)
    other = UserFactory(account=None, is_staff=True)
    client = signed_in(root)

    assert client.get("/people/")["Location"] == "/admin/"
    assert client.get("/people/rows/").status_code == 200
    assert client.get("/people/add/").status_code == 403
    assert client.post("/people/add/", added()).status_code == 403
    assert client.get(f"/people/{other.pk}/").status_code == 404


def test_more_people_do_not_mean_more_queries(lea, signed_in):
    client = signed_in(lea)
    client.get("/people/")

    def cost():
        with CaptureQueriesContext(connection) as captured:
            client.get("/people/")
        return len(captured)

    few = cost()
    for person in UserFactory.create_batch(15, account=lea.account):
        make_session(person)
    UserFactory.create_batch(5, account=lea.account, is_active=False)

    assert cost() == few


def test_people_as_json(ana, bo, dana, vic, lea, signed_in, as_json):
    seen(bo, 1)
    make_session(bo)
    User.objects.filter(pk=dana.pk).update(is_active=False)

    body = signed_in(lea).get("/people/", **as_json).json()["people"]

    assert [each["name"] for each in body] == ["Ana Reyes", "Bo Lindqvist", "Lea Moreau", "Vic Tan", "Dana Okafor"]
    assert {k: v for k, v in body[1].items() if k != "last_here_at"} == {
        "id": bo.pk,
        "name": "Bo Lindqvist",
        "email": bo.email,
        "role": "engineer",
        "active": True,
        "state": "busy",
        "busy_with": 1,
    }
    assert body[0]["last_here_at"] is None
    assert body[-1]["active"] is False
    assert len(signed_in(vic).get("/people/", **as_json).json()["people"]) == 4


# --- who may ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ana", "vic"])
def test_engineers_and_viewers_are_refused_everything_that_changes_people(bo, signed_in, request, who, as_json):
    client = signed_in(request.getfixturevalue(who))

    for where in ("/people/add/", f"/people/{bo.pk}/"):
        assert client.get(where).status_code == 403
    for where in ("/people/add/", f"/people/{bo.pk}/", *(f"/people/{bo.pk}/{verb}/" for verb in VERBS)):
        assert client.post(where, added()).status_code == 403
        assert client.post(where, added(), **as_json).json()["error"] == "not_allowed"
    assert not Event.objects.exists()
    assert (now(bo).name, now(bo).is_active) == ("Bo Lindqvist", True)


def test_a_stranger_and_a_made_up_id_are_404(lea, eve, signed_in, as_json):
    client = signed_in(lea)

    for pk in (eve.pk, 10**9, 10**30):
        for extra in ({}, as_json):
            assert client.get(f"/people/{pk}/", **extra).status_code == 404
            for where in (f"/people/{pk}/", *(f"/people/{pk}/{verb}/" for verb in VERBS)):
                answer = client.post(where, added(), **extra)
                assert answer.status_code == 404
                assert "Eve Stone" not in answer.text
    assert now(eve).is_active


@pytest.mark.parametrize("verb", VERBS)
def test_what_changes_somebody_refuses_get(lea, bo, signed_in, verb):
    answer = signed_in(lea).get(f"/people/{bo.pk}/{verb}/")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_signed_out_nothing_is_seen_or_done(bo, as_json):
    for where in ("/people/", "/people/rows/", "/people/add/", f"/people/{bo.pk}/"):
        assert Client().get(where)["Location"].startswith("/accounts/login/")
        assert Client().get(where, **as_json).status_code == 401
    assert Client().post(f"/people/{bo.pk}/deactivate/")["Location"].startswith("/accounts/login/")
    assert now(bo).is_active


def test_an_admin_finds_no_form_on_an_owners_page_and_an_owner_does(lea, ola, signed_in):
    UserFactory(name="Oto Novak", account=ola.account, role="owner")
    page = soup_of(signed_in(lea).get(f"/people/{ola.pk}/"))

    assert "Only owners can change owners." in page.find("main").text
    assert not page.find("main").find("form")
    answer = signed_in(lea).post(f"/people/{ola.pk}/", {"name": "X", "role": "viewer"})
    assert answer.status_code == 403
    assert soup_of(answer).find(attrs={"role": "alert"}).text.strip() == "Only owners can change owners."
    assert now(ola).role == "owner"

    others = User.objects.get(name="Oto Novak")
    assert soup_of(signed_in(ola).get(f"/people/{others.pk}/")).find("main").find("form", action=f"/people/{others.pk}/deactivate/")


def test_ones_own_page_has_a_name_and_no_role_password_or_way_out(lea, signed_in):
    page = soup_of(signed_in(lea).get(f"/people/{lea.pk}/")).find("main")

    assert page.find(id="id_name")["value"] == "Lea Moreau"
    assert not page.find("input", attrs={"name": "role"})
    assert not page.find("form", action=f"/people/{lea.pk}/password/")
    assert not page.find("form", action=f"/people/{lea.pk}/deactivate/")
    assert page.find("a", href="/account/")


def test_a_role_that_one_may_not_give_is_no_choice_and_refused(lea, bo, signed_in, as_json):
    client = signed_in(lea)

    page = soup_of(client.get(f"/people/{bo.pk}/"))
    assert [box["value"] for box in page.select("[name=role]")] == ["admin", "engineer", "viewer"]
    answer = client.post(f"/people/{bo.pk}/", {"name": "Bo", "role": "owner"}, **as_json)
    assert (answer.status_code, answer.json()["fields"]) == (422, {"role": ["Only owners can make someone an owner."]})
    own = client.post(f"/people/{lea.pk}/", {"name": "Lea", "role": "viewer"}, **as_json)
    assert (own.status_code, own.json()["error"]) == (403, "not_allowed")
    assert (now(bo).role, now(lea).role) == ("engineer", "admin")


# --- adding -------------------------------------------------------------------------------------------------------


def test_a_made_password_is_shown_in_the_answer_and_never_again(lea, signed_in, client):
    browser = signed_in(lea)

    answer = browser.post("/people/add/", added())

    made = soup_of(answer).find(id="made").text
    assert answer["Cache-Control"] == "no-store"
    assert client.post("/accounts/login/", {"login": "nia@acme.example", "password": made})["Location"] == "/"
    person = User.objects.get(email="nia@acme.example")
    for where in ("/people/", f"/people/{person.pk}/", "/people/add/"):
        assert made not in browser.get(where).text


def test_with_a_typed_password_one_is_led_back_to_the_people(lea, signed_in):
    answer = signed_in(lea).post("/people/add/", added(password1=NEW, password2=NEW), follow=True)

    assert answer.redirect_chain == [("/people/", 302)]
    assert "Nia Ward added." in soup_of(answer).find(id="toasts").text
    assert NEW not in answer.text
    assert check_password(NEW, User.objects.get(email="nia@acme.example").password)


def test_a_second_press_adds_nobody(lea, signed_in):
    client = signed_in(lea)
    client.post("/people/add/", added())

    again = client.post("/people/add/", added())

    assert again.status_code == 422
    assert "Nia Ward already has this address." in soup_of(again).find(id="id_email_error").text
    assert User.objects.filter(email="nia@acme.example").count() == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u200b"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"email": ""}, "email"),
        ({"email": "nia"}, "email"),
        ({"email": "a" * 250 + "@example.com"}, "email"),
        ({"email": "eve@globex.example"}, "email"),
        ({"role": ""}, "role"),
        ({"role": "king"}, "role"),
        ({"role": "owner"}, "role"),
        ({"password1": "short", "password2": "short"}, "password1"),
        ({"password1": NEW, "password2": ""}, "password2"),
        ({"password1": "", "password2": NEW}, "password2"),
    ],
)
def test_what_does_not_hold_is_told_at_its_field(lea, eve, signed_in, as_json, sent, field):
    page = signed_in(lea).post("/people/add/", added(**sent))
    body = signed_in(lea).post("/people/add/", added(**sent), **as_json)

    assert (page.status_code, body.status_code) == (422, 422)
    assert list(body.json()["fields"]) == [field]
    error = soup_of(page).find(id=f"id_{field}_error")
    assert error.text.strip() == body.json()["fields"][field][0]
    boxes = soup_of(page).select(f"[name={field}]")
    assert all(f"id_{field}_error" in box["aria-describedby"] and box["aria-invalid"] == "true" for box in boxes)
    assert User.objects.count() == 2


def test_adding_as_json(lea, signed_in, as_json):
    made = signed_in(lea).post("/people/add/", added(), **as_json)
    typed = signed_in(lea).post("/people/add/", added(email="two@acme.example", password1=NEW, password2=NEW), **as_json)

    assert (made.status_code, typed.status_code) == (201, 201)
    person = User.objects.get(email="nia@acme.example")
    assert made.json()["id"] == person.pk
    assert check_password(made.json()["password"], person.password)
    assert made["Cache-Control"] == "no-store"
    assert typed.json()["password"] is None


# --- changing -----------------------------------------------------------------------------------------------------


def test_name_and_role_are_changed_and_the_page_says_so(lea, bo, signed_in):
    answer = signed_in(lea).post(f"/people/{bo.pk}/", {"name": "Bo Lund", "role": "viewer"}, follow=True)

    assert answer.redirect_chain == [(f"/people/{bo.pk}/", 302)]
    assert "Bo Lund saved." in soup_of(answer).find(id="toasts").text
    assert soup_of(answer).find("input", attrs={"name": "role", "checked": True})["value"] == "viewer"
    assert (now(bo).name, now(bo).role) == ("Bo Lund", "viewer")


def test_a_name_that_holds_braces_is_only_a_name(lea, bo, signed_in):
    answer = signed_in(lea).post(f"/people/{bo.pk}/", {"name": "{0} {name} Bo", "role": "engineer"}, follow=True)

    assert "{0} {name} Bo saved." in soup_of(answer).find(id="toasts").text


def test_what_does_not_hold_on_somebodys_page_is_told_there(lea, bo, signed_in):
    client = signed_in(lea)

    name = client.post(f"/people/{bo.pk}/", {"name": "\u200b", "role": "engineer"})
    word = client.post(f"/people/{bo.pk}/password/", {"password1": "short", "password2": "short"})

    assert (name.status_code, word.status_code) == (422, 422)
    assert soup_of(name).find(id="id_name_error")
    assert soup_of(name).find("h1").text.strip() == "Bo Lindqvist"
    assert soup_of(word).find(id="id_password1")["aria-invalid"] == "true"
    assert check_password(PASSWORD, now(bo).password)


def test_a_new_password_typed_or_made(lea, bo, signed_in, as_json):
    client = signed_in(lea)

    typed = client.post(f"/people/{bo.pk}/password/", {"password1": NEW, "password2": NEW}, follow=True)
    assert "Bo Lindqvist has a new password." in soup_of(typed).find(id="toasts").text
    assert check_password(NEW, now(bo).password)

    made = client.post(f"/people/{bo.pk}/password/", {"password1": "", "password2": ""})
    assert made["Cache-Control"] == "no-store"
    assert check_password(soup_of(made).find(id="made").text, now(bo).password)

    body = client.post(f"/people/{bo.pk}/password/", **as_json)
    assert check_password(body.json()["password"], now(bo).password)
    assert Event.objects.filter(kind="password_set").count() == 3


# --- in and out ---------------------------------------------------------------------------------------------------


def test_deactivating_and_activating_twice_changes_once(lea, bo, signed_in, as_json):
    client = signed_in(lea)

    for _ in range(2):
        assert client.post(f"/people/{bo.pk}/deactivate/", follow=True).status_code == 200
    page = soup_of(client.get(f"/people/{bo.pk}/"))
    assert "Deactivated" in page.find("main").text
    assert page.find("form", action=f"/people/{bo.pk}/activate/")
    for _ in range(2):
        assert client.post(f"/people/{bo.pk}/activate/", **as_json).json()["active"] is True

    assert list(Event.objects.order_by("number").values_list("kind", flat=True)) == ["person_deactivated", "person_activated"]


def test_the_last_owner_stays_and_the_page_says_why(ola, signed_in, as_json):
    """An owner who is also staff cannot be reached here; the last owner is, where two owners press at once. What the page does with it:"""
    oto = UserFactory(name="Oto Novak", account=ola.account, role="owner")
    client = signed_in(ola)
    assert client.post(f"/people/{oto.pk}/deactivate/", **as_json).status_code == 200

    answer = client.post(f"/people/{ola.pk}/deactivate/")

    assert answer.status_code == 403
    assert "You can't deactivate yourself" in soup_of(answer).find(attrs={"role": "alert"}).text
    assert now(ola).is_active


def test_the_page_says_truthfully_what_becomes_of_what_they_hold(lea, ana, bo, signed_in):
    make_session(bo, title="Their own")
    claimed = hand_off(make_session(ana, title="Claimed by them"), ana)
    claim(claimed.pk, by=bo)
    park(make_session(bo, title="Parked by them").pk, by=bo)
    make_session(ana, title="Somebody else's")

    page = soup_of(signed_in(lea).get(f"/people/{bo.pk}/")).find("main")

    assert "They have 2 active sessions and 1 parked." in " ".join(page.text.split())
    assert [row.text for row in page.select("ol.rows h3")] == ["Parked by them", "Claimed by them", "Their own"]
    said = [" ".join(line.text.split()) for line in page.select(".folk-holds li")]
    assert said == [
        "2 active sessions go back to the queue for a colleague to claim.",
        "1 parked session goes to Lea Moreau, that’s you.",
    ]


def test_what_the_page_says_about_what_they_hold_is_so(lea, ana, bo, signed_in):
    claimed = hand_off(make_session(ana), ana)
    claim(claimed.pk, by=bo)
    parked = make_session(bo)
    park(parked.pk, by=bo)
    own = make_session(bo)
    client = signed_in(lea)
    client.post(f"/people/{bo.pk}/deactivate/")

    queue = {row["session"] for row in client.get("/escalations/", headers={"Accept": "application/json"}).json()["handoffs"]}
    assert queue == {str(claimed.session_id), str(own.pk)}
    assert client.post(f"/sessions/{parked.pk}/resume/", headers={"Accept": "application/json"}).status_code == 200
    assert client.post(f"/sessions/{parked.pk}/escalate/", {"reason": "x"}, headers={"Accept": "application/json"}).status_code == 201


def test_names_from_right_to_left_stand_by_themselves(lea, acme, signed_in):
    yael = UserFactory(name="יעל כהן", account=acme)

    for where in ("/people/", f"/people/{yael.pk}/"):
        assert [each for each in soup_of(signed_in(lea).get(where)).find_all("bdi") if each.text == "יעל כהן"]
