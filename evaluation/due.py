"""What can be expected at a cut, using only the turns up to it. An outcome counts from its report, a correction from its turn."""

from dataclasses import dataclass

from evaluation.expectations import Anchor, Correction, Expectations, KnownFact, TriedItem, Unproven
from evaluation.phrasing import class_expected

# Passages of these traps must not be shown as known or done. Other kinds (jokes, repeated passages) only cost precision.
MISLEADING = {"advice_not_followed", "other_machine", "second_person", "old_experience", "dangerous_command"}
NOT_DONE = {"advice_not_followed", "dangerous_command"}


def until(anchors: list[Anchor], cut: int) -> list[Anchor]:
    return [anchor for anchor in anchors if anchor.turn <= cut]


@dataclass(frozen=True, slots=True)
class DueTried:
    """`classes` are the correct outcomes at the cut; only `unknown` if nobody has reported yet."""

    item: TriedItem
    anchors: list[Anchor]
    outcome_anchors: list[Anchor]
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Due:
    known: list[tuple[KnownFact, list[Anchor]]]
    tried: list[DueTried]
    corrected: list[tuple[Correction, list[Anchor], list[Anchor]]]
    # Suppositions and questions; plans and advice that nobody reported back; other passages that mislead; all with what they are about.
    unproven: list[tuple[str, list[Anchor]]]
    not_done: list[tuple[str, list[Anchor]]]
    misleading: list[tuple[str, list[Anchor]]]
    cause: list[Anchor]
    cause_established: bool
    cause_tolerated: list[Anchor]
    state: str
    endings: list[Anchor]

    @property
    def expected(self) -> list[Anchor]:
        """Every passage worth an entry, to compute precision."""
        found = [anchor for _, anchors in self.known for anchor in anchors]
        found += [anchor for tried in self.tried for anchor in [*tried.anchors, *tried.outcome_anchors]]
        return [*found, *self.cause, *self.cause_tolerated, *self.endings]


def due(expected: Expectations, cut: int) -> Due:
    return Due(
        known=[
            (fact, anchors)
            for fact in expected.known
            if (anchors := until(fact.anchors, cut)) and (fact.from_turn or 0) <= cut and (fact.until_turn is None or cut < fact.until_turn)
        ],
        tried=_tried(expected, cut),
        corrected=[
            (item, item.anchors, until(item.corrected_by, cut))
            for item in expected.corrected
            if item.from_turn <= cut and any(anchor.turn <= cut for anchor in item.anchors)
        ],
        unproven=[(item.about, anchors) for item in expected.not_established if (anchors := _open(item, cut))],
        not_done=[(item.about, anchors) for item in expected.announced if (anchors := _open(item, cut))]
        + [(trap.about, anchors) for trap in expected.traps if trap.kind in NOT_DONE and (anchors := until(trap.anchors, cut))],
        misleading=[
            (trap.about, anchors) for trap in expected.traps if trap.kind in MISLEADING - NOT_DONE and (anchors := until(trap.anchors, cut))
        ],
        cause=until(expected.cause.anchors, cut) if _established(expected, cut) else [],
        cause_established=_established(expected, cut),
        cause_tolerated=until(expected.cause.tolerated, cut),
        state=next((ending.value for ending in reversed(expected.outcome) if until(ending.anchors, cut)), "open"),
        endings=[anchor for ending in expected.outcome for anchor in until(ending.anchors, cut)],
    )


def _tried(expected: Expectations, cut: int) -> list[DueTried]:
    found = []
    for item in expected.tried:
        since = item.from_turn if item.from_turn is not None else min(anchor.turn for anchor in item.anchors)
        if since > cut:
            continue
        reported = until(item.outcome_anchors, cut)
        told = bool(reported) or item.outcome == "unknown"
        classes = {class_expected(name) for name in [item.outcome, *item.also]} if told else {"unknown"}
        found.append(DueTried(item, until(item.anchors, cut), reported, frozenset(classes)))
    return found


def _open(item: Unproven, cut: int) -> list[Anchor]:
    return [] if item.until_turn is not None and item.until_turn <= cut else until(item.anchors, cut)


def _established(expected: Expectations, cut: int) -> bool:
    return expected.cause.from_turn is not None and expected.cause.from_turn <= cut
