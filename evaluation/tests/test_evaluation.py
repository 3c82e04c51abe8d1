"""The measure: each figure worked out by hand on a small conversation, and bad output that has to be caught."""

import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from assistant.case import Case
from assistant.conversations import Conversation, read, to_case
from assistant.offline.assistant import Offline
from assistant.results import Assessment, Corrected, Evidence, Known, SuggestedStep, Tried
from evaluation import baselines
from evaluation.due import due
from evaluation.entries import Entry, Report, report_of, report_of_sentences
from evaluation.expectations import Anchor, BadExpectations, Expectations, anchors_of, load
from evaluation.leaks import planted, secrets_in
from evaluation.management.commands.evaluate_handoffs import is_faulty
from evaluation.phrasing import class_of, is_corrected, is_said
from evaluation.places import covers, find, pointed_at
from evaluation.running import ALL, BEFORE, judge, last_turn, totals
from evaluation.scoring import Judged, Score, score
from tests.provider import scripted, settings_for

pytestmark = pytest.mark.slow

SMALL = Path(__file__).parent / "data"
ROOT = Path(__file__).resolve().parents[2]
OTHERS = ROOT / "assistant" / "tests" / "data"
REAL = ROOT / os.environ.get("RESOLUTIONFLOW_DATA", "../shared/data") / "conversations"
EXPECTED = ROOT / "tests" / "data" / "expectations"
HELD_OUT = ROOT / "tests" / "data" / "heldout"
without_the_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the real conversations are not there: {REAL}")


def plotter() -> Conversation:
    return read(SMALL / "plotter.json")


def expected_of_plotter() -> Expectations:
    return load(SMALL / "plotter.yaml", plotter())


def at(turn: int, quote: str) -> Evidence:
    return Evidence(step=turn + 1, quote=quote)


def known(text: str, *cited: Evidence) -> Known:
    return Known(text=text, evidence=list(cited))


def tried(action: str, outcome: str | None, *cited: Evidence) -> Tried:
    return Tried(action=action, outcome=outcome, evidence=list(cited))


def assessment(**parts: Any) -> Assessment:
    """An assessment that says nothing but `parts`."""
    nothing: dict[str, Any] = {
        "summary_prose": "A plotter.",
        "likely_cause": None,
        "confidence": "low",
        "what_we_know": [],
        "tried": [],
        "suggested_steps": [],
        "open_questions": [],
    }
    return Assessment(**{**nothing, **parts})


GOOD = {
    "likely_cause": "A clogged head, by the service report",
    "cause_evidence": [at(8, "A clogged head, says the service report.")],
    "confidence": "high",
    "what_we_know": [
        known("Client: prints blank pages since Monday", at(0, "The plotter in room 12 prints blank pages since Monday.")),
        known("Client: Firmware is 4.17.", at(2, "Firmware is 4.17.")),
    ],
    "corrected": [
        Corrected(
            text="It is connected by USB.",
            evidence=[at(0, "It is connected by USB.")],
            now="it is connected by network, not by USB",
            corrected_by=[at(4, "Correction: it is connected by network, not by USB.")],
        )
    ],
    "tried": [
        tried("Restarted the spooler twice", "no change: nothing changed", at(2, "I restarted the spooler twice, nothing changed.")),
        tried("Cleaned the head", "worked", at(6, "I cleaned the print head from the service menu."), at(8, "That worked")),
    ],
    "suggested_steps": [SuggestedStep(text="Close it.", evidence=[at(8, "it prints again")])],
}


def judged(cut: int = 8, **parts: Any) -> Judged:
    texts = [turn.text for turn in plotter().turns[: cut + 1]]
    return score(report_of(assessment(**parts)), texts, expected_of_plotter(), cut)


# The figures


def test_a_good_assessment_gets_full_marks() -> None:
    result = judged(**GOOD)

    one = result.score
    assert (one.entries, one.evidenced) == (7, 7)
    assert (one.must, one.must_found) == (3, 3)
    assert (one.judged, one.precise) == (5, 5)
    assert (one.tried, one.tried_found, one.outcomes, one.outcomes_right) == (2, 2, 2, 2)
    assert (one.corrections, one.corrections_told) == (1, 1)
    assert (one.causes, one.causes_named) == (1, 1)
    assert (one.wrongly_known, one.wrongly_done, one.contradicted, one.invented, one.causes_wrong, one.overconfident) == (0,) * 6
    assert result.misses == {}


