"""The tables that a person reads."""

from typing import Any

PARTS = ("document", "css", "js", "fonts", "images")


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
