"""What each page loads on the first visit and on the second, and whether it can be used before its fonts come."""

import urllib.parse
from collections import Counter
from pathlib import Path
from typing import Any

LIMIT = 60_000
KINDS = {".css": "css", ".js": "js", ".woff2": "fonts", ".svg": "images", ".png": "images", ".ico": "images"}

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


def opened(browser: Any, server: Any, cookie: str) -> Any:
    """A browser context with nothing in its cache."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    if cookie:
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": server.url}])
    return context


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
