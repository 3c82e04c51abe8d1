"""The walls between accounts in the staff's admin, and what it leaves to the verbs."""

import uuid
from collections import Counter
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from bs4 import BeautifulSoup
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import DateField
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from procrastinate.contrib.django import app as jobs
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Account, Event, SignInAttempt, User
from accounts.staff import AccountScopedAdmin
from assistant.models import CircuitBreaker
from escalations.models import ClaimTimes, KeptFigures, Seen
from flowpilot import lane
from flowpilot.models import AISession, Fix, SearchEntry
from handoffs.claiming import claim
from handoffs.models import EntryJudgement, MissingEntry, SessionHandoff
from tests.databases import existing, standing
from tests.factories import AccountFactory, UserFactory, hand_off, make_session
from tests.tenants import KINDS, SECRET, acme_at_work, state_of_everything, what_the_assistant_leaves

pytestmark = pytest.mark.slow

ROOMS = ("accounts", "flowpilot", "handoffs", "escalations")
# The counter is no record: a number per account, written with each event, with nothing in it to look at.
# Nor are counts of sign-in attempts, whose keys can't be read.
# Nor is the search's index: what it holds stands in the sessions that it was made of. Nor what is counted from events and kept.
NOT_FOR_STAFF: set[type] = {SearchEntry, CircuitBreaker, SignInAttempt, ClaimTimes, KeptFigures}
OURS = [model for room in ROOMS for model in apps.get_app_config(room).get_models() if model not in NOT_FOR_STAFF]
HISTORY = [model for model in OURS if model not in (Account, User)]


@pytest.fixture
def root(db):
    return UserFactory(name="Root Staff", email="root@resolutionflow.example", account=None, is_staff=True, is_superuser=True)


@pytest.fixture
def stan(acme):
    """Staff of acme, no superuser, no permission granted beyond."""
    return UserFactory(name="Stan Acme", email="stan@acme.example", account=acme, role="viewer", is_staff=True)


def both_at_work():
    """Acme at work, and rows of every model in both accounts."""
    acme_at_work()
    bo = User.objects.get(email="bo@acme.example")
    globex = AccountFactory(name="Globex IT", slug="globex-it")
    eve = UserFactory(name="Eve Stone", email="eve@globex.example", account=globex, role="owner")
    gil = UserFactory(name="Gil Globex", email="gil@globex.example", account=globex)
    foreign = make_session(eve, title="Globex secret", client="Globex secret client")
    Fix.objects.create(session=foreign, number=3, title="Globex secret fix")
    lane.add_fact(foreign.pk, by=eve, text="Globex secret fact")
    theirs = hand_off(foreign, eve, needs="Globex secret needs")
    Seen.objects.create(user=gil, handoff=theirs)
    Seen.objects.create(user=bo, handoff=SessionHandoff.objects.get(state="open", author__account=bo.account_id))
    for handoff, claimer in ((SessionHandoff.objects.get(state="claimed"), bo), (theirs, gil)):
        said = {"account_id": handoff.account_id, "handoff": handoff, "by": claimer, "generation": 1}
        EntryJudgement.objects.create(part="known", entry=0, verdict="wrong", text=f"{handoff.session.title} entry", **said)
        MissingEntry.objects.create(text=f"{handoff.session.title} missing", **said)
        what_the_assistant_leaves(handoff.session)


@pytest.fixture(scope="module")
def django_db_setup(django_db_setup, django_db_blocker):
    with standing(django_db_blocker, both_at_work):
        yield


acme = existing(Account, slug="acme-msp")
ana = existing(User, email="ana@acme.example")
bo = existing(User, email="bo@acme.example")
eve = existing(User, email="eve@globex.example")


@pytest.fixture
def both(bo, eve):
    """The rows of acme and of globex, by model, and the handoff of globex."""

    def rows(account_id):
        found = {}
        for model in OURS:
            path = getattr(admin.site.get_model_admin(model), "account_path", None)
            assert path, f"{model.__name__} is shown to staff without saying whose it is"
            found[model] = list(model._default_manager.filter(**{path: account_id}).order_by("pk"))
            assert found[model], f"no {model.__name__} to look at"
        return found

    return SimpleNamespace(ours=rows(bo.account_id), theirs=rows(eve.account_id), handoff=SessionHandoff.objects.get(author=eve))


