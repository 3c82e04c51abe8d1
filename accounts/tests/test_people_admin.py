"""Looking after people: who may, on whom, what stays whole whatever happens at once, and what is recorded of it."""

import json

import pytest
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import people_admin
from accounts.models import Event, User
from accounts.people_admin import ADDRESS_REFUSED, activate, add, change, change_own_name, change_own_password, deactivate, set_password
from accounts.verbs import Refused
from tests.factories import PASSWORD, UserFactory

NEW = "Correct-Horse-77"


@pytest.fixture
def ola(acme):
    """An owner; the only one, unless a test makes another."""
    return UserFactory(name="Ola Berg", email="ola@acme.example", account=acme, role="owner")


@pytest.fixture
def oto(acme):
    return UserFactory(name="Oto Novak", email="oto@acme.example", account=acme, role="owner")


def now(person):
    return User.objects.get(pk=person.pk)


def kinds():
    return list(Event.objects.order_by("number").values_list("kind", flat=True))


def refusal(result):
    assert isinstance(result, Refused), result
    return result.error


def nia(by, **fields):
    return add(by=by, **{"name": "Nia Ward", "email": "nia@acme.example", "role": "engineer", "password": None, **fields})


# --- adding -------------------------------------------------------------------------------------------------------


def test_an_admin_adds_somebody_who_can_sign_in_with_the_password_that_was_made(lea, client):
    added = nia(lea, email="  Nia@Acme.example ")

    assert (added.person.email, added.person.account_id, added.person.role) == ("nia@acme.example", lea.account_id, "engineer")
    assert len(added.generated) == 19
    answer = client.post("/accounts/login/", {"login": "nia@acme.example", "password": added.generated})
    assert answer["Location"] == "/"


def test_a_password_that_was_typed_is_not_handed_back(lea):
    added = nia(lea, password=NEW)

    assert added.generated == ""
    assert check_password(NEW, now(added.person).password)


def test_no_two_made_passwords_are_alike_and_all_can_be_read_out():
    made = {people_admin.generate_password() for _ in range(200)}

    assert len(made) == 200
    assert not set("".join(made)) & set("0O1lIoi ")


@pytest.mark.parametrize("password", ["short", "password123", "nia@acme.example", "1234567890", ""])
def test_a_weak_password_is_refused_at_its_field(lea, password):
    refused = nia(lea, password=password)

    assert (refused.error, list(refused.extra["fields"])) == ("invalid", ["password1"])
    assert not User.objects.filter(email="nia@acme.example").exists()


@pytest.mark.parametrize("email", ["ana@acme.example", "ANA@ACME.example"])
def test_an_address_of_a_colleague_says_whose_it_is(lea, ana, email):
    assert nia(lea, email=email).extra["fields"] == {"email": ["Ana Reyes already has this address."]}

    deactivate(ana.pk, by=lea)
    assert "Activate them instead" in nia(lea, email=email).detail


def test_an_address_of_another_account_is_refused_like_one_that_nobody_could_use(lea, eve):
    UserFactory(name="Root", email="root@example.com", account=None, is_staff=True)
    answers = [
        nia(lea, email=email) for email in (eve.email, "root@example.com", "nobody", f"{'x' * 250}@acme.example", "a\u202e@acme.example")
    ]

    assert {json.dumps([each.error, each.detail, each.extra]) for each in answers} == {
        json.dumps(["invalid", ADDRESS_REFUSED, {"fields": {"email": [ADDRESS_REFUSED]}}])
    }
    assert not any(word in ADDRESS_REFUSED for word in ("Eve", "Globex", "in use", "exists", "account"))


def test_the_admin_does_not_tell_account_staff_either(acme, bo, eve, signed_in):
    stan = UserFactory(email="stan@acme.example", account=acme, is_staff=True)
    stan.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client = signed_in(stan)
    new = {"name": "Nia", "account": acme.pk, "role": "engineer", "usable_password": "true", "password1": NEW, "password2": NEW}
    old = {"name": "Bo", "role": "engineer", "is_active": "on"}

    for email in (eve.email, eve.email.upper(), "a\u202e@acme.example"):
        for path, form in (("add/", new), (f"{bo.pk}/change/", old)):
            page = client.post(f"/admin/accounts/user/{path}", form | {"email": email})
            assert page.status_code == 200
            assert "already exists" not in page.text
            assert "violated" not in page.text
            assert "This address can&#x27;t be used." in page.text or "valid email address" in page.text
    assert client.post(f"/admin/accounts/user/{bo.pk}/change/", old | {"email": bo.email}).status_code == 302


