"""Guessing passwords: how many tries there are, at which doors, and how those get in whose account somebody else is guessing at."""

import threading
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts import attempts, people_admin
from accounts.attempts import Attempt, begin, check, client_address, forget
from accounts.models import SignInAttempt
from accounts.verbs import Refused
from resolutionflow.tasks import forget_sign_in_attempts
from tests.factories import PASSWORD

LOGIN = "/accounts/login/"
CHANGE = "/account/password/"
CONFIRM = "/accounts/reauthenticate/"
HERE = "198.51.100.7"


def sign_in(email, password=PASSWORD, client=None, address=HERE, **more):
    return (client or Client()).post(LOGIN, {"login": email, "password": password}, REMOTE_ADDR=address, **more)


def guess(email, times=5, address="203.0.113.9"):
    for _ in range(times):
        sign_in(email, "wrong", address=address)


def said(answer):
    return BeautifulSoup(answer.content, "html.parser").find(id="why").text


# --- the limits ---------------------------------------------------------------------------------------------------


def test_the_sixth_try_is_refused_even_with_the_right_password_and_the_form_says_so(ana):
    guess(ana.email)
    cache.clear()  # as in another process, or after a restart

    answer = sign_in(ana.email)

    assert answer.status_code == 429
    assert 290 <= int(answer["Retry-After"]) <= 300
    assert "Too many attempts. Try again in 5 minutes" in said(answer)
    assert BeautifulSoup(answer.content, "html.parser").find(id="id_login")["value"] == ana.email


def test_a_refused_try_is_not_checked_at_all(ana):
    checked = []
    user_login_failed.connect(lambda **kwargs: checked.append(kwargs), weak=False, dispatch_uid="checked")
    try:
        guess(ana.email, 8)
    finally:
        user_login_failed.disconnect(dispatch_uid="checked")

    assert len(checked) == 5


def test_after_five_minutes_there_are_five_more(ana):
    now = timezone.now()
    for _ in range(5):
        assert isinstance(begin(ana.email, address=HERE, now=now), Attempt)

    refused = begin(ana.email, address=HERE, now=now + timedelta(minutes=4, seconds=30))
    later = [begin(ana.email, address=HERE, now=now + timedelta(minutes=5)) for _ in range(6)]

    assert (refused.error, refused.status, refused.extra) == ("too_many", 429, {"retry_after": 30})
    assert [isinstance(each, Attempt) for each in later] == [True] * 5 + [False]


@pytest.mark.parametrize("email", ["ana@acme.example", "nobody@acme.example"])
def test_capitals_spaces_and_whether_anybody_has_the_address_make_no_difference(ana, email):
    for typed in (email, email.upper(), f" {email} ", email.title(), email):
        assert check(typed, "wrong", address=HERE) is None

    assert check(email, PASSWORD, address=HERE).error == "too_many"
    assert sign_in(email.swapcase()).status_code == 429


def test_an_address_that_tries_many_accounts_is_refused_and_uses_up_no_more_of_their_tries(ana, bo):
    for n in range(30):
        assert check(f"n{n}@example.com", "wrong", address=HERE) is None

    assert check(bo.email, PASSWORD, address=HERE).error == "too_many"
    assert sign_in(ana.email).status_code == 429
    assert sign_in(ana.email, address="203.0.113.9").status_code == 302


def test_signing_in_uses_up_nothing(ana):
    for _ in range(40):
        assert sign_in(ana.email).status_code == 302

    assert not SignInAttempt.objects.filter(count__gt=0).exists()


def test_one_correct_sign_in_does_not_make_wrong_ones_forgotten(ana):
    guess(ana.email, 4)
    sign_in(ana.email)
    guess(ana.email, 1)

    assert sign_in(ana.email).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_last_tries_waits_and_is_refused(ana, second_waits_for_first):
    for _ in range(4):
        begin(ana.email, address=HERE)

    first, second = second_waits_for_first(lambda: begin(ana.email, address="203.0.113.1"), lambda: begin(ana.email, address="203.0.113.2"))

    assert isinstance(first, Attempt)
    assert isinstance(second, Refused)


@pytest.mark.django_db(transaction=True)
def test_of_twenty_tries_at_once_five_are_allowed(ana):
    allowed = []

    def one():
        try:
            allowed.append(isinstance(begin(ana.email, address=HERE), Attempt))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(allowed) == [False] * 15 + [True] * 5


# --- the doors ----------------------------------------------------------------------------------------------------


def test_all_doors_count_together(ana, signed_in):
    client = signed_in(ana)
    sign_in(ana.email, "wrong")
    client.post(CONFIRM, {"password": "wrong"})
    client.post(CHANGE, {"oldpassword": "wrong", "password1": "x", "password2": "x"})
    assert client.post("/admin/login/?next=/admin/", {"username": ana.email, "password": "wrong"}).status_code in (302, 403)
    guess(ana.email, 2)

    for refused in (
        sign_in(ana.email),
        client.post(CONFIRM, {"password": PASSWORD}),
        client.post(CHANGE, {"oldpassword": PASSWORD, "password1": "Correct-Horse-77", "password2": "Correct-Horse-77"}),
    ):
        assert refused.status_code == 429
        assert int(refused["Retry-After"]) > 0
        assert "Too many attempts" in refused.content.decode()
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_the_admin_has_no_form_of_its_own(client, ana):
    assert client.post("/admin/login/", {"username": ana.email, "password": PASSWORD})["Location"].startswith(LOGIN)