def test_an_empty_assessment_finds_nothing_and_says_nothing_wrong() -> None:
    result = judged()

    assert (result.score.must, result.score.must_found, result.score.tried, result.score.tried_found) == (3, 0, 2, 0)
    assert (result.score.entries, result.score.judged, result.score.underconfident) == (0, 0, 1)
    assert [miss.split(":")[0] for miss in result.misses["must_missed"]] == ["blank", "firmware", "network"]
    assert {"tried_missed", "correction_missed", "cause_missed", "underconfident"} < set(result.misses)


def test_an_invented_quote_and_one_of_another_turn_are_no_evidence() -> None:
    result = judged(
        what_we_know=[
            known("Firmware is 4.18", at(2, "Firmware is 4.18.")),
            known("Firmware is 4.17", at(3, "Firmware is 4.17.")),
            known("Firmware is 4.17", at(40, "Firmware is 4.17.")),
            known("Firmware is 4.17"),
            known("Firmware is 4.17", at(2, "Firmware  is\n4.17")),
        ]
    )

    assert (result.score.entries, result.score.evidenced) == (5, 1)
    assert len(result.misses["not_evidenced"]) == 4


def test_one_false_quote_among_true_ones_spoils_the_entry() -> None:
    result = judged(tried=[tried("Cleaned", "worked", at(8, "That worked"), at(8, "perfectly"))])

    assert (result.score.entries, result.score.evidenced) == (1, 0)


def test_a_supposition_stated_as_known_is_wrong_and_told_as_said_is_not() -> None:
    stated = judged(what_we_know=[known("The spooler is at fault", at(1, "It might be the spooler."))])
    told = judged(what_we_know=[known("[tech-1] suspects the spooler", at(1, "It might be the spooler."))])

    assert (stated.score.wrongly_known, told.score.wrongly_known) == (1, 0)
    assert "that the queue is at fault" in stated.misses["wrongly_known"][0]


def test_what_the_client_concludes_is_wrong_as_a_fact_although_the_client_says_it() -> None:
    result = judged(what_we_know=[known("Client: so the cable is surely fine", at(0, "so the cable is surely fine"))])

    assert result.score.wrongly_known == 1


def test_the_summary_must_not_state_it_either() -> None:
    stated = judged(summary_prose="Solved soon. The reason: “It might be the spooler”. It is attached “It is connected by USB”.")
    told = judged(summary_prose="The technician suspects: “It might be the spooler”. First said: “It is connected by USB”.")

    assert (stated.score.wrongly_known, stated.score.contradicted) == (0, 1)
    assert (told.score.wrongly_known, told.score.contradicted) == (0, 0)
    assert judged(summary_prose="All well: “so the cable is surely fine”.").score.wrongly_known == 1
    assert stated.score.entries == 0


def test_somebody_elses_device_is_not_this_one() -> None:
    quote = at(5, "My plotter at home does that too when the ink is old.")

    assert judged(what_we_know=[known("The ink is old", quote)]).score.wrongly_known == 1
    assert judged(what_we_know=[known("[other-1] has the same at home", quote)]).score.wrongly_known == 0


def test_what_was_announced_is_not_done_until_it_is_reported() -> None:
    plan = [tried("Cleaned the head", None, at(4, "I will clean the head after lunch."))]

    assert judged(cut=5, tried=plan).score.wrongly_done == 1
    assert judged(cut=8, tried=plan).score.wrongly_done == 0
    assert judged(cut=5, what_we_know=[known("The head is clean", at(4, "I will clean the head after lunch."))]).score.wrongly_known == 1


def test_advice_that_nobody_followed_is_not_tried() -> None:
    advice = at(3, "You could also replace the ribbon cable.")

    assert judged(tried=[tried("Replaced the ribbon cable", "failed", advice)]).score.wrongly_done == 1
    assert judged(tried=[tried("Replaced the ribbon cable", "was not applied", advice)]).score.wrongly_done == 0


