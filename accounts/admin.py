from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest

from accounts import people_admin
from accounts.models import Account, Event, EventCounter, Role, User
from accounts.people import read_person
from accounts.people_admin import ADDRESS_REFUSED, is_only_owner, lock_people
from accounts.staff import AccountScopedAdmin, ReadOnlyAdmin
from accounts.verbs import Refused
from redaction.invisible import one_line


class VisibleText:
    """For forms with a name or an email address: stores them as the verbs do."""

    def clean_name(self) -> str:
        name = one_line(self.cleaned_data["name"])  # type: ignore[attr-defined]
        if not name:
            raise ValidationError("Enter a name.")
        return name

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])  # type: ignore[attr-defined]
        if one_line(email) != email:
            raise ValidationError(ADDRESS_REFUSED)
        # Django's own check would say that somebody has it, whichever account they are in.
        others = User.objects.alias(lower=Lower("email")).filter(lower=email.lower())
        if others.exclude(pk=self.instance.pk).exists():  # type: ignore[attr-defined]
            raise ValidationError(ADDRESS_REFUSED)
        return email.lower()


class AccountForm(VisibleText, forms.ModelForm):
    class Meta:
        model = Account
        fields = ["name", "slug", "created_at"]


@admin.register(Account)
class AccountAdmin(AccountScopedAdmin):
    form = AccountForm
    account_path = "id"
    list_display = ["name", "slug", "active_people", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).annotate(_people=Count("people", filter=Q(people__is_active=True)))

    @admin.display(description="active people", ordering="_people")
    def active_people(self, obj: Any) -> int:
        return int(obj._people)


class PersonForm(VisibleText, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        """Keeps the last active owner of an account an active owner."""
        cleaned = super().clean() or {}
        before = read_person(self.instance.pk)
        if before is None or not before.account_id:
            return cleaned
        lock_people(before.account_id)
        account = cleaned.get("account", self.instance.account)
        stays = cleaned.get("role", before.role) == Role.OWNER and cleaned.get("is_active", before.is_active)
        if is_only_owner(before) and not (stays and account and account.pk == before.account_id):
            raise ValidationError("This is the only active owner of the account. Make someone else an owner first.")
        return cleaned


class NewPersonForm(VisibleText, AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name", "account", "role"]


@admin.register(User)
class PersonAdmin(AccountScopedAdmin, UserAdmin):
    form = PersonForm
    add_form = NewPersonForm
    list_display = ["name", "email", "account", "role", "is_active", "is_staff", "last_login"]
    list_filter = ["role", "is_active", "is_staff", "account"]
    search_fields = ["name", "email"]
    ordering = ["account", "name"]
    actions = ["deactivate", "activate"]
    readonly_fields = ["last_login", "last_here_at", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        ("Account and role", {"fields": ["account", "role", "is_active"]}),
        ("Staff", {"fields": ["is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "last_here_at", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "account", "role", "usable_password", "password1", "password2"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only a superuser makes staff, or moves somebody to another account."""
        fields = list(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            fields += ["is_staff", "is_superuser", "groups", "user_permissions"] + (["account"] if obj else [])
        return fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Records the same events as the people page."""
        assert isinstance(request.user, User)
        before = read_person(obj.pk) if change else None
        super().save_model(request, obj, form, change)
        people_admin.record_saved(before, obj, by=request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The audit trail refers to people, so they are deactivated, never deleted."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Anyone who can set a superuser's password could sign in as one."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    @admin.action(description="Deactivate (sign out, stop notifications and claims)", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset.filter(is_active=True), people_admin.deactivate, "{} deactivated. Their sessions were reassigned.")

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset.filter(is_active=False), people_admin.activate, "{} activated.")

    def _each(self, request: HttpRequest, people: QuerySet[User], verb: Callable[..., User | Refused], said: str) -> None:
        """Uses the same verbs as the people page, with their events; each refusal becomes a message."""
        done = 0
        for pk in list(people.values_list("pk", flat=True)):
            result = verb(pk, by=request.user, staff=True)
            if isinstance(result, Refused):
                self.message_user(request, result.detail, messages.WARNING)
            else:
                done += 1
        self.message_user(request, said.format(done))


@admin.register(EventCounter)
class EventCounterAdmin(ReadOnlyAdmin):
    list_display = ["account", "last"]
    search_fields = ["account__name", "account__slug"]
    list_select_related = ["account"]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["number", "at", "kind", "by", "from_state", "to_state", "account"]
    list_filter = ["kind", "account"]
    search_fields = ["session", "handoff", "by__name", "by__email"]
    date_hierarchy = "at"
    list_select_related = ["by", "account"]
