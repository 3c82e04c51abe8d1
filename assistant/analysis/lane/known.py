"""What is known: the facts first, as recorded; then other answers, results and statements."""

import re
from itertools import islice

from assistant.analysis.lane.cause import ENOUGH, LaneCause
from assistant.analysis.lane.layout import Layout, is_unfit, quote
from assistant.analysis.lane.summary import opening_sentence, relayed
from assistant.analysis.lane.wording import LONGEST_ANSWER, bare, ended, first_sentences, telling_line
from assistant.analysis.language import lexicon
from assistant.analysis.language.sentences import fold, shorten
from assistant.analysis.reading import errors, secrecy
from assistant.analysis.reading.document import Sentence
from assistant.analysis.reading.read import quotable
from assistant.analysis.report.facts import weight_of
from assistant.case import CaseStep
from assistant.results import Evidence, Known

# "Go ahead on both servers" speaks to a colleague and is not a finding.
_ASKS = re.compile(r"^\W*(?:please|go ahead|make it|let)\b", re.IGNORECASE)
MOST, MOST_SAID, FEWEST = 9, 3, 2
# More than are shown, because some repeat others; beyond that, a very long session costs no more.
MOST_READ, MOST_SOUGHT, MOST_QUOTED = 60, 20, 50
LONGEST = 230


def lane_known(layout: Layout, deeds: set[int], cause: LaneCause | None, withdrawn: set[int]) -> list[Known]:
    facts = _facts(layout)
    covered = {e.step for known in facts for e in known.evidence} | {f.step for f in layout.case.facts if f.step}
    # The latest results matter most.
    latest = (known for step in reversed(layout.results) if step.number not in covered and (known := _result(step)))
    found = [*islice(latest, MOST_READ)][::-1]
    told = [entry.text for entry in [*facts, *found]] + [fact.text for fact in layout.case.facts if len(facts) == MOST_READ]
    opened = opening_sentence(layout, withdrawn)
    if cause and cause.stated:
        found += _stated(layout, cause, facts)
    said = _said(layout, deeds, [*told, *([opened.text] if opened and len(told) >= FEWEST else [])], cause, withdrawn)
    room = MOST - min(len(said), 2)
    kept = facts[:room]
    kept += found[-(room - len(kept)) :] if room > len(kept) else []
    return kept + said[: max(0, MOST - len(kept))]


def _stated(layout: Layout, cause: LaneCause, facts: list[Known]) -> list[Known]:
    """Adds the sentence that named the cause to the fact that supports it best, or lists it on its own."""
    if cause.stated is None:
        return []
    stated = cause.stated.evidence
    best = max((f for f in facts), key=lambda known: layout.terms.shared(known.text, cause.stated_text), default=None)
    if best and layout.terms.shared(best.text, cause.stated_text, usual=False) >= ENOUGH:
        best.evidence.append(stated)
        return []
    return [Known(text=ended(shorten(cause.in_prose, LONGEST)), evidence=[stated])]


def _facts(layout: Layout) -> list[Known]:
    result: list[Known] = []
    sought = 0
    for fact in sorted(layout.case.facts, key=lambda f: (f.step or 10**9, f.number)):
        if len(result) == MOST_READ or sought == MOST_SOUGHT:
            break
        text = ended(shorten(fold(fact.text), 300))
        if any(lexicon.alike(text, other.text) >= 90 for other in result) or is_unfit(fact.text) or not quotable(fact.text):
            continue
        sought += fact.step is None
        step = layout.steps.get(fact.step) if fact.step is not None else _step_that_says(layout, fact.text)
        if evidence := quote(step, fact.text):
            result.append(Known(text=text, evidence=[evidence]))
    return result


def _step_that_says(layout: Layout, text: str) -> CaseStep | None:
    """For a fact without a source: the step in which somebody says the same."""
    words = set(lexicon.words(text))
    saying = (step for step, said in reversed(layout.words_of_people) if 2 * len(words & said) >= len(words))
    for step in islice(saying, MOST_QUOTED):
        cited = quote(step, text)
        if cited and lexicon.alike(cited.quote, text) >= 85:
            return step
    return None


def _result(step: CaseStep) -> Known | None:
    """An answer with its question, or a check's title with the most informative line of its output."""
    if secrecy.holds_secret(step.asked):
        return None
    if step.kind == "answer":
        text = first_sentences(step.text, LONGEST_ANSWER)
        asked = shorten(fold(step.asked), 110)
        label = f"{asked}{' ' if asked.endswith(('?', '…')) else ': '}" if asked else ""
    else:
        text = telling_line(step, step.asked)
        label = f"{bare(shorten(fold(step.asked), 100))}: " if step.asked else ""
    evidence = quote(step, text)
    bare_secret = secrecy.announces_secret(step.asked) and secrecy.is_bare_answer(text)
    if not text or evidence is None or is_unfit(text) or bare_secret:
        return None
    return Known(text=ended(f"{label}{text}") if step.kind == "answer" else f"{label}{text}".strip(), evidence=[evidence])


def _said(layout: Layout, deeds: set[int], told: list[str], cause: LaneCause | None, withdrawn: set[int]) -> list[Known]:
    """Statements that no fact covers yet. The most informative are chosen, then put in order."""
    ranked: list[tuple[float, Sentence]] = []
    for sentence in layout.talk.sentences:
        if sentence.order in deeds or sentence.order in withdrawn or (cause and cause.stated is sentence) or not _fit(sentence):
            continue
        points = weight_of(sentence, layout.talk)
        points += 2.5 if _held_back(sentence) else 0.0
        points -= 4.0 if relayed(sentence.text) else 0.0
        later = sentence.step not in layout.opening
        points += 1.5 if later and any(weight > 1 for weight in layout.terms.of(sentence.text).values()) else 0.0
        points += 1.5 if later and len(lexicon.content(sentence.text)) >= 4 else 0.0
        if points >= 3.0:
            ranked.append((points, sentence))
    ranked.sort(key=lambda pair: (-pair[0], pair[1].order))
    contents = [lexicon.content(text) for text in told]
    new = (s for _, s in ranked if not any(lexicon.overlap(lexicon.content(s.text), other) >= 75 for other in contents))
    kept = [*islice(new, MOST_SAID)]
    return [
        Known(text=_as_said(layout, s), evidence=[Evidence(step=s.step, quote=s.evidence.quote)])
        for s in sorted(kept, key=lambda s: s.order)
    ]


def _held_back(sentence: Sentence) -> bool:
    """ "I forced nothing": what was left alone matters to the next person."""
    words = lexicon.words(sentence.text)
    return bool({"nothing", "untouched"} & set(words)) and len(words) >= 5


def _fit(sentence: Sentence) -> bool:
    if (
        sentence.is_question
        or sentence.is_noise
        or sentence.terminal
        or sentence.has("injection", "hypothetical", "not_in_record", "hedge")
    ):
        return False
    if (sentence.has("intention") and not sentence.has("symptom")) or _ASKS.match(sentence.text):
        return False
    return len(lexicon.words(sentence.text)) >= 4 and len(sentence.text) <= 400


def _as_said(layout: Layout, sentence: Sentence) -> str:
    text = shorten(fold(sentence.text), LONGEST)
    if sentence.part == "client":
        return f"Client: {ended(text)}"
    # The name matters only if several people wrote.
    name = f"{sentence.author}: " if len(layout.authors) > 1 and sentence.author else ""
    exact = next((e for e in errors.texts(sentence) if len(text) < len(sentence.text) and e not in text), "")
    return f"{name}{ended(text)}" + (f" Exact message: “{shorten(exact, 160)}”" if exact else "")