def test_a_corrected_statement_shown_as_known_is_caught_from_the_turn_that_corrects_it() -> None:
    usb = [known("Client: It is connected by USB.", at(0, "It is connected by USB."))]

    before, after = judged(cut=3, what_we_know=usb), judged(cut=4, what_we_know=usb)

    assert (before.score.contradicted, before.score.corrections) == (0, 0)
    assert (after.score.contradicted, after.score.corrections, after.score.corrections_told) == (1, 1, 0)


def test_a_corrected_statement_may_be_told_as_such_in_three_ways() -> None:
    first, then = at(0, "It is connected by USB."), at(4, "it is connected by network, not by USB")

    for parts in (
        {"corrected": GOOD["corrected"]},
        {"what_we_know": [known("Client first said USB", first)]},
        {"what_we_know": [known("Client: USB, then network", first, then)]},
    ):
        result = judged(**parts)
        assert (result.score.contradicted, result.score.corrections_told) == (0, 1)


def test_an_outcome_that_nobody_reported_is_invented() -> None:
    done = at(6, "I cleaned the print head from the service menu.")

    made_up, honest = (judged(cut=7, tried=[tried("Cleaned the head", outcome, done)]) for outcome in ("worked: prints", None))

    assert (made_up.score.invented, made_up.score.outcomes_right, made_up.score.tried_found) == (1, 0, 1)
    assert (honest.score.invented, honest.score.outcomes_right, honest.score.tried_found) == (0, 1, 1)


def test_an_outcome_of_another_class_is_wrong_and_not_invented() -> None:
    result = judged(tried=[tried("Restarted the spooler", "worked", at(2, "I restarted the spooler twice"))])

    assert (result.score.outcomes, result.score.outcomes_right, result.score.invented) == (1, 0, 0)
    assert "expected not_helped" in result.misses["outcome_wrong"][0]


def test_what_was_done_counts_from_the_report_and_not_from_the_advice() -> None:
    assert judged(cut=1).score.tried == 0
    assert judged(cut=5).score.tried == 1
    assert judged(cut=6).score.tried == 2


def test_a_cause_is_null_until_it_is_established() -> None:
    guess = {"likely_cause": "The spooler", "cause_evidence": [at(1, "It might be the spooler.")]}
    said = {**guess, "likely_cause": "[tech-1] suspects the spooler", "confidence": "medium"}

    assert judged(cut=2).score.causes == 0
    assert judged(cut=2, **guess).score.causes_wrong == 1
    assert judged(cut=2, **said).score.causes_wrong == 0
    assert judged(cut=2, **said).score.overconfident == 0
    assert judged(cut=2, **{**said, "confidence": "high"}).score.overconfident == 1


def test_an_established_cause_has_to_be_that_one() -> None:
    other = judged(likely_cause="Old firmware", cause_evidence=[at(2, "Firmware is 4.17.")], confidence="high")

    assert (other.score.causes, other.score.causes_named, other.score.causes_wrong) == (1, 0, 1)


def test_confidence_above_what_is_reported_is_too_sure() -> None:
    assert judged(cut=5, confidence="high").score.overconfident == 1
    assert judged(cut=5, confidence="medium").score.overconfident == 1
    assert judged(cut=5).score.overconfident == 0
    assert judged(**{**GOOD, "confidence": "low"}).score.underconfident == 1


def test_the_bare_result_of_a_check_that_excludes_something_is_right() -> None:
    expected = expected_of_plotter()
    checks = [item.model_copy(update={"also": ["ruled_out"]}) for item in expected.tried]
    texts = [turn.text for turn in plotter().turns]
    action, report = at(2, "I restarted the spooler twice"), at(2, "nothing changed")

    def right(also: bool, *cited: Evidence) -> int:
        told = report_of(assessment(tried=[tried("Restarted the spooler", "result: nothing changed", *cited)]))
        return score(told, texts, expected.model_copy(update={"tried": checks}) if also else expected, 8).score.outcomes_right

    assert [right(True, action, report), right(True, action), right(False, action, report)] == [1, 0, 0]


