from django.contrib import admin

from accounts.staff import ReadOnlyAdmin
from escalations.models import Notification, Seen


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["title", "user", "account", "kind", "created_at", "read_at"]
    list_filter = ["kind", "account", ("read_at", admin.EmptyFieldListFilter)]
    search_fields = ["title", "user__name", "user__email"]
    list_select_related = ["user", "account"]
    date_hierarchy = "created_at"


@admin.register(Seen)
class SeenAdmin(ReadOnlyAdmin):
    account_path = "user__account_id"
    list_display = ["user", "handoff", "at"]
    list_filter = ["user__account"]
    search_fields = ["user__name", "handoff__session__title"]
    list_select_related = ["user", "handoff"]
