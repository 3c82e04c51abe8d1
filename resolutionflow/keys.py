"""The secret key of an installation that was given none: made once, kept in a private file."""

import os
import secrets
from pathlib import Path


def kept_key(path: Path) -> str:
    """The key in `path`; makes it on first use. Two processes that start together agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(60))
    key = path.read_text().strip()
    # The other process has made the file and not yet written it: so short a key would be no key at all.
    return key or kept_key_again(path)


def kept_key_again(path: Path) -> str:
    path.unlink(missing_ok=True)
    return kept_key(path)
