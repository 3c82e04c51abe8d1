"""What the pages weigh, what they cost the server, and how long it takes from "Pick up" to a session that one can work in."""

import argparse
import gzip
import http.client
import json
import logging
import os
import random
import statistics
import sys
import tempfile
import time
import urllib.parse
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.ground import own_database

HELP = """\
What the pages weigh in a real browser, what they cost the server, and how long it takes from "Pick up" to a usable session.

Makes a database of its own (bench_pages) on the tests' embedded server, fills it with the demo's people and stories and longer sessions
beside them, and drops it at the end. One Daphne serves it as in production: fingerprinted, compressed files out of collectstatic. The
browser is the one that RESOLUTIONFLOW_BROWSER names, for instance

    RESOLUTIONFLOW_BROWSER=$(./scripts/get-browser | tail -n 1) .venv/bin/python -m bench.pages

Three parts: what each page loads on the first visit (empty cache) and on the second, and whether it can be used before its fonts come; the
server's time and queries of each page beside two floors; the way from the press on "Pick up" to a session with its composer and lane.
Times are for reading, as ratios within this run. Exit code 1 says that a page carries more than 60 kB of CSS and JavaScript (gzipped), or
that it is not drawn, covered or wider than its window while the fonts are away; never that something was slow."""

LIMIT = 60_000
DATABASE = "bench_pages"
KINDS = {".css": "css", ".js": "js", ".woff2": "fonts", ".svg": "images", ".png": "images", ".ico": "images"}
PARTS = ("document", "css", "js", "fonts", "images")
# More cards than this no lane of ours has had; the rest of a long session is talk.
MOST_CARDS = 40
NEEDS = "May I change this in production today?"

# The server's own settings, with a place for collected files outside the project, and one page more: the floor of whoever is signed in.
SETTINGS = """\
import os
from resolutionflow.settings import *
STATIC_ROOT = os.environ["BENCH_STATIC_ROOT"]
ROOT_URLCONF = "bench_served_urls"
if os.environ["BENCH_SERVED"] == "demo":
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True
"""
URLS = """\
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from resolutionflow import urls
from resolutionflow.urls import handler400, handler403, handler404, handler429, handler500
def bare(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("1")
urlpatterns = [path("bench/bare/", bare), *urls.urlpatterns]
"""

# Notes when something was pressed, and when the next page could be used: its scripts ran, what one needs is there, and it was drawn.
CLOCK = """(() => {
  const epoch = (at) => performance.timeOrigin + at;
  window.benchStart = (at) => sessionStorage.setItem("bench", epoch(at ?? performance.now()));
  addEventListener("click", ({target, timeStamp}) => { if (target.closest?.(".act a.btn, .way")) window.benchStart(timeStamp); }, true);
  const drawn = (element) => element?.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && element.getBoundingClientRect().height > 0;
  const usable = {
    handoff() {
      const way = document.querySelector("#ways .way");
      return drawn(way) && !way.disabled && way === document.activeElement;
    },
    session() {
      const say = document.getElementById("say");
      return drawn(say) && !say.disabled && !say.readOnly && drawn(document.querySelector("#lane .task"));
    },
  };
  const done = () => {
    const began = Number(sessionStorage.getItem("bench")), page = performance.getEntriesByType("navigation")[0];
    window.benchTook = [performance.now(), page.responseEnd, page.domContentLoadedEventStart].map((at) => epoch(at) - began);
  };
  addEventListener("DOMContentLoaded", () => {
    const ready = usable[document.body.dataset.page];
    const look = () => { if (ready()) requestAnimationFrame(() => requestAnimationFrame(done)); else requestAnimationFrame(look); };
    if (ready) look();
  });
})()"""
SHIFTS = """window.benchShift = 0; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.benchShift += entry.value;
}).observe({type: "layout-shift", buffered: true});"""
# Whether a press on what the page is for would land on it; Playwright's trial click would count as input, which excuses every shift.
REACHED = """() => {
  const all = [...document.querySelectorAll("main :is(.btn.big, .way)"), ...document.querySelectorAll("nav a, main button")];
  const one = all.find((each) => !each.disabled && each.checkVisibility({visibilityProperty: true, opacityProperty: true}));
  const {x, y, width, height} = one.getBoundingClientRect();
  const hit = document.elementFromPoint(x + width / 2, y + height / 2);
  return hit !== null && one.contains(hit);
}"""
NO_LETTERS = """(heading) => {
  for (const each of [heading, ...heading.querySelectorAll("*")]) each.style.setProperty("color", "transparent", "important");
}"""


