"""Django's sign-in sessions in the database, except that a cookie that can't be a session key is never looked up."""

import re

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

# The keys that Django makes and that fit the column. PostgreSQL would answer a NUL with an error.
_KEY = re.compile(r"[a-zA-Z0-9]{8,40}", re.ASCII)


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


class SessionStore(DatabaseStore):
    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and is_key(key)