def change_page(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def changelist(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def shown(page):
    """The ids of the rows of a changelist."""
    soup = BeautifulSoup(page.content, "html.parser")
    return {link["href"].split("/")[-3] for link in soup.select("#result_list tbody th a")}


def test_the_breaker_of_the_installation_is_for_superusers(stan, root, signed_in):
    CircuitBreaker.objects.create(key="openai")

    assert signed_in(root).get(changelist(CircuitBreaker)).status_code == 200
    assert signed_in(stan).get(changelist(CircuitBreaker)).status_code in (302, 403)


def foreign_models():
    """Models that belong to no account: of libraries, and of the installation."""
    return [model for model, found in admin.site._registry.items() if not isinstance(found, AccountScopedAdmin)]


def test_what_belongs_to_no_account_is_for_superusers_even_with_every_permission(stan, root, eve, signed_in):
    stan.user_permissions.set(Permission.objects.all())
    job = ProcrastinateJob.objects.get(pk=jobs.configure_task("flowpilot.write_notes").defer(session_id=str(uuid.uuid4())))
    breaker = CircuitBreaker.objects.create(key="openai")
    address = EmailAddress.objects.create(user=eve, email=eve.email)
    group = Group.objects.create(name="Everybody")
    client, all_seeing = signed_in(stan), signed_in(root)

    assert {ProcrastinateJob, CircuitBreaker, EmailAddress, Group} <= set(foreign_models())
    for row in (job, breaker, address, group):
        assert all_seeing.get(change_page(row)).status_code == 200
        for tail in ("change", "history", "delete"):
            assert client.get(change_page(row).replace("change", tail)).status_code in (302, 403)
            assert client.post(change_page(row).replace("change", tail), {"post": "yes"}).status_code in (302, 403)
        assert type(row)._default_manager.filter(pk=row.pk).exists()
    for model in foreign_models():
        assert client.get(changelist(model)).status_code == 403
        assert client.post(changelist(model), {"action": "abort", "_selected_action": [job.pk]}).status_code == 403
        assert client.get(changelist(model) + "add/").status_code == 403
    assert client.get("/admin/procrastinate/").status_code == 404
    assert "procrastinate" not in client.get("/admin/").text


# What the names of the admin's addresses end in; the models stand in front of them. One that is new must be entered here.
OF_A_ROW = {"change", "history", "delete"}
OF_A_LIST = {"changelist", "add"}
OF_THE_SITE = {
    "index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n", "view_on_site", "app_list",
    # Any other address, and the ones of Django's before 1.9, which have no name.
    None,
}  # fmt: skip
OF_ONE_MODEL = {"auth_user_password_change"}


def admin_names(resolver):
    for pattern in resolver.url_patterns:
        yield from admin_names(pattern) if isinstance(pattern, URLResolver) else [pattern.name]


def test_every_address_of_the_admin_is_of_a_known_kind():
    of_models = {
        f"{model._meta.app_label}_{model._meta.model_name}_{kind}" for model in admin.site._registry for kind in OF_A_ROW | OF_A_LIST
    }
    inside = next(pattern for pattern in get_resolver().url_patterns if getattr(pattern, "app_name", "") == "admin")

    assert set(admin_names(inside)) == of_models | OF_THE_SITE | OF_ONE_MODEL


def addresses_of_foreign_rows(both):
    for rows in both.theirs.values():
        kind = ContentType.objects.get_for_model(rows[0])
        yield from (change_page(rows[0]).replace("change", tail) for tail in OF_A_ROW)
        yield change_page(rows[0]).removesuffix("change/")
        yield reverse("admin:view_on_site", args=[kind.pk, rows[0].pk])
    yield reverse("admin:auth_user_password_change", args=[both.theirs[User][0].pk])


@pytest.mark.parametrize("who", ["staff", "colleague", "nobody", "deactivated"])
def test_no_method_and_no_permission_opens_a_foreign_row(both, stan, dana, signed_in, who):
    """As staff of acme who have every permission, as a colleague who is no staff, signed out, and as staff who were deactivated."""
    stan.user_permissions.set(Permission.objects.all())
    client = {"colleague": lambda: signed_in(dana), "nobody": Client}.get(who, lambda: signed_in(stan))()
    User.objects.filter(pk=stan.pk).update(is_active=who != "deactivated")
    before = state_of_everything()

    for where in addresses_of_foreign_rows(both):
        # The admin takes whatever is no POST for a GET.
        methods = ("get", "post") if who == "staff" else ("get",)
        for method in methods if "/user/" not in where else ("get", "post", "put", "delete", "head", "options"):
            answer = getattr(client, method)(where, **({"data": {"post": "yes", "name": "Taken"}} if method == "post" else {}))
            assert answer.status_code in (301, 302, 403, 404, 405), (where, method, answer.status_code)
            assert "Globex" not in answer.text
            assert "Eve Stone" not in answer.text
    assert state_of_everything() == before


BAD_VALUES = {
    "exact": ["x", "\x00"],
    "gt": ["9" * 400],
    "range": ["x"],
    "isnull": ["x"],
    "regex": ["("],
    "nothing": ["1"],
}
BAD_DATES = {"year": ["0", "9999", "99999"], "day": ["32"], "date": ["0000-00-00"]}


def fields_to_ask():
    """Of each model the fields of kinds that fewer than two models before it have: the same kind takes the same path through Django."""
    seen, chosen = Counter(), {}
    for model in admin.site._registry:
        kinds = {type(field): field for field in model._meta.concrete_fields}
        chosen[model] = [field for kind, field in kinds.items() if seen[kind] < 2]
        seen.update(kinds.keys())
    return chosen


@pytest.mark.parametrize(("model", "fields"), fields_to_ask().items(), ids=lambda each: getattr(each, "__name__", ""))
def test_no_filter_in_an_address_breaks_a_list(both, root, stan, signed_in, model, fields):
    asked = [{"o": "9" * 30}, {"p": "9" * 30}, {"p": "-1"}, {"q": "\x00"}, {"q": "'\""}, {"e": "1"}, {"_facets": "x"}]
    for field in fields:
        name = field.name
        values = BAD_VALUES | (BAD_DATES if isinstance(field, DateField) else {})
        asked += [{f"{name}__{lookup}": value} for lookup, each in values.items() for value in each]
        if isinstance(field, DateField):
            asked.append({f"{name}__year": "9999", f"{name}__month": "12", f"{name}__day": "31"})
            asked.append({f"{name}__month": "x", f"{name}__day": "x"})
    client = signed_in(root, raise_request_exception=False)

    broken = []
    for query in asked:
        answer = client.get(changelist(model), query)
        sound = answer["Location"] == changelist(model) if answer.status_code == 302 else answer.status_code in (200, 400)
        broken += [] if sound else [query]

    assert broken == []
    for who in (root, stan):
        assert signed_in(who).get(change_page(model(pk="9" * 30))).status_code in (302, 403, 404)


def test_a_filter_that_cannot_be_read_shows_all_rows_and_says_so(both, root, signed_in):
    page = signed_in(root).get(changelist(User), {"date_joined__year": "0"}, follow=True)

    assert page.redirect_chain[-1][0] == changelist(User)
    assert "can&#x27;t be read" in page.text
    assert shown(page)


def test_every_model_is_in_the_admin():
    assert [model.__name__ for model in OURS if not admin.site.is_registered(model)] == []


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_a_superuser_sees_all_accounts(both, root, signed_in, model):
    client = signed_in(root)
    page = client.get(changelist(model))

    assert page.status_code == 200
    assert shown(page) >= {str(row.pk) for row in both.ours[model] + both.theirs[model]}
    for row in (both.ours[model][0], both.theirs[model][0]):
        assert client.get(change_page(row)).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_other_staff_see_their_own_account_only(stan, both, signed_in, model):
    client = signed_in(stan)
    page = client.get(changelist(model))

    assert page.status_code == 200
    assert shown(page) == {str(row.pk) for row in both.ours[model]}
    assert client.get(change_page(both.ours[model][0])).status_code == 200
    for row in both.theirs[model]:
        for tail in ("change", "history", "delete"):
            answer = client.get(change_page(row).replace("change", tail))
            assert answer.status_code in (302, 403, 404)
            assert "Globex" not in answer.text


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_no_page_of_other_staff_names_a_foreign_account_or_person(both, stan, signed_in, model):
    client = signed_in(stan)

    for where_to in (changelist(model), change_page(both.ours[model][0])):
        assert "Globex" not in client.get(where_to).text
        assert "Eve Stone" not in client.get(where_to).text


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_a_foreign_filter_shows_other_staff_nothing(both, stan, eve, signed_in, model):
    path = admin.site.get_model_admin(model).account_path.removesuffix("_id").replace("id", "pk")

    page = signed_in(stan).get(changelist(model), {f"{path}__exact": eve.account_id, "q": "Globex"}, follow=True)

    assert page.status_code == 200
    assert not shown(page) & {str(row.pk) for row in both.theirs[model]}


@pytest.mark.parametrize("model", HISTORY, ids=lambda model: model.__name__)
def test_history_is_read_only_even_for_a_superuser(both, root, signed_in, model):
    client, row = signed_in(root), both.ours[model][0]
    before = state_of_everything()

    assert client.post(change_page(row), {"title": "Changed"}).status_code == 403
    assert client.get(changelist(model) + "add/").status_code == 403
    assert client.post(changelist(model) + "add/", {}).status_code == 403
    assert client.post(change_page(row).replace("change", "delete"), {"post": "yes"}).status_code == 403
    client.post(changelist(model), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert type(row)._default_manager.filter(pk=row.pk).exists()
    assert state_of_everything() == before


def test_a_person_is_never_deleted_in_the_admin(both, root, bo, signed_in):
    client = signed_in(root)

    assert client.post(reverse("admin:accounts_user_delete", args=[bo.pk]), {"post": "yes"}).status_code == 403
    client.post(changelist(User), {"action": "delete_selected", "_selected_action": [bo.pk], "post": "yes"})
    assert User.objects.filter(pk=bo.pk).exists()


@pytest.mark.parametrize("who", ["ana", "lea", "vic", "eve"])
def test_ordinary_people_do_not_enter_the_admin(both, signed_in, request, who):
    client = signed_in(request.getfixturevalue(who))

    for where_to in (
        "/admin/",
        changelist(User),
        changelist(SessionHandoff),
        change_page(both.ours[AISession][0]),
        "/admin/procrastinate/",
    ):
        answer = client.get(where_to)
        assert answer.status_code in (302, 404), where_to
        assert SECRET not in answer.text
    client.post(changelist(SessionHandoff), {"action": "release", "_selected_action": [row.pk for row in both.ours[SessionHandoff]]})
    assert SessionHandoff.objects.filter(state="claimed").count() == 1


def test_staff_who_are_deactivated_are_out(both, stan, signed_in):
    client = signed_in(stan)
    User.objects.filter(pk=stan.pk).update(is_active=False)

    assert client.get(changelist(User)).status_code == 302


@pytest.mark.parametrize("who", ["root", "stan"])
def test_release_in_the_admin_goes_through_the_verb(both, bo, dana, signed_in, request, who):
    staff = request.getfixturevalue(who)
    claimed, waiting = (SessionHandoff.objects.get(state=state, account_id=bo.account_id) for state in ("claimed", "open"))

    page = signed_in(staff).post(
        changelist(SessionHandoff), {"action": "release", "_selected_action": [claimed.pk, waiting.pk]}, follow=True
    )

    released = SessionHandoff.objects.get(pk=claimed.pk)
    assert (released.state, released.claimed_by) == ("open", None)
    event = Event.objects.get(kind="handoff_released")
    assert (event.handoff, event.by, event.from_state, event.to_state) == (released.pk, staff, "claimed", "open")
    assert AISession.objects.get(pk=released.session_id).status == "requesting_escalation"
    rows = signed_in(dana).get("/escalations/", headers=KINDS["JSON"]).json()["handoffs"]
    assert str(released.pk) in [row["id"] for row in rows]
    said = BeautifulSoup(page.content, "html.parser").find(class_="messagelist").text
    assert "1 released to the queue." in said
    assert "open, not claimed" in said


def test_staff_of_one_account_release_nothing_of_another(both, eve, stan, signed_in):
    gil = User.objects.get(email="gil@globex.example")
    claim(both.handoff.pk, by=gil)

    signed_in(stan).post(changelist(SessionHandoff), {"action": "release", "_selected_action": [both.handoff.pk]})

    assert SessionHandoff.objects.get(pk=both.handoff.pk).state == "claimed"


def test_other_staff_cannot_make_themselves_more(both, stan, signed_in):
    from django.contrib.auth.models import Permission

    stan.user_permissions.add(Permission.objects.get(codename="change_user"))
    client = signed_in(stan)
    form = {
        "email": stan.email,
        "name": "Stan",
        "account": both.theirs[Account][0].pk,
        "role": "owner",
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
    }

    client.post(change_page(stan), form)

    now = User.objects.get(pk=stan.pk)
    assert (now.is_superuser, now.account_id) == (False, stan.account_id)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_a_nul_in_the_admins_search_is_no_500(both, root, signed_in, model):
    assert signed_in(root).get(changelist(model), {"q": "a\x00b"}).status_code < 500


@pytest.mark.parametrize(
    "path",
    [
        "accounts/user/?role__exact=%00",
        "handoffs/sessionhandoff/?state__exact=%00",
        "accounts/event/?kind=%00",
        "accounts/event/?kind=%0%000",
    ],
)
def test_a_nul_in_the_admins_filters_is_no_500(both, root, signed_in, path):
    assert signed_in(root, raise_request_exception=False).get(f"/admin/{path}").status_code < 500