@pytest.mark.parametrize("name", ["", "   ", "\u200b\u200b", "\n", "x" * 121])
def test_a_name_that_nobody_can_read_is_refused(lea, name):
    assert list(nia(lea, name=name).extra["fields"]) == ["name"]


@pytest.mark.parametrize("name", ["יעל כהן", "🦆 Duck", "Ng", "Ana  María\tdel\nCarmen"])
def test_names_of_all_kinds_are_kept_with_their_white_space_folded(lea, name):
    assert nia(lea, name=name).person.name == " ".join(name.split())


def test_only_owners_make_owners(lea, ola):
    assert refusal(nia(lea, role="owner")) == "not_allowed"
    assert nia(ola, role="owner").person.role == "owner"


def test_a_role_that_does_not_exist_is_refused(ola, bo):
    assert refusal(nia(ola, role="king")) == "invalid"
    assert refusal(change(bo.pk, by=ola, name="Bo", role="king")) == "invalid"


@pytest.mark.parametrize("who", ["ana", "vic"])
def test_engineers_and_viewers_look_after_nobody(bo, request, who):
    by = request.getfixturevalue(who)

    for result in (
        nia(by),
        change(bo.pk, by=by, name="X", role="viewer"),
        set_password(bo.pk, by=by, password=NEW),
        deactivate(bo.pk, by=by),
        activate(bo.pk, by=by),
    ):
        assert refusal(result) == "not_allowed"
    assert (now(bo).name, now(bo).role, now(bo).is_active, kinds()) == ("Bo Lindqvist", "engineer", True, [])


def test_what_somebody_is_now_counts_not_what_the_request_remembers(lea, bo):
    User.objects.filter(pk=lea.pk).update(role="viewer")
    assert refusal(nia(lea)) == "not_allowed"
    assert refusal(deactivate(bo.pk, by=lea)) == "not_allowed"

    User.objects.filter(pk=lea.pk).update(role="admin", is_active=False)
    assert refusal(nia(lea)) == "inactive"
    assert refusal(deactivate(bo.pk, by=lea)) == "inactive"
    assert refusal(change_own_name(by=lea, name="Lea")) == "inactive"
    assert refusal(change_own_password(by=lea, password=NEW)) == "inactive"


def test_nobody_of_another_account_and_nobody_at_all_are_alike(lea, eve):
    for pk in (eve.pk, 10**9):
        for result in (
            change(pk, by=lea, name="X", role="viewer"),
            set_password(pk, by=lea, password=NEW),
            deactivate(pk, by=lea),
            activate(pk, by=lea),
        ):
            assert (refusal(result), result.detail) == ("not_found", "This person doesn't exist, or is not in your account.")
    assert now(eve).is_active


# --- changing -----------------------------------------------------------------------------------------------------


def test_a_change_of_name_and_role_is_one_event(lea, bo):
    changed = change(bo.pk, by=lea, name="Bo Lund", role="viewer")

    assert (changed.name, changed.role) == ("Bo Lund", "viewer")
    event = Event.objects.get()
    assert (event.kind, event.by, event.from_state, event.to_state) == ("person_changed", lea, "engineer", "viewer")
    assert event.details == {"person": bo.pk, "fields": ["name", "role"]}


def test_a_second_press_changes_nothing(lea, bo):
    for _ in range(2):
        change(bo.pk, by=lea, name="Bo Lund", role="viewer")
    for _ in range(2):
        set_password(bo.pk, by=lea, password=NEW)
    for _ in range(2):
        deactivate(bo.pk, by=lea)
    for _ in range(2):
        activate(bo.pk, by=lea)

    assert kinds() == ["person_changed", "password_set", "person_deactivated", "person_activated"]


