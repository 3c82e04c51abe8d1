"""Pictures of every page of the demo, at three widths and in both themes: `make screenshots`.

Starts a demo of its own (own database, own port), signs in as its people and photographs what they see. All pictures go to
`test-results/screenshots/`; the few that README.md shows go to `docs/pictures/` as well when nothing narrows the run.
`--only queue,context`, `--widths 390` and `--themes dark` narrow it. Run by hand; needs the browser of the tests.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "test-results" / "screenshots"
PICTURES = ROOT / "docs" / "pictures"
SIZES = {1440: 900, 1024: 768, 390: 844}
THEMES = ("dark", "light")
PASSWORD = "TestPass123!"  # noqa: S105 - the published password of the demo people
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
# Which pictures the README shows: page, width, theme.
SHOWN = [
    ("queue", 1440, "dark"),
    ("queue", 1440, "light"),
    ("context", 1440, "dark"),
    ("context", 1440, "light"),
    ("workspace", 1440, "dark"),
    ("escalate", 1440, "light"),
    ("queue", 390, "dark"),
    ("context", 390, "light"),
    ("lane", 390, "dark"),
]


def first_card(page: Page) -> str:
    return str(page.locator(".card .cover").first.get_attribute("href"))


def open_context(page: Page) -> None:
    """The escalation with the most to see: the one aimed at a colleague by name, else the first."""
    page.goto("/escalations/")
    named = page.locator(".card", has=page.locator("[data-for-other]:visible")).locator(".cover")
    target = named.first if named.count() else page.locator(".card .cover").first
    page.goto(str(target.get_attribute("href")))


def open_mine(page: Page, status: str = "active", has: str = ".task.active") -> None:
    """A session in the person's own hands, with something in its lane where there is one."""
    page.goto(f"/sessions/?show=mine&status={status}")
    links = [str(link.get_attribute("href")).split("#")[0] for link in page.locator("main a[href^='/sessions/']").all()]
    for link in dict.fromkeys(link for link in links if re.fullmatch(r"/sessions/[0-9a-f-]{36}/", link)):
        page.goto(link)
        if page.locator(has).count():
            return


def dialog(page: Page) -> None:
    open_mine(page)
    page.keyboard.press("e")
    page.locator("#escalate-form textarea").wait_for()
    page.locator("#escalate-form textarea").fill(
        "Is the depot's new line the cause, and may I ask the client to switch its filter off for an hour?"
    )
    page.locator("#escalate-form label", has_text="High").click()


def overlay(page: Page) -> None:
    open_mine(page, has="[hx-get*=overlay]")
    page.locator("[hx-get*=overlay]").click()
    page.locator("#over[open]").wait_for()


def drawer(page: Page) -> None:
    open_mine(page)
    pill = page.locator("[data-lane-show]:visible")
    if pill.count():
        pill.click()


def share(page: Page) -> None:
    open_mine(page)
    page.get_by_role("link", name="Share update").click()
    page.get_by_role("button", name="Write", exact=True).click()
    page.locator("#update-out").wait_for()


def keys(page: Page) -> None:
    page.goto("/escalations/")
    page.keyboard.press("?")


def cut(page: Page) -> None:
    """The connection goes; the page says so."""
    page.goto("/escalations/")
    page.locator("[data-live]").wait_for()
    page.evaluate("live.pause()")
    page.locator("#lost").wait_for()


def at(path: str) -> Callable[[Page], None]:
    return lambda page: (page.goto(path), None)[1]