# --- the ground ---------------------------------------------------------------------------------------------------


def set_up(folder: Path, served: str) -> None:
    """Django here on the server's very settings: queries are counted here, on the same pages."""
    (folder / "bench_served.py").write_text(SETTINGS)
    (folder / "bench_served_urls.py").write_text(URLS)
    sys.path.insert(0, str(folder))
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "bench_served",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])),
        "BENCH_STATIC_ROOT": str(folder / "static"),
        "BENCH_SERVED": served,
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }
    from bench import ground

    ground.set_up()
    from django.core.management import call_command

    # Standard output is the table's, or the JSON's.
    logging.getLogger().setLevel(logging.WARNING)
    if served == "production":
        call_command("collectstatic", interactive=False, verbosity=0)


class Ground:
    """The demo's account with the longer sessions that the measuring needs, all played through the ordinary verbs."""

    def __init__(self) -> None:
        from resolutionflow.demodata.people import create_people
        from resolutionflow.demodata.stories import load

        self.people, _ = create_people()
        self.stories = [story for story in load() if story.account == "acme-msp"]
        self.made = 0
        for story in self.stories:
            self._play(story)
        # Beside the demo's own: a queue of at least a dozen rows for bo.
        for by in ("ana", "sam", "mei", "dana", "ana", "sam"):
            self.session(steps=12, by=by, needs="Is it safe to go on with this outside the maintenance window?")
        self.short = self.session(steps=60, by="bo")
        self.long = self.session(steps=400, by="bo")
        self.waiting = self.session(steps=60, by="ana", needs=NEEDS)

    def _play(self, story: Any) -> None:
        from django.utils import timezone

        from resolutionflow.demodata.playing import play

        play(story, self.people, now=timezone.now())

    def session(self, *, steps: int, by: str, needs: str = "") -> Any:
        """A session of some `steps` steps, made of the rounds of many stories; handed off where `needs` says what for."""
        from flowpilot.models import AISession
        from resolutionflow.demodata.stories import Story

        self.made += 1
        told: list[dict[str, Any]] = []
        count, turn, cards = 1, 0, 0
        while count < steps:
            turn += 1
            # A story is told to its end in one way: its answers need its cards.
            in_lane = cards < MOST_CARDS
            for step in self.stories[(self.made + turn) % len(self.stories)].steps:
                if step.verb not in ("reply", "answer", "say", "note", "facts"):
                    continue
                raw = step.model_dump(exclude_unset=True)
                new = [_renamed(raw, f"{turn}-")] if in_lane else _talked(raw)
                more = sum(0 if "facts" in one else max(1, len(one.get("answer", ())) + len(one.get("skip", ()))) for one in new)
                if count + more > steps:
                    told += [{"note": "Nothing else was changed."}] * (steps - count)
                    count = steps
                    break
                told, count = told + new, count + more
                cards += len(step.ask) + len(step.check)
        if needs:
            told.append({"escalate": needs, "priority": "urgent"})
        slug = f"bench-{self.made}"
        base = self.stories[self.made % len(self.stories)].model_dump(
            include={"title", "client", "ticket", "playbook", "domain", "opening", "log"}
        )
        self._play(Story.model_validate({**base, "slug": slug, "by": by, "ended": "4m", "steps": told}))
        return AISession.objects.get(import_key=f"demo:{slug}")


