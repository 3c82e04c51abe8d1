"""What axe finds on the pages of the main job, in both themes; and that nothing sticks out of a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe


@pytest.fixture
def pages(cast, stage):
    handoff = cast.handoff()
    mine = cast.session(by="bo")
    return {
        "home": "/",
        "queue": "/escalations/",
        "context": f"/handoffs/{handoff.pk}/",
        "workspace": f"/sessions/{mine.pk}/",
        "escalate": f"/sessions/{mine.pk}/escalate/",
        "sessions": "/sessions/?show=all",
        "intake": "/sessions/new/",
        "bell": "/bell/",
        "account": "/accounts/logout/",
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(browsers, pages, theme):
    page = browsers.open("bo", "/", color_scheme=theme, reduced_motion="reduce")
    found = []
    for name, path in pages.items():
        page.goto(path)
        for violation in (
            Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).response["violations"]
        ):
            found += [f"{name}: {violation['id']} {node['target']} {node.get('failureSummary', '')[:160]}" for node in violation["nodes"]]

    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_nothing_sticks_out_sideways(browsers, pages, width):
    page = browsers.open("bo", "/", width=width, height=844)
    wide = []
    for name, path in pages.items():
        page.goto(path)
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            wide.append(f"{name}: {over} px")

    assert not wide, wide
