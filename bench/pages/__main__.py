"""What the pages weigh, what they cost the server, and how long it takes from "Pick up" to a session that one can work in."""

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.ground import own_database
from bench.pages.ground import Ground, pages_of, set_up
from bench.pages.pick_up import pick_up
from bench.pages.served import serve
from bench.pages.tables import show_pick_up, show_server, show_weights
from bench.pages.weight import faults, weigh

DATABASE = "bench_pages"
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
