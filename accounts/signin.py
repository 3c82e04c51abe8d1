"""Sign-in by email address and password, required everywhere by default."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.views import LoginView, ReauthenticateView
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect

from accounts import attempts
from accounts.answers import is_htmx, wants_json
from accounts.models import User
from accounts.verbs import Refused


class Adapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # The same text for unknown addresses, so that nobody can find out which addresses exist.
        "email_password_mismatch": "The email address or password is incorrect.",
        "incorrect_password": "That password is incorrect.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody can sign up: admins of the account or staff add people."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Every form of allauth that asks for a password comes here: its own limits count per process."""
        return _allowed(self._check(request, credentials["email"], credentials["password"]))

    def reauthenticate(self, user: User, password: str) -> bool:
        found = _allowed(self._check(self.request, user.email, password))
        return found is not None and found.pk == user.pk

    def _check(self, request: HttpRequest, email: str, password: str) -> User | Refused | None:
        AuthenticationBackend.unstash_authenticated_user()
        browser = request.COOKIES.get(attempts.COOKIE, "")
        found = attempts.check(email, password, address=attempts.client_address(request), browser=browser, request=request)
        # With the right password, somebody who is deactivated reads that on a page of its own.
        return found or AuthenticationBackend.unstash_authenticated_user()

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        response = super().post_login(request, user, **details)
        attempts.remember_browser(request, response, user)
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff without an account go to the admin, the only thing they can see."""
        if getattr(request.user, "account_id", None) is None:
            return resolve_url("admin:index")
        return super().get_login_redirect_url(request)


def _allowed(found: User | Refused | None) -> User | None:
    if isinstance(found, Refused):
        raise ValidationError(found.detail, code=found.error, params=found.extra)
    return found


class TooManyAttempts:
    """For the views that ask for a password: 429 where the form was refused for too many attempts. What was typed stays."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        for refused in form.errors.as_data().values():
            for error in refused:
                if error.code == "too_many":
                    response.status_code = 429
                    response["Retry-After"] = str((error.params or {})["retry_after"])
        return response


class SignIn(TooManyAttempts, LoginView):
    pass


class ConfirmPassword(TooManyAttempts, ReauthenticateView):
    pass


class SignInRequired(LoginRequiredMiddleware):
    """For signed-out requests: pages redirect to sign-in, HTMX gets `HX-Redirect` (the form must not land in a fragment), JSON 401."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:  # type: ignore[override]
        if wants_json(request):
            return JsonResponse({"error": "unauthenticated", "detail": "Sign in first."}, status=401)
        if is_htmx(request):
            return HttpResponseClientRedirect(resolve_url("account_login"))
        return super().handle_no_permission(request, view_func)
