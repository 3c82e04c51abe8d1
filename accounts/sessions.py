"""Sign-in sessions in the database, as Django's; only a cookie that no session can have never gets as far as the query."""

import re

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

# What Django makes, and the column takes. Anything else in a cookie is nobody's key: PostgreSQL refuses a NUL with an error.
_KEY = re.compile(r"[a-zA-Z0-9]{8,40}", re.ASCII)


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


class SessionStore(DatabaseStore):
    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and is_key(key)
