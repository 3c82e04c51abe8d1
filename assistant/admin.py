from django.contrib import admin

from accounts.staff import InstallationAdmin, ReadOnlyAdmin
from assistant.models import AssistantCall, CircuitBreaker, DailyUsage


@admin.register(AssistantCall)
class CallAdmin(ReadOnlyAdmin):
    """What the model costs, and how its calls ended."""

    list_display = ["at", "account", "job", "model", "outcome", "input_tokens", "output_tokens", "seconds"]
    list_filter = ["outcome", "job", "model", "account"]
    search_fields = ["model", "session_id"]
    list_select_related = ["account"]
    date_hierarchy = "at"


@admin.register(DailyUsage)
class DailyUsageAdmin(ReadOnlyAdmin):
    """How much of its daily limits each account has used."""

    list_display = ["day", "account", "calls", "tokens"]
    list_filter = ["account"]
    list_select_related = ["account"]
    date_hierarchy = "day"


@admin.register(CircuitBreaker)
class CircuitBreakerAdmin(InstallationAdmin):
    """The provider serves the whole installation."""

    list_display = ["key", "failures", "why", "open_until"]
