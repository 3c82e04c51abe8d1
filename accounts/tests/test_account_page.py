"""One's own account: the name, the password, the way out, and what belongs to the browser."""

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.hashers import check_password
from django.test import Client

from accounts.models import Event, User
from tests.factories import PASSWORD, UserFactory

NEW = "Correct-Horse-77"
CHANGE = "/account/password/"


def soup_of(answer):
    return BeautifulSoup(answer.content, "html.parser")


def now(person):
    return User.objects.get(pk=person.pk)


def change(client, old=PASSWORD, one=NEW, two=NEW, **extra):
    return client.post(CHANGE, {"oldpassword": old, "password1": one, "password2": two}, **extra)


# --- who I am -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ana", "lea", "vic"])
def test_everybody_reads_who_they_are(signed_in, request, who):
    user = request.getfixturevalue(who)

    page = soup_of(signed_in(user).get("/account/"))

    for word in (user.name, user.email, user.get_role_display(), "Acme MSP"):
        assert word in page.find("main").text
    assert page.find("main").find("form", action="/accounts/logout/")
    assert not page.find("main").find("a", href="/admin/")


def test_staff_find_the_way_to_the_admin_and_staff_of_no_account_find_a_page(signed_in, db):
    root = UserFactory(name="Root", account=None, is_staff=True, is_superuser=True)

    page = soup_of(signed_in(root).get("/account/"))

    assert page.find("main").find("a", href="/admin/")
    assert not page.find(id="set-sound")


def test_i_change_my_name(ana, signed_in):
    answer = signed_in(ana).post("/account/", {"name": "  Ana   Ortiz "}, follow=True)

    assert now(ana).name == "Ana Ortiz"
    assert "Your name is now Ana Ortiz." in soup_of(answer).find(id="toasts").text
    event = Event.objects.get()
    assert (event.kind, event.by, event.details) == ("person_changed", ana, {"person": ana.pk, "fields": ["name"]})


def test_the_same_name_again_changes_nothing(ana, signed_in):
    assert signed_in(ana).post("/account/", {"name": ana.name}).status_code == 302

    assert not Event.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "x" * 121, "a\x00b"])
def test_a_name_that_does_not_hold_is_told_at_its_field(ana, signed_in, as_json, name):
    answer = signed_in(ana).post("/account/", {"name": name})

    field = soup_of(answer).find(id="id_name")
    assert answer.status_code == 422
    assert (field["aria-invalid"], field["aria-describedby"]) == ("true", "id_name_error")
    assert soup_of(answer).find(id="id_name_error").text.strip()
    assert now(ana).name == "Ana Reyes"
    body = signed_in(ana).post("/account/", {"name": name}, **as_json)
    assert (body.status_code, list(body.json()["fields"])) == (422, ["name"])


def test_i_cannot_give_myself_more_by_naming_more(ana, signed_in):
    signed_in(ana).post("/account/", {"name": "Ana", "role": "owner", "is_staff": "on", "email": "x@example.com"})

    assert (now(ana).role, now(ana).is_staff, now(ana).email) == ("engineer", False, ana.email)


def test_staff_of_no_account_change_their_name_without_an_event(signed_in, db):
    root = UserFactory(name="Root", account=None, is_staff=True)

    assert signed_in(root).post("/account/", {"name": "Rooty"}).status_code == 302
    assert (now(root).name, Event.objects.count()) == ("Rooty", 0)


# --- the password -------------------------------------------------------------------------------------------------


def test_a_new_password_signs_out_my_other_browsers_and_not_this_one(ana, client):
    other = Client()
    for browser in (client, other):
        browser.post("/accounts/login/", {"login": ana.email, "password": PASSWORD})

    answer = change(client)

    assert answer["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert other.get("/account/")["Location"].startswith("/accounts/login/")
    assert check_password(NEW, now(ana).password)
    assert Event.objects.get().kind == "password_set"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"old": "wrong"}, "oldpassword"),
        ({"old": ""}, "oldpassword"),
        ({"two": "Something-Else-9"}, "password2"),
        ({"one": "short", "two": "short"}, "password1"),
        ({"one": "password123", "two": "password123"}, "password1"),
        ({"one": "", "two": ""}, "password1"),
        ({"one": "a\x00bcdefghijkl", "two": "a\x00bcdefghijkl"}, "password1"),
    ],
)
def test_what_does_not_hold_is_told_at_its_field_and_never_shown_again(ana, signed_in, sent, field):
    client = signed_in(ana)

    answer = change(client, **sent)

    page = soup_of(answer)
    assert answer.status_code == 422
    assert page.find(id=f"id_{field}")["aria-invalid"] == "true"
    assert f"id_{field}_error" in page.find(id=f"id_{field}")["aria-describedby"]
    assert not any(box.get("value") for box in page.select("main input[type=password]"))
    assert check_password(PASSWORD, now(ana).password)
    assert client.get("/account/").status_code == 200
    assert not Event.objects.exists()


def test_a_stale_browser_does_not_bring_a_deactivated_person_back(ana, signed_in):
    """A whole save() of what the request remembers would have."""
    client = signed_in(ana)
    User.objects.filter(pk=ana.pk).update(is_active=False)

    assert change(client)["Location"].startswith("/accounts/login/")
    assert not now(ana).is_active


def test_guessing_the_present_password_is_slowed_down(ana, signed_in):
    client = signed_in(ana)

    answers = [change(client, old="wrong") for _ in range(8)]

    assert answers[-1].status_code == 429
    assert answers[-1]["Retry-After"] in ("299", "300")
    assert "Too many attempts" in soup_of(answers[-1]).find("main").text
    assert soup_of(answers[-1]).find("main").find("a", href="/account/")
    assert client.get(CHANGE).status_code == 200


def test_too_many_tries_are_told_to_scripts_and_fragments_in_their_way(ana, signed_in, as_json):
    client = signed_in(ana)
    for _ in range(6):
        change(client, old="wrong")

    body, fragment = change(client, **as_json), change(client, headers={"HX-Request": "true"})

    assert (body.status_code, body.json()["error"]) == (429, "too_many")
    assert (fragment.status_code, fragment["HX-Retarget"]) == (429, "#toasts")


# --- the doors ----------------------------------------------------------------------------------------------------


def test_signing_out_asks_on_a_page_of_its_own_and_leads_back(ana, signed_in):
    client = signed_in(ana)

    page = soup_of(client.get("/accounts/logout/"))

    assert page.find("h1").text.strip() == "Sign out?"
    assert page.find("main").find("a", href="/account/")
    assert client.get("/account/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/account/").status_code == 302


def test_a_wrong_password_keeps_the_address_and_says_so_to_screen_readers(client, ana):
    page = soup_of(client.post("/accounts/login/", {"login": ana.email, "password": "wrong"}))

    assert page.find(id="id_login")["value"] == ana.email
    assert not page.find(id="id_password").get("value")
    assert page.find(id="why")["role"] == "alert"
    assert "why" in page.find(id="id_password")["aria-describedby"].split()


def test_the_page_that_asks_for_the_password_again_is_ours(ana, signed_in):
    page = soup_of(signed_in(ana).get("/accounts/reauthenticate/"))

    assert page.find("h1").text == "Confirm your password"
    assert page.find(id="id_password")


def test_what_belongs_to_the_browser_says_that_it_needs_javascript(ana, signed_in):
    page = soup_of(signed_in(ana).get("/account/"))

    assert "JavaScript" in page.select_one(".js-missing").text
    assert page.find(id="sets").find_parent(attrs={"data-js-only": True})
    assert not page.find(id="sets").find_parent("form")