def test_a_fact_that_was_withdrawn_is_no_longer_asked_for_and_not_precise() -> None:
    usb = [known("Client: It is connected by USB.", at(0, "It is connected by USB."))]

    assert judged(cut=3, what_we_know=usb).score.precise == 1
    assert judged(cut=4, what_we_know=usb).score.precise == 0


def test_without_expectations_only_evidence_and_length_are_judged() -> None:
    texts = [turn.text for turn in plotter().turns]

    one = score(report_of(assessment(**GOOD)), texts, None, 8).score

    assert (one.entries, one.evidenced, one.must, one.judged, one.tried) == (7, 7, 0, 0, 0)
    assert one.words > one.entry_words > 0


# Against those who would quote everything


def test_half_of_the_content_words_make_a_hit() -> None:
    text = "The scanner in room twelve prints blank pages"
    anchor = Anchor(turn=0, start=0, end=len(text))

    # scanner, room, twelve, prints, blank, pages
    assert covers(find("scanner in room twelve", [text], 0), anchor, [text])
    assert not covers(find("scanner in room", [text], 0), anchor, [text])
    assert not covers(find("The", [text], 0), anchor, [text])


def test_of_a_long_passage_eight_words_do() -> None:
    text = " ".join(f"word{n}" for n in range(40))
    anchor = Anchor(turn=0, start=0, end=len(text))

    assert covers(find(" ".join(text.split()[5:13]), [text], 0), anchor, [text])
    assert not covers(find(" ".join(text.split()[5:12]), [text], 0), anchor, [text])


def test_only_the_beginning_of_a_long_quote_points_at_something() -> None:
    text = " ".join(f"word{n}" for n in range(200))
    start = text.index("word100")

    assert not covers(pointed_at([(0, text)], [text]), Anchor(turn=0, start=start, end=start + 7), [text])
    assert sum(place.end - place.start for place in pointed_at([(0, text)] * 5, [text])) < len(text)


def test_quoting_everything_is_seen_in_precision_and_length() -> None:
    everything = report_of_sentences(baselines.sentences_of(plotter()))
    texts = [turn.text for turn in plotter().turns]

    one = score(everything, texts, expected_of_plotter(), 8).score

    assert one.must_found == one.must
    # Expected: blank pages, phone, advice to clean, cleaned, restarted the question and the deed, firmware, network, worked, cause.
    assert one.precise < one.judged
    assert one.wrongly_known >= 3
    assert one.contradicted == 1
    assert one.entry_words == sum(len(text.split()) for text in texts)


def test_a_quote_is_found_across_folded_space_and_invisible_characters() -> None:
    text = "It says:\n  error\u200b 0x2001\tagain"

    (place,) = find("error 0x2001 again", [text], 0)

    assert text[place.start : place.end] == "error\u200b 0x2001\tagain"
    assert find("error 0x2002", [text], 0) == []
    assert find(" ", [text], 0) == []


@pytest.mark.parametrize(
    ("outcome", "name"),
    [
        (None, "unknown"),
        (" ", "unknown"),
        ("worked: prints again", "worked"),
        ("worked in part", "partial"),
        ("no change: paused itself", "not_helped"),
        ("Failed: timed out", "not_helped"),
        ("ruled out: not listed", "ruled_out"),
        ("applied, waiting to be verified", "unknown"),
        ("was not applied", "not_done"),
        ("result: 3 lines", "result"),
    ],
)
def test_the_words_of_an_outcome_belong_to_a_class(outcome: str | None, name: str) -> None:
    assert class_of(outcome) == name


def test_said_and_corrected_are_told_by_their_words() -> None:
    assert all(map(is_said, ["[tech-1]: it is the spooler", "Technician says: the spooler", "Is it the spooler?", "Maybe it is"]))
    assert not any(map(is_said, ["Client: it is the spooler", "[requester]: it is the spooler", "It is the spooler"]))
    assert is_corrected("Client first said USB, later: network")
    assert not is_corrected("Client: USB")


# Secrets


