"""Scores one report against one conversation's expectations at one cut. docs/assessment.md defines the figures."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields

from evaluation.due import Due, DueTried, due
from evaluation.entries import ANYWHERE, Entry, Report, quoted_in
from evaluation.expectations import Anchor, Expectations
from evaluation.phrasing import class_of, is_corrected, is_said
from evaluation.places import Place, covers_any, find, pointed_at

_LEVELS = ("low", "medium", "high")


@dataclass(slots=True)
class Score:
    """Counts that can be added up over conversations."""

    conversations: int = 0
    entries: int = 0
    # Entries with at least one quote, all verbatim in their steps.
    evidenced: int = 0
    must: int = 0
    must_found: int = 0
    judged: int = 0
    precise: int = 0
    wrongly_known: int = 0
    wrongly_done: int = 0
    contradicted: int = 0
    corrections: int = 0
    corrections_told: int = 0
    tried: int = 0
    tried_found: int = 0
    outcomes: int = 0
    outcomes_right: int = 0
    invented: int = 0
    causes: int = 0
    causes_named: int = 0
    causes_wrong: int = 0
    overconfident: int = 0
    underconfident: int = 0
    leaked: int = 0
    # Of what is read as known, tried or corrected, and of everything that is read.
    entry_words: int = 0
    words: int = 0
    seconds: float = 0.0
    slowest: float = 0.0

    def add(self, other: "Score") -> None:
        for one in fields(self):
            both = (getattr(self, one.name), getattr(other, one.name))
            setattr(self, one.name, max(both) if one.name == "slowest" else sum(both))


@dataclass(slots=True)
class Judged:
    score: Score
    # What went wrong, by figure: "must_missed", "wrongly_known", ... each described in words.
    misses: dict[str, list[str]] = field(default_factory=dict)

    def miss(self, kind: str, text: str) -> None:
        self.misses.setdefault(kind, []).append(text)


def score(report: Report, texts: list[str], expected: Expectations | None, cut: int) -> Judged:
    """`texts` are the turns up to the cut. Without expectations, only evidence and length are scored."""
    judged = Judged(Score(conversations=1, entry_words=report.entry_words, words=report.words))
    _evidence(report, texts, judged)
    if expected is not None:
        now = due(expected, cut)
        at = _places(texts)
        _known(report, now, texts, at, judged)
        _untrue(report, now, texts, at, judged)
        _corrections(report, now, texts, at, judged)
        if report.is_assessment:
            _tried(report, now, texts, at, judged)
            _cause(report, now, texts, at, judged)
    return judged


def _places(texts: list[str]) -> Callable[[Entry], list[Place]]:
    return lambda entry: _pointed(entry.all_quotes, texts)


def _pointed(quotes: list[tuple[int, str]], texts: list[str]) -> list[Place]:
    named = [(turn, quote) for turn, quote in quotes if turn != ANYWHERE]
    loose = [place for turn, quote in quotes if turn == ANYWHERE for each in range(len(texts)) for place in find(quote, texts, each)]
    return [*pointed_at(named, texts), *loose]


def _evidence(report: Report, texts: list[str], judged: Judged) -> None:
    for entry in report.entries:
        # Prose is not an entry, and a suggested step without evidence ("Ask ...") needs no quote.
        if entry.kind == "summary" or (entry.kind == "next" and not entry.quotes):
            continue
        judged.score.entries += 1
        cited = bool(entry.quotes) and (entry.kind != "corrected" or bool(entry.against))
        if cited and all(find(quote, texts, turn) for turn, quote in entry.all_quotes):
            judged.score.evidenced += 1
        else:
            judged.miss("not_evidenced", _shown(entry))


def _known(report: Report, now: Due, texts: list[str], at: Callable[[Entry], list[Place]], judged: Judged) -> None:
    read = [at(entry) for entry in report.of("known", "tried", "corrected", "cause")]
    for fact, anchors in now.known:
        if not fact.must:
            continue
        judged.score.must += 1
        if any(covers_any(places, anchors, texts) for places in read):
            judged.score.must_found += 1
        else:
            judged.miss("must_missed", f"{fact.id}: {fact.about} ({_where(anchors)})")
    for entry in report.claims:
        judged.score.judged += 1
        worth = list(now.expected)
        if entry.kind == "corrected" or is_corrected(entry.read):
            worth += [anchor for _, anchors, _ in now.corrected for anchor in anchors]
        if is_said(entry.read):
            worth += [anchor for _, anchors in [*now.unproven, *now.not_done] for anchor in anchors]
        if covers_any(at(entry), worth, texts):
            judged.score.precise += 1
        else:
            judged.miss("not_expected", _shown(entry))


def _untrue(report: Report, now: Due, texts: list[str], at: Callable[[Entry], list[Place]], judged: Judged) -> None:
    """Suppositions, plans and other people's problems that are shown as known or done."""
    for entry in report.of("known", "cause", "summary"):
        places = at(entry)
        if is_said(entry.read) or is_corrected(entry.read):
            continue
        about = next((about for about, anchors in [*now.unproven, *now.not_done] if covers_any(places, anchors, texts)), None)
        if about is None and not covers_any(places, now.expected, texts):
            about = next((about for about, anchors in now.misleading if covers_any(places, anchors, texts)), None)
        if about is not None:
            judged.score.wrongly_known += 1
            judged.miss("wrongly_known", f"{_shown(entry)} [{about}]")
    for entry in report.of("tried"):
        places = at(entry)
        if class_of(entry.outcome) == "not_done" or any(covers_any(places, tried.anchors, texts) for tried in now.tried):
            continue
        about = next((about for about, anchors in [*now.not_done, *now.unproven] if covers_any(places, anchors, texts)), None)
        if about is not None:
            judged.score.wrongly_done += 1
            judged.miss("wrongly_done", f"{_shown(entry)} [{about}]")


