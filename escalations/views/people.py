"""The people of an account: everybody sees who is online and how busy they are; admins and owners manage them."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import people_admin
from accounts.answers import invalid, person_json, refuse, toast, wants_json
from accounts.forms import NewPersonForm, PasswordForm, PersonForm, VerbForm
from accounts.models import Role, User
from accounts.people import availability_of, read_person
from accounts.people_admin import Access
from accounts.permissions import LEADS
from accounts.verbs import Refused
from flowpilot.models import AISession
from flowpilot.views.answering import person as me
from flowpilot.workload import with_availability
from handoffs.leaving import heir_of

MOST_HELD = 20


def _colleague(request: HttpRequest, pk: int) -> User:
    """A person of the same account, or 404. Every view here uses it."""
    user = me(request)
    found = User.objects.filter(pk=pk, account_id=user.account_id).first() if user.account_id else None
    if found is None:
        raise Http404
    return found


def _refuse_others(request: HttpRequest) -> HttpResponse | None:
    if me(request).role in LEADS and me(request).account_id:
        return None
    return refuse(request, Refused("not_allowed", "Only admins and owners can manage people."), back="/people/", back_text="Back to people")


def _why_read_only(user: User, person: User) -> str:
    """Why `user` can't change this person; empty where they can. The verbs check it again."""
    if person.pk != user.pk and (person.is_staff or person.is_superuser):
        return "This person is staff. Only staff can change them."
    return "Only owners can change owners." if person.role == Role.OWNER and user.role != Role.OWNER else ""


# --- everybody ----------------------------------------------------------------------------------------------------


def _people_context(user: User) -> dict[str, Any]:
    of_account = User.objects.filter(account_id=user.account_id or -1)
    people = with_availability(of_account.filter(is_active=True))
    is_lead = user.role in LEADS
    return {
        "people": people,
        "online": len([each for each in people if each.state.online]),  # type: ignore[attr-defined]
        "inactive": with_availability(of_account.filter(is_active=False)) if is_lead else [],
        "is_lead": is_lead,
    }


def _json(person: Any) -> dict[str, Any]:
    return {
        **(person_json(person) or {}),
        "email": person.email,
        "role": person.role,
        "active": person.is_active,
        "state": person.state.kind,
        "busy_with": person.state.busy_with,
        "last_here_at": person.last_here_at.isoformat() if person.last_here_at else None,
    }


def _json_now(person: User) -> dict[str, Any]:
    (fresh,) = with_availability(User.objects.filter(pk=person.pk))
    return _json(fresh)


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """The people of the account, with inactive ones for admins and owners. Staff without an account are redirected to the admin."""
    user = me(request)
    if wants_json(request):
        found = _people_context(user)
        return JsonResponse({"people": [_json(each) for each in found["people"] + found["inactive"]]})
    if user.account_id is None:
        return redirect("admin:index")
    return render(request, "people/people.html", _people_context(user))


@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The active people as a fragment, which the open page fetches regularly to keep it current."""
    return render(request, "people/people.html#rows", _people_context(me(request)))


# --- one ----------------------------------------------------------------------------------------------------------


def _page(request: HttpRequest, person: User, *, status: int = 200, refused: str = "", **forms: VerbForm) -> HttpResponse:
    """The page of one person, with the forms as sent, or new ones."""
    user = me(request)
    held = AISession.objects.in_progress_with(person).order_by("-updated_at", "pk")
    active = held.active()
    busy_with = active.count()
    acting = read_person(user)
    context = {
        "person": person,
        "state": availability_of(person, busy_with=busy_with),
        "own": person.pk == user.pk,
        "why_read_only": _why_read_only(user, person),
        "held": held[:MOST_HELD],
        "active": busy_with,
        "heir": heir_of(person.account_id, leaver_id=person.pk, by=acting) if acting and person.account_id else None,
        "parked": held.filter(status=AISession.Status.PAUSED).count(),
        "refused": refused,
        "form": forms.get("form") or PersonForm(by=user, person=person),
        "password_form": forms.get("password_form") or PasswordForm(),
    }
    return render(request, "people/person.html", context, status=status)


def _answer(request: HttpRequest, person: User, result: Any, said: str) -> HttpResponse:
    """The answer to a form on a person's page."""
    if isinstance(result, Refused):
        if wants_json(request) or result.error == "not_found":
            return refuse(request, result, back="/people/", back_text="Back to people")
        person.refresh_from_db()
        return _page(request, person, status=result.status, refused=result.detail)
    if wants_json(request):
        return JsonResponse(_json_now(person))
    toast(request, said.format(name=result))
    return redirect("person", pk=person.pk)