def _renamed(step: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A story's step among those of other stories: its cards' keys and titles are its own, and whoever handles the session does it."""
    step.pop("by", None)
    step.pop("fix", None)
    for name in {"ask", "check", "answer", "skip", "facts"} & set(step):
        step[name] = {key if key in ("opening", "own") else prefix + key: value for key, value in step[name].items()}
    for key, title in step.get("ask", {}).items():
        step["ask"][key] = f"{title} ({prefix[:-1]})"
    for key, (title, command) in step.get("check", {}).items():
        step["check"][key] = (f"{title} ({prefix[:-1]})", command)
    return step


def _talked(step: dict[str, Any]) -> list[dict[str, Any]]:
    """The same step without cards: what was answered in the lane is said in the conversation."""
    said = [{"say": text} for text in step.get("answer", {}).values()]
    return said or [{key: step[key]} for key in ("reply", "say", "note") if step.get(key)]


def pages_of(ground: Ground) -> dict[str, str]:
    from handoffs.models import SessionHandoff

    return {
        "home": "/",
        "queue": "/escalations/",
        "context": f"/handoffs/{SessionHandoff.objects.get(session=ground.waiting).pk}/",
        "workspace": f"/sessions/{ground.short.pk}/",
        "sessions": "/sessions/?show=all",
        "people": "/people/",
        "numbers": "/escalations/metrics/",
        "intake": "/sessions/new/",
        "escalate": f"/sessions/{ground.short.pk}/escalate/",
        "bell": "/bell/",
        "account": "/account/",
    }


def opened(browser: Any, server: Any, cookie: str) -> Any:
    """A browser context with nothing in its cache."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    if cookie:
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": server.url}])
    return context


# --- 1. weight ----------------------------------------------------------------------------------------------------


def visit(page: Any, address: str) -> dict[str, Any]:
    """What crossed the network while the page was loaded, by Chromium's own account; what came out of its cache is not in it."""
    cdp = page.context.new_cdp_session(page)
    asked: dict[str, str] = {}
    heads: dict[str, tuple[str, int]] = {}
    cached: set[str] = set()
    sizes: Counter[str] = Counter()
    seen: dict[str, Any] = {"addresses": [], "sockets": 0, "code": 0}

    def answered(event: dict[str, Any]) -> None:
        answer = event["response"]
        heads[event["requestId"]] = (answer["mimeType"], answer["encodedDataLength"])
        if answer.get("fromDiskCache"):
            cached.add(event["requestId"])

    def finished(event: dict[str, Any]) -> None:
        number, length = event["requestId"], event["encodedDataLength"]
        address = asked.get(number, "")
        if number in cached or not address.startswith("http"):
            return
        mime, head = heads[number]
        kind = "document" if mime == "text/html" else KINDS.get(Path(urllib.parse.urlsplit(address).path).suffix, "other")
        sizes[kind] += length
        # The limit is about what is in the files, not about headers.
        seen["code"] += length - head if kind in ("css", "js") else 0
        seen["addresses"].append(address)

    def socket(event: dict[str, Any]) -> None:
        seen["sockets"] += 1

    cdp.on("Network.requestWillBeSent", lambda event: asked.__setitem__(event["requestId"], event["request"]["url"]))
    cdp.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))
    cdp.on("Network.responseReceived", answered)
    cdp.on("Network.loadingFinished", finished)
    cdp.on("Network.webSocketCreated", socket)
    cdp.send("Network.enable")
    page.goto(address, wait_until="networkidle")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.wait_for_timeout(300)
    cdp.detach()
    return {"requests": len(seen["addresses"]), "bytes": sum(sizes.values()), "kinds": dict(sizes), **seen}


def before_fonts(context: Any, address: str) -> dict[str, Any]:
    """Holds every font back: is the heading drawn meanwhile, can the page be used, and how far does it move when they come?"""
    held: list[Any] = []
    page = context.new_page()
    page.add_init_script(SHIFTS)
    page.route("**/*.woff2", lambda route: held.append(route))
    page.goto(address, wait_until="domcontentloaded")
    page.wait_for_timeout(600)
    fits = page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    reached = page.evaluate(REACHED)
    cdp = context.new_cdp_session(page)
    heading = page.locator("h1").first
    box = heading.bounding_box()

    def picture() -> str:
        # Not Playwright's screenshot: that waits for the fonts.
        return str(cdp.send("Page.captureScreenshot", {"format": "png", "clip": {**box, "scale": 1}})["data"])

    # The same patch with its letters switched off looks different only where letters were drawn.
    with_letters = picture() if box else ""
    heading.evaluate(NO_LETTERS)
    drawn = bool(box) and with_letters != picture()
    before = page.evaluate("() => window.benchShift")
    for route in held:
        route.continue_()
    page.unroute("**/*.woff2")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.wait_for_timeout(300)
    shift = page.evaluate("() => window.benchShift") - before
    page.close()
    return {"held": len(held), "drawn": drawn, "reached": reached, "fits": fits, "shift": round(shift, 4)}