def _corrections(report: Report, now: Due, texts: list[str], at: Callable[[Entry], list[Place]], judged: Judged) -> None:
    for correction, said, corrected_by in now.corrected:
        judged.score.corrections += 1
        is_told = False
        for entry in report.of("known", "cause", "corrected", "summary"):
            if not covers_any(_pointed(entry.quotes, texts), said, texts):
                continue
            if entry.kind == "corrected" or is_corrected(entry.read) or covers_any(at(entry), corrected_by, texts):
                is_told = is_told or entry.kind != "summary"
            elif not is_said(entry.read):
                judged.score.contradicted += 1
                judged.miss("contradicted", f"{_shown(entry)} [{correction.about}]")
        judged.score.corrections_told += is_told
        if not is_told:
            judged.miss("correction_missed", f"{correction.about} ({_where(said)} by {_where(corrected_by)})")


def _tried(report: Report, now: Due, texts: list[str], at: Callable[[Entry], list[Place]], judged: Judged) -> None:
    entries = [(entry, at(entry)) for entry in report.of("tried")]
    for tried in now.tried:
        matching = [entry for entry, places in entries if covers_any(places, tried.anchors, texts)]
        if tried.item.must:
            judged.score.tried += 1
            judged.score.tried_found += bool(matching)
            if not matching:
                judged.miss("tried_missed", f"{tried.item.about} ({_where(tried.anchors)})")
        if not matching:
            continue
        judged.score.outcomes += 1
        if any(_is_right(entry, tried, at(entry), texts) for entry in matching):
            judged.score.outcomes_right += 1
        elif tried.classes == {"unknown"} and all(class_of(entry.outcome) != "not_done" for entry in matching):
            judged.score.invented += 1
            judged.miss("invented", f"{_shown(matching[0])} [{tried.item.about}: nobody reported]")
        else:
            judged.miss("outcome_wrong", f"{_shown(matching[0])} [{tried.item.about}: expected {' or '.join(sorted(tried.classes))}]")


def _is_right(entry: Entry, tried: DueTried, places: list[Place], texts: list[str]) -> bool:
    """The class is a correct one. For a check that rules something out, its bare result with the evidence is enough."""
    told = class_of(entry.outcome)
    return told in tried.classes or (told == "result" and "ruled_out" in tried.classes and covers_any(places, tried.outcome_anchors, texts))


def _cause(report: Report, now: Due, texts: list[str], at: Callable[[Entry], list[Place]], judged: Judged) -> None:
    cause = report.cause
    named = supposed = False
    if cause is not None:
        places = at(cause) or _pointed([(ANYWHERE, quote) for quote in quoted_in(cause.text)], texts)
        named = covers_any(places, now.cause, texts)
        supposed = is_said(cause.text) and covers_any(places, now.cause_tolerated, texts)
        if not named and not supposed:
            judged.score.causes_wrong += 1
            judged.miss("cause_wrong", _shown(cause))
    if now.cause_established:
        judged.score.causes += 1
        judged.score.causes_named += named
        if not named:
            judged.miss("cause_missed", _where(now.cause))
    if report.confidence:
        floor, ceiling = confidence_due(now, supposed=supposed)
        level = _LEVELS.index(report.confidence)
        if level > ceiling:
            judged.score.overconfident += 1
            judged.miss(
                "overconfident",
                f"{report.confidence} while {now.state}, cause {'established' if now.cause_established else 'not established'}",
            )
        elif level < floor:
            judged.score.underconfident += 1
            judged.miss(
                "underconfident",
                f"{report.confidence} while {now.state}, cause {'established' if now.cause_established else 'not established'}",
            )


def confidence_due(now: Due, *, supposed: bool) -> tuple[int, int]:
    """The lowest and highest fitting confidence: at least medium if established, at most medium if solved or suspected without proof."""
    if now.cause_established:
        return (1, 2)
    return (0, 1) if supposed or now.state in {"solved", "partly"} else (0, 0)


def _where(anchors: list[Anchor]) -> str:
    return ", ".join(f"turn {anchor.turn} [{anchor.start}:{anchor.end}]" for anchor in anchors[:3])


def _shown(entry: Entry) -> str:
    outcome = f" -> {entry.outcome}" if entry.kind == "tried" else ""
    cited = ",".join(str(turn) for turn, _ in entry.all_quotes)
    return f"{entry.kind}: {entry.text}{outcome} (turns {cited or 'none'})"
