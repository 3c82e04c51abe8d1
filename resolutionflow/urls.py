from allauth.account import views as account
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from accounts.signin import ConfirmPassword, SignIn
from resolutionflow import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
    path("accounts/login/", login_not_required(SignIn.as_view()), name="account_login"),
    path("accounts/logout/", login_not_required(account.logout), name="account_logout"),
    path("accounts/inactive/", login_not_required(account.account_inactive), name="account_inactive"),
    path("accounts/reauthenticate/", ConfirmPassword.as_view(), name="account_reauthenticate"),
    path("", include("accounts.urls")),
    path("", include("flowpilot.urls")),
    path("", include("handoffs.urls")),
    path("", include("escalations.urls")),
]

handler400 = "accounts.answers.bad_request"
handler403 = "accounts.answers.forbidden"
handler404 = "accounts.answers.not_found"
handler500 = "accounts.answers.failed"