# Who looks, and how they get there.
PAGES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "sign-in": ("", at("/accounts/login/")),
    "home": ("senior", at("/")),
    "queue": ("senior", at("/escalations/")),
    "queue-narrowed": ("senior", at("/escalations/?priority=low")),
    "queue-mine": ("engineer", at("/escalations/?show=mine")),
    "queue-offline": ("senior", cut),
    "keys": ("senior", keys),
    "context": ("senior", open_context),
    "workspace": ("engineer", open_mine),
    "lane": ("engineer", drawer),
    "escalate": ("engineer", dialog),
    "overlay": ("teamadmin", overlay),
    "share": ("engineer", share),
    "resolved": ("senior", lambda page: open_mine(page, "resolved", ".notes")),
    "sessions": ("senior", at("/sessions/?show=all")),
    "search": ("senior", at("/sessions/?show=all&q=outlook")),
    "search-nothing": ("senior", at("/sessions/?show=all&q=zzzz")),
    "intake": ("engineer", at("/sessions/new/")),
    "bell": ("senior", at("/bell/")),
    "numbers": ("senior", at("/escalations/metrics/")),
    "people": ("owner", at("/people/")),
    "person-add": ("owner", at("/people/add/")),
    "account": ("senior", at("/account/")),
    "viewer-home": ("viewer", at("/")),
    "nothing-here": ("senior", at("/handoffs/00000000-0000-4000-8000-000000000000/")),
    "admin": ("staff", at("/admin/")),
}


@contextmanager
def demo() -> Iterator[str]:
    """A demo of its own, in a folder that is thrown away."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    state = tempfile.mkdtemp(prefix="resolutionflow-shots-")
    env = {**os.environ, "PORT": str(port), "RESOLUTIONFLOW_STATE_DIR": state}
    env.pop("DATABASE_URL", None)
    running = subprocess.Popen([sys.executable, "-m", "resolutionflow.demo"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{address}/readyz", timeout=2)  # noqa: S310 - our own loopback address
                break
            except OSError:
                if running.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("The demo did not start.") from None
                time.sleep(0.3)
        time.sleep(8)  # the worker writes the summaries of what the demo has just seeded
        yield address
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(30)
        shutil.rmtree(state, ignore_errors=True)


def signed_in(browser: Browser, address: str, who: str) -> str:
    """The cookies of `who`, once for all widths and themes."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.fill("#id_login", f"{who}@resolutionflow.example.com")
    page.fill("#id_password", PASSWORD)
    page.locator("form.panel [type=submit]").click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)
    kept = str(Path(tempfile.mkdtemp()) / f"{who}.json")
    context.storage_state(path=kept)
    context.close()
    return kept


def listen(page: Page, label: str, said: list[str]) -> None:
    """Whatever the page complains about is told at the end."""

    def console(line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            said.append(f"{label}: {line.text}")

    page.on("pageerror", lambda error: said.append(f"{label}: {error}"))
    page.on("console", console)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--only", default=",".join(PAGES), help="names of pages, with commas between")
    asked.add_argument("--widths", default=",".join(map(str, SIZES)))
    asked.add_argument("--themes", default=",".join(THEMES))
    wanted = asked.parse_args()
    names, widths, themes = wanted.only.split(","), [int(w) for w in wanted.widths.split(",")], wanted.themes.split(",")
    OUT.mkdir(parents=True, exist_ok=True)
    said: list[str] = []
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("RESOLUTIONFLOW_BROWSER") or None, args=FLAGS)
        cookies = {who: signed_in(browser, address, who) for who in {PAGES[name][0] for name in names} if who}
        for theme in themes:
            for width in widths:
                for name in names:
                    who, go = PAGES[name]
                    context = browser.new_context(
                        base_url=address,
                        viewport={"width": width, "height": SIZES[width]},
                        color_scheme="dark" if theme == "dark" else "light",
                        storage_state=cookies.get(who),
                    )
                    page = context.new_page()
                    page.set_default_timeout(8000)
                    label = f"{name} {width} {theme}"
                    listen(page, label, said)
                    go(page)
                    page.wait_for_timeout(350)
                    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    if over > 0:
                        said.append(f"{label}: {over} px stick out")
                    page.screenshot(path=OUT / f"{name}-{width}-{theme}.png")
                    print(label, flush=True)
                    context.close()
        browser.close()
    if names == list(PAGES) and widths == list(SIZES) and themes == list(THEMES):
        for name, width, theme in SHOWN:
            shutil.copyfile(OUT / f"{name}-{width}-{theme}.png", PICTURES / f"{name}-{width}-{theme}.png")
    said = [line for line in said if "status of 404" not in line]
    print("\n".join(said) if said else "Nothing to complain about.")
    return 1 if said else 0


if __name__ == "__main__":
    raise SystemExit(main())
