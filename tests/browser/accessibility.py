"""What axe finds in a page as it stands, by the rules of WCAG 2.2 AA."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What another theme can change, and nothing but that.
COLOURS = ["color-contrast", "link-in-text-block"]
RUN = """async ([part, rules]) => {
    const { violations } = await axe.run(part, { runOnly: rules, resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })) }));
}"""

# At most two seconds: a page of which nothing is shown draws no frame and ends no transition, and evaluating has no limit of its own.
SETTLED = """async () => {
    const drawn = async () => {
        await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
        await Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished));
    };
    await Promise.race([drawn(), new Promise((late) => setTimeout(late, 2000))]);
}"""


def faults(page: Page, name: str, rules: list[str] = EVERYTHING, part: str = "html") -> list[str]:
    """One line for each element of a part of the page that breaks a rule; `name` says where it was found."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(RUN, [part, rules])
    return [f"{name}: {v['id']} {node['target']} {(node['failureSummary'] or '')[:160]}" for v in found for node in v["nodes"]]


def faults_in_both_themes(page: Page, name: str, part: str = "html") -> list[str]:
    """The same page in both, without loading it again. `part` is for a dialog over a page that was looked at already."""
    found = []
    for theme, rules in (("light", EVERYTHING), ("dark", COLOURS)):
        page.emulate_media(color_scheme=theme)
        # With reduced motion a transition is short but still one: axe would meet a colour half way to the other.
        page.evaluate(SETTLED)
        found += faults(page, f"{name}, {theme}", rules, part)
    return found
