"""The secret key of an installation without a configured one: generated once, stored in a private file."""

import contextlib
import os
import secrets
from pathlib import Path


def kept_key(path: Path) -> str:
    """The key in `path`; generated on first use. If two processes start at the same time, one creates the file and both read it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(60))
        # Linking is atomic, and fails if the other process was faster.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