class Repeating:
    """An assistant that puts the first lines of every step into the summary."""

    name = "repeating"

    def assess(self, case: Case) -> Assessment:
        return assessment(summary_prose=" ".join(step.text for step in case.steps)[:2400])

    def reply(self, case: Case, *, on_text: Any = None) -> Any:
        raise NotImplementedError

    notes = update = reply


def test_secrets_of_the_conversation_and_planted_ones_are_found_in_the_output() -> None:
    conversation = read(OTHERS / "secret.json")
    secrets = secrets_in([turn.text for turn in conversation.turns])

    bad = judge(conversation, None, ALL, Repeating()).ways["repeating"]
    good = judge(conversation, None, ALL, Offline()).ways["offline"]

    assert "Winter#2025x" in secrets
    assert bad.score.leaked == len(secrets) + 3
    assert good.score.leaked == 0
    assert not any(secret in json.dumps(bad.misses) for secret in secrets)


def test_a_false_quote_or_a_secret_repeated_is_a_fault_of_the_run() -> None:
    assert is_faulty(judge(read(OTHERS / "secret.json"), None, ALL, Repeating()).ways["repeating"].score)
    assert is_faulty(judged(what_we_know=[known("Firmware is 4.18", at(2, "Firmware is 4.18."))]).score)
    assert not is_faulty(judged(**GOOD).score)


def test_planting_leaves_the_rest_as_it_is() -> None:
    copy, secrets = planted(plotter())

    assert len(set(secrets)) == 3
    assert all(sum(secret in turn.text for turn in copy.turns) == 1 for secret in secrets)
    assert all(now.text.startswith(turn.text) for now, turn in zip(copy.turns, plotter().turns, strict=True))
    assert not any(secret in turn.text for turn in plotter().turns for secret in secrets)
    assert planted(plotter())[1] == secrets


# Baselines and cuts


def test_people_hand_off_before_the_resolution() -> None:
    solved = plotter()
    unsolved = solved.model_copy(update={"resolution": None})
    at_once = solved.model_copy(update={"resolution": 0})

    assert [last_turn(c, BEFORE) for c in (solved, unsolved, at_once)] == [7, 8, 8]
    assert [last_turn(solved, cut) for cut in (ALL, 3, 99)] == [8, 3, 8]


def test_sentences_are_verbatim_and_all_there() -> None:
    found = baselines.sentences_of(plotter())

    assert (0, "It is connected by USB.") in found
    assert all(text in plotter().turns[turn].text for turn, text in found)
    assert "".join("".join(text.split()) for _, text in found) == "".join("".join(turn.text.split()) for turn in plotter().turns)


def test_first_and_last_takes_half_of_the_words_from_each_end() -> None:
    sentences = [(n, f"sentence number {n} here") for n in range(10)]

    told = baselines.first_and_last(sentences, words=16)

    assert [entry.quotes[0][0] for entry in told.entries] == [0, 1, 8, 9]
    assert len(baselines.first_and_last(sentences, words=0).entries) == 2
    assert len(baselines.first_and_last(sentences, words=999).entries) == 10


def test_the_librarys_summaries_have_as_many_sentences_as_ours_have_entries() -> None:
    pytest.importorskip("sumy")
    pytest.importorskip("numpy")
    sentences = baselines.sentences_of(plotter())
    twice = [*sentences, *sentences]

    for name, summary in baselines.available().items():
        told = summary(sentences, 4)
        assert len(told.entries) == 4, name
        assert all(entry.text in plotter().turns[entry.quotes[0][0]].text for entry in told.entries), name
        assert len(summary(twice, 5).entries) == 5, name
        assert len(summary(sentences[:1], 4).entries) == 1, name


def test_very_long_conversations_are_summed_up_by_the_quick_ways_only() -> None:
    long = plotter().model_copy(update={"turns": [*plotter().turns] * 40, "resolution": None})

    result = judge(long, None, ALL, Offline())

    assert list(result.ways) == ["offline", "first and last"]
    assert result.ways["offline"].score.evidenced == result.ways["offline"].score.entries


def test_counts_of_conversations_add_up() -> None:
    results = [judge(plotter(), expected_of_plotter(), cut, Offline()) for cut in (ALL, BEFORE)]

    added = totals(results)["offline"]

    assert added.conversations == 2
    assert added.must == sum(result.ways["offline"].score.must for result in results)
    assert added.slowest == max(result.ways["offline"].score.seconds for result in results)


