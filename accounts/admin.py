from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from accounts.models import Account, Event, EventCounter, User
from accounts.staff import History, OfAccount


@admin.register(Account)
class AccountAdmin(OfAccount):
    account_path = "id"
    list_display = ["name", "slug", "active_people", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).annotate(_people=Count("people", filter=Q(people__is_active=True)))

    @admin.display(description="active people", ordering="_people")
    def active_people(self, obj: Any) -> int:
        return int(obj._people)


class PersonForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class NewPersonForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name", "account", "role"]


@admin.register(User)
class PersonAdmin(OfAccount, UserAdmin):
    form = PersonForm
    add_form = NewPersonForm
    list_display = ["name", "email", "account", "role", "is_active", "is_staff", "last_login"]
    list_filter = ["role", "is_active", "is_staff", "account"]
    search_fields = ["name", "email"]
    ordering = ["account", "name"]
    actions = ["deactivate", "activate"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        ("Place", {"fields": ["account", "role", "is_active"]}),
        ("Staff", {"fields": ["is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "account", "role", "usable_password", "password1", "password2"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only a superuser makes staff, or moves somebody to another account."""
        fields = list(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            fields += ["is_staff", "is_superuser", "groups", "user_permissions"] + (["account"] if obj else [])
        return fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The audit trail hangs on people: they are deactivated, never deleted."""
        return False

    @admin.action(description="Deactivate: sign out, no more notifications, no claims")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        changed = queryset.exclude(pk=request.user.pk or 0).update(is_active=False)
        self.message_user(request, f"{changed} deactivated. What they hold stays theirs until somebody releases it.")

    @admin.action(description="Activate")
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.message_user(request, f"{queryset.update(is_active=True)} activated.")


@admin.register(EventCounter)
class EventCounterAdmin(History):
    list_display = ["account", "last"]
    search_fields = ["account__name", "account__slug"]
    list_select_related = ["account"]


@admin.register(Event)
class EventAdmin(History):
    list_display = ["number", "at", "kind", "by", "from_state", "to_state", "account"]
    list_filter = ["kind", "account"]
    search_fields = ["session", "handoff", "by__name", "by__email"]
    date_hierarchy = "at"
    list_select_related = ["by", "account"]