def test_nobody_changes_their_own_role_but_their_name(ola, oto):
    assert refusal(change(ola.pk, by=ola, name="Ola", role="admin")) == "not_allowed"
    assert now(ola).role == "owner"

    assert change(ola.pk, by=ola, name="Ola Bergström", role="owner").name == "Ola Bergström"


def test_nobody_deactivates_themselves(ola, oto, lea):
    for who in (ola, lea):
        assert refusal(deactivate(who.pk, by=who)) == "not_allowed"
        assert now(who).is_active


def test_admins_do_not_touch_owners_and_owners_do(lea, ola, oto):
    for result in (
        change(oto.pk, by=lea, name="X", role="owner"),
        change(oto.pk, by=lea, name="X", role="viewer"),
        set_password(oto.pk, by=lea, password=NEW),
        deactivate(oto.pk, by=lea),
    ):
        assert refusal(result) == "not_allowed"
    User.objects.filter(pk=oto.pk).update(is_active=False)
    assert refusal(activate(oto.pk, by=lea)) == "not_allowed"

    assert activate(oto.pk, by=ola).is_active
    assert change(oto.pk, by=ola, name="Oto", role="admin").role == "admin"


def test_admins_look_after_admins_and_make_them(lea, bo):
    assert change(bo.pk, by=lea, name="Bo", role="admin").role == "admin"
    assert refusal(change(bo.pk, by=lea, name="Bo", role="owner")) == "not_allowed"
    assert not deactivate(bo.pk, by=lea).is_active


@pytest.mark.parametrize("staff", [{"is_staff": True}, {"is_staff": True, "is_superuser": True}, {"is_superuser": True}])
def test_whoever_is_staff_is_changed_by_staff_only(ola, bo, staff):
    """Otherwise an admin of a customer could set a superuser's password, and be one."""
    User.objects.filter(pk=bo.pk).update(**staff)

    for result in (
        set_password(bo.pk, by=ola, password=NEW),
        deactivate(bo.pk, by=ola),
        change(bo.pk, by=ola, name="X", role="viewer"),
    ):
        assert refusal(result) == "not_allowed"
    assert check_password(PASSWORD, now(bo).password)


# --- the last owner -----------------------------------------------------------------------------------------------


def test_the_last_active_owner_stays_whoever_asks(ola, oto, bo):
    root = UserFactory(account=None, is_staff=True, is_superuser=True)
    User.objects.filter(pk=oto.pk).update(is_active=False)

    assert refusal(deactivate(ola.pk, by=root, staff=True)) == "last_owner"
    assert refusal(change(ola.pk, by=root, name="Ola", role="admin", staff=True)) == "last_owner"

    activate(oto.pk, by=ola)
    assert not deactivate(ola.pk, by=oto).is_active
    assert refusal(deactivate(oto.pk, by=root, staff=True)) == "last_owner"
    assert kinds() == ["person_activated", "person_deactivated"]


def test_an_owner_of_another_account_does_not_count(ola, eve):
    root = UserFactory(account=None, is_staff=True, is_superuser=True)

    assert refusal(deactivate(ola.pk, by=root, staff=True)) == "last_owner"


def test_an_owner_who_is_not_active_may_lose_the_role(ola, oto):
    User.objects.filter(pk=oto.pk).update(is_active=False)

    assert change(oto.pk, by=ola, name="Oto", role="engineer").role == "engineer"


def owners(account_id):
    return User.objects.filter(account_id=account_id, role="owner", is_active=True).count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["demote", "deactivate", "one of each"])
def test_of_two_owners_who_take_each_other_away_at_the_same_time_one_stays(ola, oto, how, second_waits_for_first):
    def demote(pk, by):
        return change(pk, by=by, name="Somebody", role="engineer")

    first = deactivate if how == "deactivate" else demote
    second = demote if how == "demote" else deactivate

    a, b = second_waits_for_first(lambda: first(oto.pk, by=ola), lambda: second(ola.pk, by=oto))

    assert isinstance(a, User)
    assert refusal(b) in ("not_allowed", "inactive")
    assert owners(ola.account_id) == 1