# Expectation files


def broken(**changes: Any) -> dict[str, Any]:
    document = yaml.safe_load((SMALL / "plotter.yaml").read_text())
    return {**document, **changes}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "not expectations"),
        ("a: [", "not YAML"),
        (broken(known=[]), "known"),
        (broken(extra=1), "extra"),
        (broken(conversation="another"), "is about another"),
        (broken(known=[{"id": "a", "about": "b", "anchors": [{"turn": 0, "start": 5, "end": 5}]}]), "known[0].anchors[0]"),
        (broken(known=[{"id": "a", "about": "b", "anchors": [{"turn": 90, "start": 0, "end": 5}]}]), "there is no turn 90"),
        (
            broken(known=[{"id": "a", "about": "b", "anchors": [{"turn": 7, "start": 0, "end": 50}]}]),
            "known[0].anchors[0].end: 50 is beyond",
        ),
        (broken(tried=[{"about": "b", "anchors": [{"turn": 7, "start": 0, "end": 3}], "outcome": "great"}]), "tried[0].outcome"),
        (broken(tried=[{"about": "b", "anchors": [{"turn": 7, "start": 0, "end": 3}], "outcome": "worked"}]), "outcome_anchors"),
        (broken(cause={"established": True, "about": "b"}), "cause"),
    ],
)
def test_a_bad_file_is_named_with_its_field(tmp_path: Path, content: Any, message: str) -> None:
    file = tmp_path / "plotter.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))

    with pytest.raises(BadExpectations) as error:
        load(file, plotter())

    assert message in str(error.value)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(BadExpectations, match="no such file"):
        load(SMALL / "nothing.yaml")


def abouts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from [entry] if key == "about" else abouts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from abouts(entry)


def runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[start : start + 5]) for start in range(len(words) - 4)}


def test_there_are_expectations_of_24_conversations() -> None:
    files = sorted(EXPECTED.glob("*.yaml"))

    assert len(files) == 24
    for file in files:
        expected = load(file)
        assert expected.conversation == file.stem
        assert sum(fact.must for fact in expected.known) >= 4, file


