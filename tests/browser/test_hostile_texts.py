"""Markup in every text that people or a model can write, opened at every place that shows it: none of it is anything but text."""

import uuid

import pytest
from django.urls import reverse
from playwright.sync_api import expect

PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(2)>",
    "</script><script>alert(3)</script>",
    "</textarea><iframe src=javascript:alert(4)>",
    "<a href=javascript:alert(5) onmouseover=alert(5)>",
    "--></style></title><b onclick=alert(6)>",
]
# Anything that one of them would have become.
BORN = "img[src='x'], svg[onload], iframe, [onerror], [onload], [onmouseover], [onclick], a[href^='javascript:' i]"


class Hostile:
    """Instead of a flock of canaries: each text begins with markup, a different one from column to column."""

    def word(self, text):
        from tests.system.canaries import TEXTS

        return PAYLOADS[TEXTS.index(text) % len(PAYLOADS)]


@pytest.fixture
def world(cast, stage):
    from tests.system.canaries import mirror

    world = stage(lambda: mirror(uuid.uuid4().hex[:6], Hostile()))
    cast.people |= {"lea": world.lea, "bo": world.bo, "ana": world.ana}
    return world


def places(world):
    """By who reads them: an owner, and who claimed the session."""
    claimed = world.handoffs["claimed"]
    yield from (("lea", path) for path in read_by_lea(world, world.handoffs["open"], claimed))
    for name in ("session", "escalate", "status-update"):
        yield "bo", reverse(name, args=[claimed.session_id])
    yield "bo", reverse("handoff", args=[claimed.pk])


def read_by_lea(world, waiting, claimed):
    yield from (reverse(name) for name in ("dashboard", "queue", "sessions", "bell", "people", "account"))
    yield "/sessions/?show=all&q=Outlook"
    yield from (reverse("handoff", args=[handoff.pk]) for handoff in (waiting, claimed))
    yield from (reverse("session", args=[handoff.session_id]) for handoff in world.handoffs.values())
    yield reverse("person", args=[world.ana.pk])


def test_markup_in_any_text_is_shown_and_never_run(browsers, world, stage):
    ran, bare = [], []
    pages = {who: browsers.open(who, "") for who in ("lea", "bo")}
    for page in pages.values():
        page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))

    for who, path in places(world):
        page = pages[who]
        page.goto(path)
        # In a text, or in a field.
        if "alert(" not in page.content():
            bare.append(path)
        assert page.locator(BORN).count() == 0, path

    # What arrives over the socket is put into the page by script.
    page = pages["lea"]
    page.goto("/escalations/")
    shown = page.locator("li.card").count()
    stage(lambda: again(world))
    expect(page.locator("li.card")).to_have_count(shown + 1)
    assert page.locator(BORN).count() == 0
    assert ran == []
    assert bare == [], "these places show no text"


def again(world):
    from tests.factories import hand_off, make_session

    return hand_off(make_session(world.ana, title=PAYLOADS[1], client=PAYLOADS[0]), world.ana, needs=PAYLOADS[2])
