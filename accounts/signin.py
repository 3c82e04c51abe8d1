"""Sign-in: by e-mail address and password, required everywhere by default."""

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
        # The same words for an address that nobody has: which of the two it was is nobody's business.
        "email_password_mismatch": "The email address or password is incorrect.",
        "too_many_login_attempts": "Too many attempts. Try again in 5 minutes, or ask an admin for a new password.",
        "incorrect_password": "That password is incorrect.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are added by their account's admins or by staff, never by themselves."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff of no account have nothing to see but the admin."""
        if getattr(request.user, "account_id", None) is None:
            return resolve_url("admin:index")
        return super().get_login_redirect_url(request)


class SignInRequired(LoginRequiredMiddleware):
    """Signed out: a page answers 302 to sign-in, HTMX `HX-Redirect` (a redirect would put the form into the fragment), JSON 401."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:  # type: ignore[override]
        if wants_json(request):
            return JsonResponse({"error": "unauthenticated", "detail": "Sign in first."}, status=401)
        if is_htmx(request):
            return HttpResponseClientRedirect(resolve_url("account_login"))
        return super().handle_no_permission(request, view_func)
