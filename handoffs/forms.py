from typing import Any

from django import forms

from accounts.models import User
from accounts.people import who_may_claim
from flowpilot.forms import LONGEST, PriorityField
from handoffs.judging import LONGEST_MISSING, LONGEST_NOTE
from handoffs.taking_over import REASON_REQUIRED


class EscalateForm(forms.Form):
    reason = forms.CharField(
        label="What I need",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write what you need: one question that a colleague can answer."},
    )
    priority = PriorityField(label="Priority", required=False)
    target = forms.ModelChoiceField(
        label="Assign to someone?",
        queryset=User.objects.none(),
        required=False,
        error_messages={"invalid_choice": "Choose a colleague who can claim."},
    )
    fix_outcome = forms.ChoiceField(
        label="Did the fix work?",
        choices=[("", ""), ("worked", "Worked"), ("partial", "In part"), ("failed", "Did not work"), ("dismissed", "Not applied")],
        required=False,
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["target"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = who_may_claim(by.account_id or -1).exclude(pk=by.pk)


class NoteForm(forms.Form):
    note = forms.CharField(max_length=4000, required=False)


class TakeOverForm(forms.Form):
    reason = forms.CharField(max_length=1000, error_messages={"required": REASON_REQUIRED})


class ParkForm(forms.Form):
    reason = forms.CharField(max_length=4000, required=False)


class StatusUpdateForm(forms.Form):
    context = forms.ChoiceField(choices=[("progress", "Progress"), ("escalation", "Escalation"), ("resolution", "Resolution")])
    audience = forms.ChoiceField(choices=[("ticket", "Ticket notes"), ("client", "Client"), ("email", "Email")], required=False)
    length = forms.ChoiceField(choices=[("short", "Short"), ("long", "Long")], required=False)
    text = forms.CharField(max_length=LONGEST, required=False)


class JudgeForm(forms.Form):
    part = forms.CharField(max_length=20, error_messages={"required": "Choose a part."})
    entry = forms.IntegerField(
        min_value=0, max_value=1000, required=False, error_messages={"invalid": "Enter the number of the entry, from 0."}
    )
    verdict = forms.CharField(max_length=20, error_messages={"required": "Choose right or wrong."})
    note = forms.CharField(max_length=LONGEST_NOTE, required=False)
    # The generation that the page showed.
    generation = forms.IntegerField(min_value=0, max_value=10**6, required=False)

    def clean_entry(self) -> int:
        """`entry` is optional for parts with only one entry (cause, summary)."""
        return self.cleaned_data["entry"] or 0


class MissingForm(forms.Form):
    text = forms.CharField(max_length=LONGEST_MISSING, error_messages={"required": "Write what was missing."})
    step = forms.IntegerField(min_value=1, max_value=10**6, required=False, error_messages={"invalid": "Enter the number of a step."})
    generation = forms.IntegerField(min_value=0, max_value=10**6, required=False)