@without_the_real
@pytest.mark.parametrize("file", sorted(EXPECTED.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_passage_lies_in_its_turn_and_no_text_is_copied(file: Path) -> None:
    conversation = read(REAL / f"{file.stem}.json")
    theirs = runs(conversation.title).union(*(runs(turn.text) for turn in conversation.turns))

    expected = load(file, conversation)

    for place, anchor in anchors_of(expected):
        passage = conversation.turns[anchor.turn].text[anchor.start : anchor.end]
        assert passage == passage.strip(), place
        assert any(char.isalnum() or char == "%" for char in passage), place
    for about in abouts(yaml.safe_load(file.read_text())):
        assert not runs(about) & theirs, about


@without_the_real
@pytest.mark.parametrize("file", sorted(EXPECTED.glob("*.yaml")), ids=lambda file: file.stem)
def test_whoever_tells_just_what_is_expected_gets_full_marks_at_every_cut(file: Path) -> None:
    conversation = read(REAL / f"{file.stem}.json")
    expected = load(file, conversation)

    for cut in range(len(conversation.turns)):
        texts = [turn.text for turn in conversation.turns[: cut + 1]]
        now = due(expected, cut)

        def quotes(anchors: list[Anchor], texts: list[str] = texts) -> list[tuple[int, str]]:
            return [(anchor.turn, texts[anchor.turn][anchor.start : anchor.end]) for anchor in anchors]

        entries = [Entry("known", "a fact", quotes(anchors)) for fact, anchors in now.known if fact.must]
        for item in now.tried:
            outcome = {"unknown": None, "not_helped": "no change", "ruled_out": "ruled out"}.get(min(item.classes), min(item.classes))
            entries.append(Entry("tried", "a deed", quotes([*item.anchors, *item.outcome_anchors]), outcome=outcome))
        entries += [Entry("corrected", "said", quotes(said[:1]), quotes(by)) for _, said, by in now.corrected]
        if now.cause_established:
            entries.append(Entry("cause", "a cause", quotes(now.cause)))
        one = score(Report(entries, "medium" if now.cause_established else "low"), texts, expected, cut)

        assert one.misses == {}, cut
        assert one.score.evidenced == one.score.entries


# The command


def run(*args: Any, **options: Any) -> tuple[str, int]:
    out, code = io.StringIO(), 0
    try:
        call_command("evaluate_handoffs", *map(str, args), stdout=out, **options)
    except SystemExit as end:
        code = int(end.code or 0)
    return out.getvalue(), code


def test_the_command_ends_with_a_table_of_ways_and_figures() -> None:
    printed, code = run(SMALL, expected=SMALL)

    lines = printed.rstrip().splitlines()
    assert code == 0
    assert "must-know" in printed
    assert "The whole conversation (1 conversations)" in printed
    assert "Up to the turn before the resolution" in printed
    assert any(line.startswith("offline ") and "100%" in line for line in lines[-8:])
    assert any(line.startswith("first and last ") for line in lines[-8:])


def test_json_has_sums_and_every_conversation() -> None:
    printed, code = run(SMALL, "--expected", SMALL, "--json", "--cut", "3")

    document = json.loads(printed)
    assert code == 0
    assert (document["assistant"], document["expected"]) == ("offline", 1)
    of_cut = document["cuts"]["3"]
    assert of_cut["ways"]["offline"]["evidence_valid"] == 1
    (one,) = of_cut["conversations"]
    assert (one["conversation"], one["last_turn"]) == ("plotter", 3)
    assert {"must_know_found", "precision", "tried_recall", "seconds", "misses"} <= set(one["ways"]["offline"])
    assert one["ways"]["first and last"]["tried_recall"] is None


def test_without_expectations_the_rest_is_measured_and_said(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text((SMALL / "plotter.json").read_text())
    empty = tmp_path / "none"
    empty.mkdir()

    printed, code = run(tmp_path, expected=empty)

    assert code == 0
    assert "1 of 1 conversations have no expectations" in printed
    assert "100%" in printed


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("one.json", "{", "not JSON"),
        ("one.json", "{}", "missing"),
        ("one.txt", "", "no conversation files"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(CommandError, match=message) as error:
        run(tmp_path)

    assert error.value.returncode == 2
    assert "\n" not in str(error.value)


def test_bad_expectations_no_folder_and_a_bad_cut_are_told(tmp_path: Path) -> None:
    (tmp_path / "plotter.yaml").write_text("known: 1")

    with pytest.raises(CommandError, match=r"plotter\.yaml"):
        run(SMALL, expected=tmp_path)
    with pytest.raises(CommandError, match="no such folder"):
        run(SMALL, expected=tmp_path / "nowhere")
    with pytest.raises(CommandError, match="no such file"):
        run(tmp_path / "nothing.json")
    with pytest.raises(CommandError, match="is not a valid cut"):
        run(SMALL, "--cut", "-1")
    (tmp_path / "a.json").write_text((SMALL / "plotter.json").read_text())
    (tmp_path / "b.json").write_text((SMALL / "plotter.json").read_text())
    with pytest.raises(CommandError, match="duplicate conversation id plotter"):
        run(tmp_path)


def test_an_id_does_not_lead_out_of_the_folder_of_expectations(tmp_path: Path) -> None:
    document = json.loads((SMALL / "plotter.json").read_text())
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.json").write_text(json.dumps({**document, "id": "../plotter"}))
    (tmp_path / "in" / "two.json").write_text(json.dumps({**document, "id": "x" * 300}))
    (tmp_path / "plotter.yaml").write_text("known: 1")

    printed, code = run(tmp_path / "in", expected=tmp_path / "in")

    assert code == 0
    assert "have no expectations" in printed


def test_llm_without_a_model_in_the_settings_is_bad_input() -> None:
    with pytest.raises(CommandError) as error:
        run(SMALL, assistant="llm")

    assert error.value.returncode == 2


@pytest.mark.django_db
def test_a_conversation_that_the_model_gives_nothing_for_is_left_out_and_told(settings: Any) -> None:
    told = io.StringIO()
    with scripted() as server:
        settings.ASSISTANT_LLM = settings_for(server.url, tries=1)
        printed, code = run(SMALL, "--cut", "all", assistant="llm", stderr=told)

    assert code == 2
    assert "plotter (all): left out" in told.getvalue()
    assert "The whole conversation (0 conversations)" in printed


# The real ones


@without_the_real
def test_on_the_24_conversations_the_offline_assistant_beats_every_baseline() -> None:
    printed, code = run(REAL, "--json")

    document = json.loads(printed)
    assert code == 0
    assert document["expected"] == 24
    for cut, of_cut in document["cuts"].items():
        ours, *others = of_cut["ways"].values()
        assert ours["evidence_valid"] == 1, cut
        assert ours["leaked"] == 0, cut
        assert ours["contradicted"] == 0, cut
        assert ours["wrongly_known"] == 0, cut
        assert ours["must_know_found"] >= 0.84, cut
        assert ours["precision"] >= 0.8, cut
        assert ours["tried_recall"] >= 0.89, cut
        for other in others:
            assert ours["must_know_found"] >= other["must_know_found"] + 0.15, cut
            assert ours["precision"] >= other["precision"] + 0.15, cut
            assert ours["wrongly_known"] < other["wrongly_known"], cut


# Those written for the project


def test_the_held_out_conversations_are_read_and_looked_up_like_the_others() -> None:
    files = sorted(HELD_OUT.glob("*.yaml"))

    assert sum(file.stem.startswith("dev_") for file in files) >= 7
    assert sum(file.stem.startswith("test_") for file in files) >= 7
    assert sum(file.stem.startswith("fresh_") for file in files) == 24
    for file in files:
        conversation = read(file.with_suffix(".json"))
        expected = load(file, conversation)
        assert expected.conversation == file.stem
        assert sum(fact.must for fact in expected.known) >= 4, file


@pytest.mark.parametrize(("half", "must", "tried_share"), [("dev", 0.9, 0.9), ("test", 0.8, 0.9)])
def test_of_the_held_out_conversations_nothing_is_told_wrongly(half: str, must: float, tried_share: float) -> None:
    """`dev` was looked at while the rules were made, `test` was not: its floor is what to expect of conversations nobody has seen."""
    added = Score()
    for file in sorted(HELD_OUT.glob(f"{half}_*.json")):
        conversation = read(file)
        expected = load(file.with_suffix(".yaml"), conversation)
        for cut in range(len(conversation.turns)):
            added.add(judge_ours(conversation, expected, cut))

    assert added.evidenced == added.entries
    assert (added.wrongly_done, added.invented, added.wrongly_known, added.contradicted, added.causes_wrong, added.overconfident) == (
        0,
    ) * 6
    assert added.must_found / added.must >= must
    assert added.tried_found / added.tried >= tried_share


def judge_ours(conversation: Conversation, expected: Expectations, cut: int) -> Score:
    """The offline assistant's score alone: the baselines are not asked."""
    turns = conversation.turns[: cut + 1]
    told = report_of(Offline().assess(to_case(conversation.model_copy(update={"turns": turns}))))
    return score(told, [turn.text for turn in turns], expected, cut).score


def test_of_conversations_in_other_peoples_words_nothing_is_stated_wrongly() -> None:
    """24 that were read only after they had been measured (docs/assessment.md): in words of their own."""
    added = Score()
    for file in sorted(HELD_OUT.glob("fresh_*.json")):
        conversation = read(file)
        added.add(judge_ours(conversation, load(file.with_suffix(".yaml"), conversation), len(conversation.turns) - 1))

    assert added.evidenced == added.entries
    assert (added.wrongly_known, added.wrongly_done, added.invented, added.causes_wrong, added.overconfident) == (0, 0, 0, 0, 0)
    assert added.contradicted <= 3
    assert added.must_found >= 0.73 * added.must
    assert added.precise >= 0.78 * added.judged
    assert added.tried_found >= 0.73 * added.tried
    assert added.outcomes_right >= 0.66 * added.outcomes
