"""Sign-in by email address and password, required everywhere by default."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect

from accounts.answers import is_htmx, wants_json


class Adapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # The same text for unknown addresses, so that nobody can find out which addresses exist.
        "email_password_mismatch": "The email address or password is incorrect.",
        "too_many_login_attempts": "Too many attempts. Try again in 5 minutes, or ask an admin for a new password.",
        "incorrect_password": "That password is incorrect.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody can sign up: admins of the account or staff add people."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff without an account go to the admin, the only thing they can see."""
        if getattr(request.user, "account_id", None) is None:
            return resolve_url("admin:index")
        return super().get_login_redirect_url(request)


class SignInRequired(LoginRequiredMiddleware):
    """For signed-out requests: pages redirect to sign-in, HTMX gets `HX-Redirect` (the form must not land in a fragment), JSON 401."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:  # type: ignore[override]
        if wants_json(request):
            return JsonResponse({"error": "unauthenticated", "detail": "Sign in first."}, status=401)
        if is_htmx(request):
            return HttpResponseClientRedirect(resolve_url("account_login"))
        return super().handle_no_permission(request, view_func)
