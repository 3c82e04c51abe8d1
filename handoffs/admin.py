from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timesince import timesince

from accounts.models import User
from accounts.staff import ReadOnlyAdmin
from accounts.verbs import Refused
from handoffs import releasing
from handoffs.models import EntryJudgement, MissingEntry, SessionHandoff


@admin.register(SessionHandoff)
class HandoffAdmin(ReadOnlyAdmin):
    list_display = [
        "session",
        "account",
        "intent",
        "state",
        "priority",
        "author",
        "target",
        "claimed_by",
        "age",
        "assessment_state",
        "assessment_by",
    ]
    list_filter = ["state", "intent", "priority", "assessment_state", "assessment_by", "account"]
    search_fields = ["id", "session__title", "session__ticket", "session__client", "author__name", "claimed_by__name"]
    list_select_related = ["session", "account", "author", "target", "claimed_by"]
    date_hierarchy = "created_at"
    actions = ["release"]

    @admin.display(description="escalated", ordering="created_at")
    def age(self, obj: SessionHandoff) -> str:
        return f"{timesince(obj.created_at)} ago"

    @admin.action(description="Release to the queue", permissions=["view"])
    def release(self, request: HttpRequest, queryset: QuerySet[SessionHandoff]) -> None:
        """Uses the same verb as the pages, with its events. Handoffs that are not claimed stay as they are."""
        assert isinstance(request.user, User)
        released = 0
        for handoff in queryset:
            if handoff.state != SessionHandoff.State.CLAIMED:
                self.message_user(request, f"{handoff.session}: {handoff.get_state_display().lower()}, not claimed.", level="WARNING")
                continue
            result = releasing.release(handoff.pk, by=request.user, note="Released by staff")
            if isinstance(result, Refused):
                self.message_user(request, f"{handoff.session}: {result.detail}", level="WARNING")
            else:
                released += 1
        self.message_user(request, f"{released} released to the queue.")


@admin.register(EntryJudgement)
class EntryJudgementAdmin(ReadOnlyAdmin):
    list_display = ["text_begins", "part", "verdict", "note", "handoff_of", "made_by", "by", "at"]
    list_filter = ["verdict", "part", "account"]
    search_fields = ["text", "note", "handoff__session__title", "by__name"]
    list_select_related = ["handoff__session", "by"]
    date_hierarchy = "at"

    @admin.display(description="entry", ordering="text")
    def text_begins(self, obj: EntryJudgement) -> str:
        return _begins(obj.text)

    @admin.display(description="session", ordering="handoff__session__title")
    def handoff_of(self, obj: EntryJudgement) -> str:
        return str(obj.handoff.session)

    @admin.display(description="written by", ordering="handoff__assessment_by")
    def made_by(self, obj: EntryJudgement) -> str:
        return obj.handoff.assessment_by or "–"


@admin.register(MissingEntry)
class MissingEntryAdmin(ReadOnlyAdmin):
    list_display = ["text_begins", "step", "handoff_of", "by", "at"]
    list_filter = ["account"]
    search_fields = ["text", "handoff__session__title", "by__name"]
    list_select_related = ["handoff__session", "by"]
    date_hierarchy = "at"

    @admin.display(description="what was missing", ordering="text")
    def text_begins(self, obj: MissingEntry) -> str:
        return _begins(obj.text)

    @admin.display(description="session", ordering="handoff__session__title")
    def handoff_of(self, obj: MissingEntry) -> str:
        return str(obj.handoff.session)


def _begins(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:89]}…"
