"""Sign-in: by email address and password, for staff as for everybody."""

import pytest

from tests.factories import PASSWORD

LOGIN = "/accounts/login/"


def sign_in(client, email, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


def test_an_address_and_a_password_lead_to_the_dashboard(client, ana):
    answer = sign_in(client, ana.email)

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_capitals_in_the_address_do_not_matter(client, ana):
    assert sign_in(client, ana.email.upper()).status_code == 302


@pytest.mark.parametrize("email", ["ana@acme.example", "nobody@acme.example"])
def test_a_wrong_password_and_an_unknown_address_read_alike(client, ana, email):
    answer = sign_in(client, email, "not the password")

    assert answer.status_code == 200
    assert "is incorrect" in answer.content.decode()


def test_nobody_signs_up_by_themselves(client, db):
    assert client.get("/accounts/signup/").status_code in (302, 404)


def test_after_signing_out_pages_ask_again(client, ana):
    sign_in(client, ana.email)

    client.post("/accounts/logout/")

    assert client.get("/")["Location"].startswith(LOGIN)


def test_an_address_elsewhere_is_no_place_to_go_next(client, ana):
    assert sign_in(client, ana.email, next="https://elsewhere.example/")["Location"] == "/"


def test_the_admin_asks_to_sign_in_where_everybody_does(client, db):
    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain[-1][0].startswith(LOGIN)
    assert "next=/admin/" in answer.redirect_chain[-1][0]


def test_who_is_no_member_of_staff_reads_so_at_the_admin(signed_in, ana):
    answer = signed_in(ana).get("/admin/", follow=True)

    assert answer.status_code == 403


def test_staff_of_no_account_land_in_the_admin(client, db, django_user_model):
    django_user_model.objects.create_superuser("staff@example.com", PASSWORD, name="Staff")

    answer = sign_in(client, "staff@example.com")

    assert answer["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert client.get("/")["Location"] == "/admin/"