@pytest.mark.django_db(transaction=True)
def test_the_last_but_one_owner_and_the_last_do_not_go_at_the_same_time(ola, oto, second_waits_for_first):
    """Here the second keeps every right to do it: only the count of owners holds them back."""
    root = UserFactory(account=None, is_staff=True, is_superuser=True)

    a, b = second_waits_for_first(lambda: deactivate(oto.pk, by=ola), lambda: deactivate(ola.pk, by=root, staff=True))

    assert isinstance(a, User)
    assert refusal(b) == "last_owner"
    assert owners(ola.account_id) == 1


@pytest.mark.django_db(transaction=True)
def test_an_admin_who_was_demoted_a_moment_ago_deactivates_nobody(ola, lea, bo, second_waits_for_first):
    a, b = second_waits_for_first(lambda: change(lea.pk, by=ola, name="Lea", role="viewer"), lambda: deactivate(bo.pk, by=lea))

    assert isinstance(a, User)
    assert refusal(b) == "not_allowed"
    assert now(bo).is_active


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_who_add_the_same_address_in_two_accounts_is_told_at_the_field(lea, eve, second_waits_for_first):
    a, b = second_waits_for_first(lambda: nia(lea), lambda: nia(eve))

    assert a.person.account_id == lea.account_id
    assert b.extra["fields"] == {"email": [ADDRESS_REFUSED]}
    assert User.objects.filter(email="nia@acme.example").count() == 1
    assert not Event.objects.filter(account_id=eve.account_id).exists()


@pytest.mark.django_db(transaction=True)
def test_work_in_the_account_does_not_wait_for_it(lea, bo, session):
    """Adding people locks the account's row, but a session of it can still be opened."""
    import threading

    from django.db import connections, transaction

    from flowpilot.models import AISession

    written = []

    def work():
        try:
            written.append(AISession.objects.filter(pk=session.pk).update(title="Still working"))
            UserFactory(account_id=lea.account_id, account=lea.account)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    with transaction.atomic():
        people_admin.lock_people(lea.account_id)
        thread.start()
        thread.join(10)
        waited = thread.is_alive()

    thread.join(10)
    assert not waited
    assert written == [1]


def test_the_write_is_one_plain_update_with_what_was_judged_in_its_where(lea, bo):
    with CaptureQueriesContext(connection) as captured:
        deactivate(bo.pk, by=lea)

    (update,) = [q["sql"] for q in captured if q["sql"].startswith('UPDATE "accounts_user"')]
    assert "JOIN" not in update
    assert "SELECT" not in update
    assert all(
        f'"accounts_user"."{column}"' in update.split("WHERE")[1] for column in ("id", "account_id", "role", "is_active", "is_staff")
    )


# --- passwords ----------------------------------------------------------------------------------------------------


def test_a_new_password_signs_them_out_everywhere(lea, bo, signed_in):
    client = signed_in(bo)
    assert client.get("/account/").status_code == 200

    given = set_password(bo.pk, by=lea, password=None)

    assert client.get("/account/")["Location"].startswith("/accounts/login/")
    assert check_password(given.generated, now(bo).password)


def test_ones_own_password_is_not_set_without_the_present_one(ola):
    assert refusal(set_password(ola.pk, by=ola, password=NEW)) == "not_allowed"
    assert check_password(PASSWORD, now(ola).password)


def test_of_two_changes_of_ones_own_password_at_once_the_second_is_refused(bo):
    elsewhere = now(bo)
    change_own_password(by=elsewhere, password=NEW)

    assert refusal(change_own_password(by=bo, password="Another-Horse-88")) == "person_changed"
    assert check_password(NEW, now(bo).password)


def test_no_event_ever_holds_a_password(lea, bo):
    made = nia(lea).generated
    nia(lea, email="two@acme.example", password=NEW)
    given = set_password(bo.pk, by=lea, password=None).generated
    change_own_password(by=lea, password=NEW)

    told = json.dumps([[e.details, e.from_state, e.to_state] for e in Event.objects.all()])
    assert kinds() == ["person_added", "person_added", "password_set", "password_set"]
    for secret in (made, given, NEW, now(bo).password, now(lea).password):
        assert secret not in told