@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """A person's page, for admins and owners. POST `name` and `role` to change them."""
    person = _colleague(request, pk)
    if refusal := _refuse_others(request):
        return refusal
    if request.method == "GET":
        return _page(request, person)
    if why := _why_read_only(me(request), person):
        return _answer(request, person, Refused("not_allowed", why), "")
    form = PersonForm(request.POST, by=me(request), person=person)
    if form.is_valid():
        changed = people_admin.change(pk, by=me(request), name=form.cleaned_data["name"], role=form.chosen_role())
        if not (isinstance(changed, Refused) and changed.error == "invalid"):
            return _answer(request, person, changed, "{name} saved.")
        form.refuse(changed)
    return invalid(form) if wants_json(request) else _page(request, person, status=422, form=form)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """GET the form; POST adds a person. A generated password is shown in this answer and nowhere else."""
    if refusal := _refuse_others(request):
        return refusal
    user = me(request)
    form = NewPersonForm(request.POST if request.method == "POST" else None, by=user, initial={"role": Role.ENGINEER})
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        added = people_admin.add(by=user, name=sent["name"], email=sent["email"], role=sent["role"], password=form.password())
        if not isinstance(added, Refused):
            return _with_access(request, added, f"{added.person} added.", status=201)
        if added.error != "invalid":
            return refuse(request, added, back="/people/", back_text="Back to people")
        form.refuse(added)
    if form.errors and wants_json(request):
        return invalid(form)
    return render(request, "people/add.html", {"form": form}, status=422 if form.errors else 200)


@sensitive_post_parameters()
@require_POST
def password(request: HttpRequest, pk: int) -> HttpResponse:
    """Sets a new password, entered or generated, which signs the person out everywhere."""
    person = _colleague(request, pk)
    if refusal := _refuse_others(request):
        return refusal
    form = PasswordForm(request.POST)
    if form.is_valid():
        given = people_admin.set_password(pk, by=me(request), password=form.password())
        if isinstance(given, Access):
            return _with_access(request, given, f"{given.person} has a new password.")
        if given.error != "invalid":
            return _answer(request, person, given, "")
        form.refuse(given)
    return invalid(form) if wants_json(request) else _page(request, person, status=422, password_form=form)


@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Deactivates a person. Their sessions are reassigned."""
    person = _colleague(request, pk)
    if refusal := _refuse_others(request):
        return refusal
    return _answer(request, person, people_admin.deactivate(pk, by=me(request)), "{name} deactivated.")


@require_POST
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    """Lets a person sign in again."""
    person = _colleague(request, pk)
    if refusal := _refuse_others(request):
        return refusal
    return _answer(request, person, people_admin.activate(pk, by=me(request)), "{name} activated.")


def _with_access(request: HttpRequest, access: Access, said: str, *, status: int = 200) -> HttpResponse:
    """Shows a generated password, in an answer that must not be stored."""
    if wants_json(request):
        response: HttpResponse = JsonResponse({**_json_now(access.person), "password": access.generated or None}, status=status)
    elif access.generated:
        response = render(request, "people/access.html", {"person": access.person, "made": access.generated, "said": said})
    else:
        toast(request, said)
        return redirect("people") if status == 201 else redirect("person", pk=access.person.pk)
    response["Cache-Control"] = "no-store"
    return response
