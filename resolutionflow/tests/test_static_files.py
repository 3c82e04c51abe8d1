"""Static files as production serves them: collected, with their hash in the name."""

import json
import re
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.core.management import call_command

from resolutionflow.staticfiles import StaticFilesFirst

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


@pytest.mark.slow
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


@pytest.mark.slow
def test_vendored_scripts_are_served_as_they_came(collected):
    root, hashed = collected
    for source in (SCRIPTS.parent / "vendor").glob("*.js"):
        assert (root / hashed[f"vendor/{source.name}"]).read_bytes() == source.read_bytes()


@pytest.fixture(scope="module")
def ask():
    """Asks `StaticFilesFirst`, with something behind it that answers 299: status, headers, body."""

    async def behind(scope, receive, send):
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"Django"})

    application = StaticFilesFirst(behind)

    @async_to_sync
    async def ask(path, method="GET", **headers):
        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        talk = ApplicationCommunicator(application, {"type": "http", "path": path, "method": method, "headers": given})
        await talk.send_input({"type": "http.request", "body": b""})
        start, rest = await talk.receive_output(5), await talk.receive_output(5)
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, rest["body"]

    return ask


def test_a_file_comes_whole_with_its_type_and_is_not_sniffed(ask):
    status, headers, body = ask("/static/js/workspace/jump.js")

    assert (status, body) == (200, (SCRIPTS / "workspace" / "jump.js").read_bytes())
    assert headers["content-type"].startswith("text/javascript")
    assert headers["content-length"] == str(len(body))
    assert headers["x-content-type-options"] == "nosniff"
    assert "max-age" in headers["cache-control"]


def test_what_has_not_changed_is_304_without_a_body(ask):
    _, headers, _ = ask("/static/js/workspace/jump.js")

    assert ask("/static/js/workspace/jump.js", if_none_match=headers["etag"])[::2] == (304, b"")


def test_head_has_no_body_and_other_methods_are_refused(ask):
    status, headers, body = ask("/static/js/workspace/jump.js", "HEAD")

    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0
    assert ask("/static/js/workspace/jump.js", "POST")[0] == 405


def test_a_range_of_bytes_is_a_part(ask):
    whole = (SCRIPTS / "workspace" / "jump.js").read_bytes()

    assert ask("/static/js/workspace/jump.js", range="bytes=0-9")[::2] == (206, whole[:10])
    assert ask("/static/js/workspace/jump.js", range="bytes=junk")[::2] == (200, whole)


@pytest.mark.parametrize("path", ["/", "/static/", "/static/nothing.js", "/static/../manage.py", "/static//etc/passwd", "/healthz"])
def test_everything_else_goes_on_to_django(ask, path):
    assert ask(path)[::2] == (299, b"Django")
