"""The way from the press on "Pick up" to a session with its composer and lane."""

from typing import Any

from bench.pages.ground import NEEDS, Ground
from bench.pages.served import spread
from bench.pages.weight import opened

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
    floor = spread(times["bare"])["p50_ms"]
    found = {name: spread(spent) for name, spent in times.items()}
    for row in found.values():
        row |= {"to_bare": round(row["p50_ms"] / floor, 2), "to_bare_p95": round(row["p95_ms"] / floor, 2)}
    return found
