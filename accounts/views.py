"""The account page: your own name and password. static/js/browser-settings.js handles the settings of the browser."""

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import attempts
from accounts.answers import invalid, person_json, toast, too_many, wants_json
from accounts.forms import NameForm, OwnPasswordForm
from accounts.models import User
from accounts.people_admin import change_own_name, change_own_password
from accounts.verbs import Refused


def _me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The page. POST changes the name."""
    user = _me(request)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        renamed = change_own_name(by=user, name=form.cleaned_data["name"])
        if not isinstance(renamed, Refused):
            if wants_json(request):
                return JsonResponse({"person": person_json(renamed)})
            toast(request, f"Your name is now {renamed}.")
            return redirect("account")
        form.refuse(renamed)
    if form.errors and wants_json(request):
        return invalid(form)
    return render(request, "account/account.html", {"form": form}, status=422 if form.errors else 200)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Changes your own password. Other browsers are signed out at their next request; this one stays signed in."""
    user = _me(request)
    form = OwnPasswordForm(request.POST if request.method == "POST" else None, user=user)
    attempt = None
    if request.method == "POST" and request.POST.get("oldpassword"):
        browser = request.COOKIES.get(attempts.COOKIE, "")
        attempt = attempts.begin(user.email, address=attempts.client_address(request), browser=browser)
        if isinstance(attempt, Refused):
            return too_many(request, attempt)
        if "oldpassword" not in form.errors:
            attempt.take_back()
    if request.method == "POST" and form.is_valid():
        changed = change_own_password(by=user, password=form.cleaned_data["password1"])
        if not isinstance(changed, Refused):
            update_session_auth_hash(request, changed)
            if wants_json(request):
                return JsonResponse({"person": person_json(changed)})
            toast(request, "Password changed. You've been signed out of your other browsers.")
            return redirect("account")
        form.refuse(changed)
    if form.errors and wants_json(request):
        return invalid(form)
    return render(request, "account/password.html", {"form": form}, status=422 if form.errors else 200)
