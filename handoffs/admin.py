from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timesince import timesince

from accounts.models import User
from accounts.staff import History
from accounts.verbs import Refused
from handoffs.models import SessionHandoff


@admin.register(SessionHandoff)
class HandoffAdmin(History):
    list_display = ["session", "account", "intent", "state", "priority", "author", "target", "claimed_by", "age", "assessment_state"]
    list_filter = ["state", "intent", "priority", "assessment_state", "account"]
    search_fields = ["id", "session__title", "session__ticket", "session__client", "author__name", "claimed_by__name"]
    list_select_related = ["session", "account", "author", "target", "claimed_by"]
    date_hierarchy = "created_at"
    actions = ["release"]

    @admin.display(description="handed off", ordering="created_at")
    def age(self, obj: SessionHandoff) -> str:
        return f"{timesince(obj.created_at)} ago"

    @admin.action(description="Release to the queue", permissions=["view"])
    def release(self, request: HttpRequest, queryset: QuerySet[SessionHandoff]) -> None:
        """Through the same verb as everybody: what is not claimed stays as it is, and each release is told and recorded."""
        assert isinstance(request.user, User)
        released = 0
        for handoff in queryset:
            if handoff.state != SessionHandoff.State.CLAIMED:
                self.message_user(request, f"{handoff.session}: it is {handoff.get_state_display().lower()}, not claimed.", level="WARNING")
                continue
            result = SessionHandoff.objects.release(handoff.pk, by=request.user, note="Released by staff")
            if isinstance(result, Refused):
                self.message_user(request, f"{handoff.session}: {result.detail}", level="WARNING")
            else:
                released += 1
        self.message_user(request, f"{released} released to the queue.")
