"""Forms about sessions. Django's fields refuse NUL; lengths are those of the models."""

from typing import Any

from django import forms

from flowpilot.models import Priority

LONGEST = 100_000


class PriorityField(forms.ChoiceField):
    """`low`, `normal`, `high` or `urgent`; cleans to the number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[(p.slug, p.label) for p in Priority], **kwargs)

    def clean(self, value: object) -> int | None:
        word = super().clean(value)
        return int(Priority.from_slug(word)) if word else None


class IntakeForm(forms.Form):
    text = forms.CharField(label="What is the problem?", max_length=LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 6}))
    log = forms.CharField(label="Log or error text", max_length=LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    title = forms.CharField(label="Title", max_length=200, required=False)
    client = forms.CharField(label="Client", max_length=120, required=False)
    ticket = forms.CharField(label="Ticket reference", max_length=60, required=False)
    priority = PriorityField(label="Priority", initial="normal", required=False)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not cleaned.get("text") and not cleaned.get("log") and not self.errors:
            self.add_error("text", "Describe the problem, or paste a log.")
        return cleaned


class MessageForm(forms.Form):
    text = forms.CharField(max_length=LONGEST, error_messages={"required": "Write something first."})
    kind = forms.ChoiceField(choices=[("message", "Message"), ("note", "Note")], required=False)


class TaskForm(forms.Form):
    action = forms.ChoiceField(choices=[("done", "Done"), ("skip", "Skip"), ("reopen", "Reopen")])
    answer = forms.CharField(max_length=LONGEST, required=False)


class FactForm(forms.Form):
    text = forms.CharField(max_length=600, error_messages={"required": "Write a fact first."})
    step = forms.IntegerField(required=False, min_value=1)


class FixForm(forms.Form):
    outcome = forms.ChoiceField(
        choices=[(w, w) for w in ("applied", "worked", "failed", "partial", "dismissed")],
        error_messages={"required": "Choose an outcome."},
    )
    note = forms.CharField(max_length=2000, required=False)


class ProposalForm(forms.Form):
    decision = forms.ChoiceField(choices=[("accept", "Accept"), ("dismiss", "Dismiss")])
    text = forms.CharField(max_length=600, required=False)


class NotesForm(forms.Form):
    notes = forms.CharField(max_length=LONGEST, required=False)
