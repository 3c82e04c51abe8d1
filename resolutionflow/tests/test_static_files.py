"""Static files as production serves them: collected, with their hash in the name."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

pytestmark = pytest.mark.slow

SCRIPTS = Path(settings.BASE_DIR) / "static" / "js"
# Both `import ... from "./x.js"` and `import("./x.js")`.
IMPORT = re.compile(r"""\bimport\b[^"';]*["'](\.\.?/.+?)["']""")


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """The folder that collectstatic fills, and the hashed name of each file."""
    from django.test import override_settings

    root = tmp_path_factory.mktemp("static")
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": "resolutionflow.staticfiles.HashedStaticFiles"}}
    with override_settings(STATIC_ROOT=root, STORAGES=storages):
        call_command("collectstatic", verbosity=0, interactive=False)
    return root, json.loads((root / "staticfiles.json").read_text())["paths"]


def imports_of(path):
    return [(path.parent / name).resolve() for name in IMPORT.findall(path.read_text())]


def test_every_import_between_scripts_leads_to_the_hashed_file(collected):
    root, hashed = collected
    followed = 0
    for source in SCRIPTS.rglob("*.js"):
        name = f"js/{source.relative_to(SCRIPTS)}"
        wanted = [root / hashed[f"js/{target.relative_to(SCRIPTS)}"] for target in imports_of(source)]

        assert imports_of(root / hashed[name]) == wanted, name
        assert all(target.is_file() for target in wanted)
        followed += len(wanted)
    assert followed > 40, "the imports were not found at all"


def test_vendored_scripts_are_served_as_they_came(collected):
    root, hashed = collected
    for source in (SCRIPTS.parent / "vendor").glob("*.js"):
        assert (root / hashed[f"vendor/{source.name}"]).read_bytes() == source.read_bytes()
