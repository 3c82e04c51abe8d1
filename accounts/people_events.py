"""What happens to the people of an account. These events concern no session: open pages get the bare number."""

from typing import ClassVar

from accounts.events import NewEvent


class PersonEvent(NewEvent):
    """`person` is the id of the person it is about."""

    BARE: ClassVar[bool] = True

    person: int


class PersonAdded(PersonEvent):
    """A person was added to the account."""

    KIND: ClassVar[str] = "person_added"

    role: str


class PersonChanged(PersonEvent):
    """A person's name or role was changed; `from_state` and `to_state` are the role, where that changed."""

    KIND: ClassVar[str] = "person_changed"

    fields: list[str]


class PersonDeactivated(PersonEvent):
    """A person was deactivated."""

    KIND: ClassVar[str] = "person_deactivated"


class PersonActivated(PersonEvent):
    """A person was activated again."""

    KIND: ClassVar[str] = "person_activated"


class PasswordSet(PersonEvent):
    """A person was given a new password, or chose one. The password is not part of it."""

    KIND: ClassVar[str] = "password_set"