def weigh(browser: Any, server: Any, cookie: str, pages: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, address in pages.items():
        context = opened(browser, server, cookie)
        page = context.new_page()
        first = visit(page, address)
        page.goto("about:blank")
        second = visit(page, address)
        context.close()
        context = opened(browser, server, cookie)
        found[name] = {"first": first, "second": second, "fonts": before_fonts(context, address)}
        context.close()
    return found


def faults(weights: dict[str, Any], served: str) -> list[str]:
    """What makes the exit code 1: nothing of it depends on how busy the machine is."""
    said = []
    for name, page in weights.items():
        if served == "production" and page["first"]["code"] > LIMIT:
            said.append(f"{name}: {page['first']['code']:,} bytes of CSS and JavaScript, gzipped; {LIMIT:,} are allowed")
        words = {
            "drawn": "the heading is not drawn",
            "reached": "its first control cannot be pressed",
            "fits": "it is wider than its window",
        }
        said += [f"{name}: {word} while the fonts are away" for key, word in words.items() if not page["fonts"][key]]
    return said


# --- 2. the server ------------------------------------------------------------------------------------------------


def queries_of(user: Any, addresses: dict[str, str]) -> dict[str, tuple[int, dict[str, int]]]:
    """How many queries each page asks, and those that it asks more than once, word for word."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    found = {}
    for name, address in addresses.items():
        caller = Client(SERVER_NAME="127.0.0.1") if name == "/healthz" else client
        caller.get(address)
        with CaptureQueriesContext(connection) as asked:
            caller.get(address)
        same = Counter(query["sql"] for query in asked.captured_queries)
        found[name] = (len(asked), {sql: times for sql, times in same.items() if times > 1})
    return found


def serve(server: Any, user: Any, cookie: str, pages: dict[str, str], rounds: int) -> dict[str, Any]:
    """Asks for one page after the other over one kept connection, each round in another order, so that noise hits all alike."""
    addresses = {"/healthz": "/healthz", "SELECT 1, signed in": "/bench/bare/", **pages}
    times: dict[str, list[float]] = {name: [] for name in addresses}
    sizes: dict[str, tuple[int, int]] = {}
    order, chance = list(addresses), random.Random(7)  # noqa: S311 (an order, no secret)
    # Nobody who asks for /healthz is signed in.
    headers = {"Cookie": f"sessionid={cookie}", "Accept": "text/html", "Accept-Encoding": "gzip"}
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for number in range(rounds + 3):
        chance.shuffle(order)
        for name in order:
            began = time.perf_counter()
            line.request("GET", addresses[name], headers={} if name == "/healthz" else headers)
            answer = line.getresponse()
            body = answer.read()
            spent = (time.perf_counter() - began) * 1000
            assert answer.status == 200, f"{addresses[name]}: {answer.status}"
            whole = gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body
            sizes[name] = (len(whole), len(body))
            if number >= 3:
                times[name].append(spent)
    line.close()
    asked = queries_of(user, addresses)
    alive, bare = (statistics.median(times[name]) for name in list(addresses)[:2])
    return {
        name: {
            **_spread(spent),
            "to_healthz": round(statistics.median(spent) / alive, 1),
            "to_bare": round(statistics.median(spent) / bare, 1),
            "queries": asked[name][0],
            "twice": asked[name][1],
            "html": sizes[name][0],
            "html_sent": sizes[name][1],
        }
        for name, spent in times.items()
    }


def _spread(spent: list[float]) -> dict[str, float]:
    return {"p50_ms": round(statistics.median(spent), 1), "p95_ms": round(statistics.quantiles(spent, n=20, method="inclusive")[-1], 1)}


# --- 3. from "Pick up" to work ------------------------------------------------------------------------------------


def pick_up(browser: Any, server: Any, cookie: str, ground: Ground, picks: int) -> dict[str, Any]:
    """Each round a fresh escalation of 60 steps: pressed in the queue, begun on the screen, and the session is there to type in."""
    from handoffs.models import SessionHandoff

    context = opened(browser, server, cookie)
    context.add_init_script(CLOCK)
    page = context.new_page()
    times: dict[str, list[float]] = {}
    claimed = ground.short

    def took(name: str, address: str) -> float:
        page.wait_for_url(f"**{address}*")
        page.wait_for_function("() => window.benchTook !== undefined")
        whole, html, scripts = page.evaluate("() => window.benchTook")
        spent.update({name: whole, f"{name}, HTML": html, f"{name}, scripts": scripts})
        return float(whole)

    for number in range(picks + 3):
        session = ground.session(steps=60, by="ana", needs=NEEDS)
        handoff = SessionHandoff.objects.get(session=session)
        spent: dict[str, float] = {}
        page.goto("/escalations/", wait_until="networkidle")
        page.evaluate("(where) => { window.benchStart(); location.assign(where); }", f"/sessions/{claimed.pk}/")
        took("bare", f"/sessions/{claimed.pk}/")
        page.goto("/escalations/", wait_until="networkidle")
        page.locator(f"#card-{handoff.pk} .act > a.btn").click()
        screen = took("screen", f"/handoffs/{handoff.pk}/")
        with page.expect_request_finished(lambda request: request.url.endswith("/claim/")) as posted:
            page.locator("#ways .way").first.click()
        spent["claim"] = posted.value.timing["responseEnd"]
        spent["both"] = screen + took("session", f"/sessions/{session.pk}/")
        # Usable means that one can type.
        page.locator("#say").focus()
        page.keyboard.type("ok")
        assert page.locator("#say").input_value() == "ok", "the composer does not take what is typed"
        # The floor of the next round is a session like its own.
        claimed = session
        if number >= 3:
            for name, one in spent.items():
                times.setdefault(name, []).append(one)
    context.close()
    floor = _spread(times["bare"])["p50_ms"]
    found = {name: _spread(spent) for name, spent in times.items()}
    for row in found.values():
        row |= {"to_bare": round(row["p50_ms"] / floor, 2), "to_bare_p95": round(row["p95_ms"] / floor, 2)}
    return found


# --- what comes of it ---------------------------------------------------------------------------------------------


def _kb(count: int) -> str:
    return f"{count / 1000:.1f}" if count else "-"


def show_weights(weights: dict[str, Any], served: str) -> None:
    print(f"\nWeight as {served} serves it: kB over the network with headers (1 kB is 1,000 bytes); the CSS + JS of the limit without")
    print(f"{'':11}{'first visit':>62} | {'second visit':^16} | {'CSS + JS':>8} | before the fonts come")
    head = "".join(f"{name:>9}" for name in ("requests", *PARTS))
    print(f"{'':11}{head}{'all':>8} | requests     all | {'as sent':>8} | drawn usable shift")
    for name, page in weights.items():
        first, second, fonts = page["first"], page["second"], page["fonts"]
        parts = "".join(f"{_kb(first['kinds'].get(kind, 0)):>9}" for kind in PARTS)
        yes = {True: "yes", False: "NO"}
        print(
            f"{name:11}{first['requests']:9}{parts}{_kb(first['bytes']):>8} | {second['requests']:8}{_kb(second['bytes']):>8} | "
            f"{_kb(first['code']):>8} | {yes[fonts['drawn']]:5} {yes[fonts['reached'] and fonts['fits']]:6} {fonts['shift']:.3f}"
        )


def show_server(rows: dict[str, Any], rounds: int) -> None:
    print(f"\nServer, {rounds} requests each, one after the other over one connection")
    print(f"{'':26}{'p50':>10}{'p95':>10}{'to /healthz':>13}{'to SELECT 1':>13}{'queries':>9}{'repeated':>10}{'HTML kB':>9}{'sent':>9}")
    for name, row in rows.items():
        repeated = sum(times - 1 for times in row["twice"].values()) or "-"
        print(
            f"{name:26}{row['p50_ms']:7.1f} ms{row['p95_ms']:7.1f} ms{row['to_healthz']:13.1f}{row['to_bare']:13.1f}"
            f"{row['queries']:9}{repeated:>10}{_kb(row['html']):>9}{_kb(row['html_sent']):>9}"
        )


def show_pick_up(rows: dict[str, Any], picks: int) -> None:
    words = {
        "screen": 'press on "Pick up" to the context screen, first way focused',
        "screen, HTML": "  its HTML is there",
        "screen, scripts": "  its scripts run",
        "session": "press on the first way to the session, composer and lane",
        "claim": "  the claim's own POST",
        "session, HTML": "  the session's HTML is there",
        "session, scripts": "  its scripts run",
        "both": "both together",
        "bare": "floor: such a session alone, opened from the queue",
        "bare, HTML": "  its HTML is there",
        "bare, scripts": "  its scripts run",
    }
    print(f'\nFrom "Pick up" to work, {picks} rounds, warm cache')
    print(f"{'':62}{'p50':>9}{'p95':>10}{'ratio of p50':>14}{'of p95':>8}")
    for name, word in words.items():
        row = rows[name]
        print(f"{word:62}{row['p50_ms']:6.0f} ms{row['p95_ms']:7.0f} ms{row['to_bare']:14.2f}{row['to_bare_p95']:8.2f}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench.pages", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("weight", "server", "pick-up"), help="one part alone")
    parser.add_argument("--rounds", type=int, default=30, metavar="N", help="requests of each page for the server's part (30)")
    parser.add_argument("--picks", type=int, default=15, metavar="N", help='rounds from "Pick up" to work (15)')
    served = "static files as in production (the default) or as `make demo` serves them; the limit is judged in production"
    parser.add_argument("--served", choices=("production", "demo"), default="production", help=served)
    json_help = "one JSON object in place of the tables, with every address that was loaded and every query that was repeated"
    parser.add_argument("--json", action="store_true", help=json_help)
    given = parser.parse_args()
    if given.rounds < 2 or given.picks < 2:
        parser.error("fewer than 2 rounds have no median")
    return given


def measure(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from playwright.sync_api import Error, sync_playwright

    from bench.arrival import cookie_of
    from escalations.queue import rows_for
    from tests.browser.conftest import FLAGS, Server

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=os.environ.get("RESOLUTIONFLOW_BROWSER") or None, args=FLAGS)
        except Error:
            sys.exit("No browser. Name one: RESOLUTIONFLOW_BROWSER=$(./scripts/get-browser | tail -n 1)")
        ground = Ground()
        bo = ground.people["bo"]
        cookie = cookie_of(bo)
        pages = pages_of(ground)
        steps, cards = ([rows(each).count() for each in (ground.short, ground.long)] for rows in (lambda s: s.steps, lambda s: s.tasks))
        result: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "cores": os.cpu_count(),
            "load": [round(os.getloadavg()[0], 1)],
            "open_escalations": rows_for(bo).count(),
            "steps": steps,
            "cards": cards,
            "served": given.served,
        }
        server = Server(folder)
        server.env["DJANGO_SETTINGS_MODULE"] = os.environ["DJANGO_SETTINGS_MODULE"]
        try:
            server.start_web()
            if given.only in (None, "weight"):
                result["weights"] = weigh(browser, server, cookie, pages)
                result["weights"] |= weigh(browser, server, "", {"sign-in": "/accounts/login/"})
            if given.only in (None, "server"):
                long = f"/sessions/{ground.long.pk}/"
                more = {f"workspace, last of {steps[1]}": long, f"workspace, all {steps[1]}": f"{long}?all=1"}
                result["server"] = serve(server, bo, cookie, {**pages, **more}, given.rounds)
            if given.only in (None, "pick-up"):
                result["pick_up"] = pick_up(browser, server, cookie, ground, given.picks)
        finally:
            server.stop()
            browser.close()
    result["load"].append(round(os.getloadavg()[0], 1))
    result["faults"] = faults(result.get("weights", {}), given.served)
    return result


def main() -> int:
    given = arguments()
    with own_database(DATABASE), tempfile.TemporaryDirectory() as folder:
        set_up(Path(folder), given.served)
        result = measure(given, Path(folder))
    if given.json:
        print(json.dumps(result, indent=1))
        return 1 if result["faults"] else 0
    print("{at}, cores {cores}, load {load[0]} to {load[1]}; {open_escalations} open escalations,".format(**result), end=" ")
    print("sessions of {} and {} steps with {} and {} cards".format(*result["steps"], *result["cards"]))
    if "weights" in result:
        show_weights(result["weights"], result["served"])
    if "server" in result:
        show_server(result["server"], given.rounds)
    if "pick_up" in result:
        show_pick_up(result["pick_up"], given.picks)
    for fault in result["faults"]:
        print(f"TOO MUCH: {fault}" if "bytes" in fault else f"NOT USABLE: {fault}")
    return 1 if result["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