def test_the_person_of_an_event_is_told_by_id(lea, bo):
    set_password(bo.pk, by=lea, password=None)

    assert Event.objects.get().details == {"person": bo.pk}
    assert Event.objects.get().by == lea


# --- activity -----------------------------------------------------------------------------------------------------


def test_whoever_is_deactivated_is_out_and_comes_back_with_the_same_password(lea, bo, signed_in, client):
    open_browser = signed_in(bo)

    deactivate(bo.pk, by=lea)
    assert open_browser.get("/")["Location"].startswith("/accounts/login/")
    assert client.post("/accounts/login/", {"login": bo.email, "password": PASSWORD}).headers.get("Location") != "/"

    activate(bo.pk, by=lea)
    assert client.post("/accounts/login/", {"login": bo.email, "password": PASSWORD})["Location"] == "/"
    assert [(e.from_state, e.to_state) for e in Event.objects.order_by("number")] == [("active", "inactive"), ("inactive", "active")]


def test_a_fault_while_it_is_recorded_takes_everything_back(lea, bo):
    from accounts.events import event_recorded

    def broken(sender, **kwargs):
        raise ZeroDivisionError

    event_recorded.connect(broken, weak=False, dispatch_uid="test")
    try:
        with pytest.raises(ZeroDivisionError):
            deactivate(bo.pk, by=lea)
        with pytest.raises(ZeroDivisionError):
            nia(lea)
    finally:
        event_recorded.disconnect(dispatch_uid="test")

    assert now(bo).is_active
    assert not User.objects.filter(email="nia@acme.example").exists()


# --- staff, in the admin ------------------------------------------------------------------------------------------


@pytest.fixture
def root(db):
    return UserFactory(name="Root", email="root@example.com", account=None, is_staff=True, is_superuser=True)


def in_admin(client, action, *people):
    return client.post("/admin/accounts/user/", {"action": action, "_selected_action": [p.pk for p in people]}, follow=True)


def test_the_admins_actions_go_through_the_verbs(root, ola, bo, signed_in):
    page = in_admin(signed_in(root), "deactivate", ola, bo)

    assert (now(ola).is_active, now(bo).is_active) == (True, False)
    assert "1 deactivated" in page.text
    assert "only active owner" in page.text
    in_admin(signed_in(root), "activate", bo)
    assert [(e.kind, e.by) for e in Event.objects.order_by("number")] == [("person_deactivated", root), ("person_activated", root)]


def test_staff_without_the_permission_deactivate_nobody(acme, bo, signed_in):
    stan = UserFactory(account=acme, role="viewer", is_staff=True)

    in_admin(signed_in(stan), "deactivate", bo)

    assert now(bo).is_active


def test_the_admins_form_keeps_the_last_owner_and_records_what_it_changes(root, ola, bo, signed_in):
    client = signed_in(root)

    def save(person, **fields):
        sent = {"email": person.email, "name": person.name, "account": person.account_id, "role": person.role, "is_active": "on", **fields}
        return client.post(f"/admin/accounts/user/{person.pk}/change/", {k: v for k, v in sent.items() if v})

    for fields in ({"role": "viewer"}, {"is_active": ""}, {"account": ""}):
        answer = save(ola, **fields)
        assert answer.status_code == 200
        assert "only active owner" in answer.text
    assert (now(ola).role, now(ola).is_active, now(ola).account_id) == ("owner", True, ola.account_id)

    assert save(bo, name="Bo Lund", is_active="").status_code == 302
    assert save(ola, name="Ola B").status_code == 302
    assert kinds() == ["person_changed", "person_deactivated", "person_changed"]


def test_staff_of_an_account_do_not_change_a_superuser(acme, signed_in):
    from django.contrib.auth.models import Permission

    stan = UserFactory(account=acme, role="viewer", is_staff=True)
    stan.user_permissions.add(Permission.objects.get(codename="change_user"))
    chief = UserFactory(account=acme, is_superuser=True, is_staff=True)
    client = signed_in(stan)

    in_admin(client, "deactivate", chief)
    client.post(f"/admin/accounts/user/{chief.pk}/password/", {"password1": NEW, "password2": NEW, "usable_password": "true"})

    assert now(chief).is_active
    assert check_password(PASSWORD, now(chief).password)