def test_an_api_can_ask_for_the_person(ana):
    assert check(ana.email, PASSWORD, address=HERE) == ana
    assert check(ana.email, "wrong", address=HERE) is None
    assert check("a\0b", "wrong", address="") is None


def test_a_confirmed_password_uses_up_nothing(ana, signed_in):
    client = signed_in(ana)
    for _ in range(8):
        assert client.post(CONFIRM, {"password": PASSWORD}).status_code == 302
        assert client.post(CHANGE, {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}).status_code == 422


def test_somebody_deactivated_reads_so_only_with_the_right_password(ana):
    ana.is_active = False
    ana.save()

    assert "is incorrect" in said(sign_in(ana.email, "wrong"))
    assert sign_in(ana.email)["Location"] == "/accounts/inactive/"


# --- those at whose account somebody guesses ----------------------------------------------------------------------


def test_a_browser_that_signed_in_before_has_tries_of_its_own(ana):
    known = Client()
    sign_in(ana.email, client=known)
    known.post("/accounts/logout/")
    guess(ana.email, 9)

    assert sign_in(ana.email).status_code == 429
    assert sign_in(ana.email, client=known).status_code == 302
    known.post("/accounts/logout/")
    for _ in range(5):
        sign_in(ana.email, "wrong", client=known)
    assert sign_in(ana.email, client=known).status_code == 429


def test_the_cookie_of_a_known_browser_is_for_one_person_and_cannot_be_made(ana, bo, settings):
    settings.SESSION_COOKIE_SECURE = True
    known = Client()
    cookie = sign_in(bo.email, client=known).cookies[attempts.COOKIE]
    known.post("/accounts/logout/")
    guess(ana.email)

    assert sign_in(ana.email, client=known).status_code == 429
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
    for made in ("", "x", f"{cookie.value}x", cookie.value.replace(":", "")):
        assert begin(ana.email, address=HERE, browser=made).error == "too_many"


def test_a_colleague_sets_a_new_password_and_that_gets_in(ana, lea):
    guess(ana.email)

    access = people_admin.set_password(ana.pk, by=lea, password=None)

    assert sign_in(ana.email, access.generated).status_code == 302


def test_staff_do_the_same_in_the_admin(ana, django_user_model, signed_in):
    root = django_user_model.objects.create_superuser("root@example.com", PASSWORD, name="Root")
    guess(ana.email)

    new = {"password1": "Correct-Horse-77", "password2": "Correct-Horse-77", "usable_password": "true"}
    assert signed_in(root).post(f"/admin/accounts/user/{ana.pk}/password/", new).status_code == 302

    assert sign_in(ana.email, "Correct-Horse-77").status_code == 302


# --- where somebody comes from ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "sent", "seen"),
    [
        (0, "203.0.113.5", "192.0.2.1"),
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "10.9.9.9, 203.0.113.5", "203.0.113.5"),
        (2, "10.9.9.9, 203.0.113.5, 198.51.100.1", "203.0.113.5"),
        (2, "203.0.113.5", "192.0.2.1"),
        (1, "", "192.0.2.1"),
    ],
)
def test_only_our_own_proxies_are_believed(rf, settings, proxies, sent, seen):
    settings.TRUSTED_PROXIES = proxies

    assert client_address(rf.get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": sent} if sent else {})) == seen


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("203.0.113.5:4711", "203.0.113.5:4712"),
        ("[2001:db8::1]:4711", "2001:db8::2"),
        ("", ""),
    ],
)
def test_addresses_of_one_client_count_together(db, one, other):
    for n in range(30):
        begin(f"n{n}@example.com", address=one)

    assert isinstance(begin("x@example.com", address=other), Refused)
    assert isinstance(begin("x@example.com", address="2001:db8:ffff::1"), Attempt)


def test_neither_address_nor_person_can_be_read_from_the_table(ana):
    guess(ana.email, 1)

    rows = " ".join(SignInAttempt.objects.values_list("key", flat=True))
    assert len(rows.split()) == 2
    assert "ana" not in rows
    assert "203.0.113" not in rows


def test_counts_that_are_over_are_deleted(ana):
    now = timezone.now()
    begin(ana.email, address=HERE, now=now - timedelta(minutes=6))
    begin("x@example.com", address="203.0.113.1", now=now)

    assert forget(now) == 2
    assert SignInAttempt.objects.count() == 2
    forget_sign_in_attempts(timestamp=0)
    assert SignInAttempt.objects.count() == 2
