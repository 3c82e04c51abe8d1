"""The secret key of an installation that was given none: made once, kept in a private file."""

import contextlib
import os
import secrets
from pathlib import Path


def kept_key(path: Path) -> str:
    """The key in `path`; makes it on first use. Of two processes that start together one makes it, whole, and both read that one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(60))
        # A link appears at once and whole, and fails where the other process was quicker.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
