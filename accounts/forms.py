"""Forms about people. The verbs check names, email addresses and passwords."""

from typing import Any

from django import forms

from accounts.models import Role, User
from accounts.people_admin import assignable_roles
from accounts.verbs import Refused

_INPUT = {"class": "input"}
STRENGTH_HELP = "At least 10 characters. Not a common password, and not like the email address."


def _password(label: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={**_INPUT, "autocomplete": "new-password"})
    return forms.CharField(label=label, strip=False, max_length=1000, widget=widget, **options)


def _name(label: str = "Name") -> forms.CharField:
    required = {"required": "Enter a name."}
    # Names may be written from right to left.
    widget = forms.TextInput(attrs={**_INPUT, "autocomplete": "off", "dir": "auto"})
    return forms.CharField(label=label, max_length=120, error_messages=required, widget=widget)


class VerbForm(forms.Form):
    """A form that can show a verb's refusal: at the field it is about, or above all fields."""

    def refuse(self, refused: Refused) -> None:
        for name, texts in (refused.extra.get("fields") or {None: [refused.detail]}).items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


class NameForm(VerbForm):
    """Your own name."""

    name = _name("Name shown to colleagues")


class PersonForm(VerbForm):
    """Name and role of somebody, as far as `by` may change them. Nobody can change their own role."""

    name = _name()
    role = forms.ChoiceField(label="Role", error_messages={"required": "Choose a role."})

    def __init__(self, *args: Any, by: User, person: User | None = None, **kwargs: Any) -> None:
        if person is not None:
            kwargs["initial"] = {"name": person.name, "role": person.role}
        super().__init__(*args, **kwargs)
        self.person = person
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)
        if person is not None and person.pk == by.pk:
            # The field is disabled on the page. If another role is sent anyway, the verb refuses it.
            role.required, role.choices = False, Role.choices
            return
        role.choices = [(each.value, each.label) for each in assignable_roles(by.role)]
        role.error_messages["invalid_choice"] = (
            "Only owners can make someone an owner." if by.role != Role.OWNER else "Choose a role from the list."
        )

    def chosen_role(self) -> str:
        """The role that was sent, or their present one where the field was disabled."""
        return str(self.cleaned_data.get("role") or (self.person.role if self.person else ""))


class PasswordForm(VerbForm):
    """A new password, entered twice. Empty fields ask for a generated one."""

    password1 = _password("New password", required=False, help_text=f"{STRENGTH_HELP} Leave both fields empty to generate one.")
    password2 = _password("Repeat password", required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and cleaned.get("password1") != cleaned.get("password2"):
            self.add_error("password2", "The passwords don't match.")
        return cleaned

    def password(self) -> str | None:
        return self.cleaned_data["password1"] or None


class NewPersonForm(PasswordForm, PersonForm):
    email = forms.EmailField(
        label="Email address",
        max_length=254,
        widget=forms.EmailInput(attrs={**_INPUT, "autocomplete": "off"}),
        help_text="Used to sign in. Only staff can change it later.",
        error_messages={"required": "Enter an email address.", "invalid": "Enter a valid email address."},
    )
    password1 = _password("Password", required=False, help_text=f"{STRENGTH_HELP} Leave both fields empty to generate one.")
    field_order = ["name", "email", "role", "password1", "password2"]


class OwnPasswordForm(VerbForm):
    """Your own new password. It asks for the current one, because a browser may have been left open."""

    oldpassword = forms.CharField(
        label="Current password",
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={**_INPUT, "autocomplete": "current-password"}),
    )
    password1 = _password("New password", help_text=STRENGTH_HELP)
    password2 = _password("Repeat password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_oldpassword(self) -> str:
        if not self.user.check_password(self.cleaned_data["oldpassword"]):
            raise forms.ValidationError("That is not your current password.")
        return str(self.cleaned_data["oldpassword"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and cleaned["password1"] != cleaned["password2"]:
            self.add_error("password2", "The passwords don't match.")
        return cleaned
