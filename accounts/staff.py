"""The admin, for staff. Superusers see all accounts; other staff only their own, and get a 404 for anything else.

What belongs to no account (jobs, groups, the circuit breaker) is for superusers, whatever permissions other staff have.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import FieldError, PermissionDenied
from django.db import DataError, NotSupportedError, ProgrammingError, transaction
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator

# What a filter in an address may raise when its query is made or run: for the year 0, an unfinished regular expression, half a range.
_BAD_FILTER = (
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
    *(FieldError, DataError, ProgrammingError, NotSupportedError),
)


class TolerantLists(admin.ModelAdmin):
    """Shows a list without filters, and says so, where a filter in the address can't be read. Django catches only some of them."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method != "GET" or not request.GET:
            return super().changelist_view(request, extra_context)
        try:
            # A savepoint, because PostgreSQL gives up the transaction in which a statement failed.
            with transaction.atomic():
                response = super().changelist_view(request, extra_context)
                if isinstance(response, TemplateResponse):
                    # Now, because the template runs most of the queries.
                    response.render()
        except _BAD_FILTER:
            response = None
        # Django's own answer leads to a list that shows everything and says nothing.
        if response is None or response.headers.get("Location") == f"{request.path}?{ERROR_FLAG}=1":
            messages.warning(request, "The filter in the address can't be read. These are all rows.")
            return HttpResponseRedirect(request.path)
        return response


class SuperusersOnly(admin.ModelAdmin):
    """For what belongs to no account."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser and super().has_module_permission(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser and super().has_view_permission(request, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser and super().has_add_permission(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser and super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser and super().has_delete_permission(request, obj))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The change view reads the row before it asks for permission."""
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.none()


class StaffSite(admin.AdminSite):
    site_header = "ResolutionFlow staff"
    site_title = "ResolutionFlow staff"
    index_title = "Accounts, people, sessions and handoffs"
    site_url = "/"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Libraries register their models without knowing of accounts: those are for superusers."""
        admin_class = admin_class or admin.ModelAdmin
        if not issubclass(admin_class, AccountScopedAdmin | SuperusersOnly):
            admin_class = type(admin_class.__name__, (SuperusersOnly, TolerantLists, admin_class), {"__module__": admin_class.__module__})
        super().register(model_or_iterable, admin_class, **options)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Staff sign in on the ordinary page, with the same rate limits. People who are signed in but not staff get a 403."""
        if request.user.is_authenticated:
            if self.has_permission(request):
                return redirect("admin:index")
            raise PermissionDenied
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"), reverse("account_login"))


class AccountScopedAdmin(TolerantLists):
    """Shows only rows of the user's own account, unless they are a superuser. `account_path` is the lookup of a row's account id."""

    account_path = "account_id"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        return rows.filter(**{self.account_path: getattr(request.user, "account_id", None) or -1})

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Only superusers can filter by account: the filter would show other staff the names of all accounts."""
        filters = super().get_list_filter(request)
        if request.user.is_superuser:
            return filters
        return [each for each in filters if not (isinstance(each, str) and each.split("__")[-1] == "account")]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Old links with an account filter keep working; `get_queryset` limits the rows anyway."""
        return lookup.endswith("account__exact") or super().lookup_allowed(lookup, value, request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """All staff can read; permissions to change things are granted one by one."""
        return bool(request.user.is_active and request.user.is_staff)

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        """Choices are limited to the account, too, so that a form never lists people of another one."""
        if not request.user.is_superuser:
            related: Any = db_field.related_model
            own = getattr(request.user, "account_id", None) or -1
            if db_field.name == "account":
                kwargs["queryset"] = related._default_manager.filter(pk=own)
            elif any(f.name == "account" for f in related._meta.get_fields()):
                kwargs["queryset"] = related._default_manager.filter(account_id=own)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ReadOnly(admin.ModelAdmin):
    """Read-only, because editing would break the audit trail. Staff change things through actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, AccountScopedAdmin):
    """What an account's staff can only read."""


class InstallationAdmin(ReadOnly, SuperusersOnly, TolerantLists):
    """What superusers can only read: it belongs to the whole installation."""
