"""The offline assessment: what is told, and what must never be told."""

import io
import json
import os
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from flowpilot.assessing import assess, verify
from flowpilot.assessing.notes import notes
from flowpilot.assessing.secrecy import holds_secret
from flowpilot.assessing.update import update
from flowpilot.assistant.case import Case, CaseFact, CaseFix, CaseStep, CaseTask
from flowpilot.assistant.results import Assessment, Evidence, Known, SuggestedStep, Tried
from flowpilot.conversations import read, to_case
from flowpilot.management.commands.assess_conversation import Command

DATA = Path(__file__).parent / "data"
REAL = Path(__file__).resolve().parents[2] / os.environ.get("RESOLUTIONFLOW_DATA", "../shared/data") / "conversations"


def case_of(name: str, cut: int | None = None) -> Case:
    return to_case(read(DATA / f"{name}.json"), cut=cut)


def talk(*said: tuple[str, str], title: str = "A problem") -> Case:
    """A case of "client" and "imported" messages."""
    steps = [CaseStep(n, "message", kind, "[client]" if kind == "client" else "[tech-1]", text) for n, (kind, text) in enumerate(said, 1)]
    return Case(title=title, steps=steps)


def whole(result: Assessment) -> str:
    return result.model_dump_json()


def known(result: Assessment) -> str:
    return "\n".join(entry.text for entry in result.what_we_know)


def assert_holds(result: Assessment, case: Case) -> None:
    """Every entry carries evidence, every quote stands verbatim in its step, and the check leaves it as it is."""
    texts = {step.number: " ".join(step.text.split()) for step in case.steps}
    for entry in [*result.what_we_know, *result.tried]:
        assert entry.evidence
    for entry in [*result.what_we_know, *result.tried, *result.suggested_steps]:
        for cited in entry.evidence:
            assert cited.quote in texts[cited.step]
            assert len(cited.quote) <= 200
    assert verify(result, case) == result


@pytest.mark.parametrize("file", sorted(DATA.glob("*.json")), ids=lambda file: file.stem)
def test_whatever_is_told_stands_in_the_session(file: Path) -> None:
    conversation = read(file)

    for cut in range(len(conversation.turns)):
        case = to_case(conversation, cut=cut)
        assert_holds(assess(case), case)


def test_a_solved_case_tells_problem_exact_error_and_what_ended_it() -> None:
    result = assess(case_of("forum_solved"))

    assert "Scanner no longer saves" in result.summary_prose
    assert "Connection failed: authentication error 0x2001" in result.summary_prose + known(result)
    assert "confirms “That worked, scans arrive again”" in result.summary_prose
    assert "ZF1.22" in known(result)
    assert result.likely_cause is not None
    assert result.confidence in {"medium", "high"}


def test_what_was_done_is_told_with_its_outcome() -> None:
    tried = assess(case_of("forum_solved")).tried

    assert [(t.action, (t.outcome or "").split(":")[0]) for t in tried] == [
        ("Rebooted the printer twice", "no change"),
        ("Enabled SMB2 under Network > Protocol and restarted the printer", "worked"),
    ]
    assert [e.step for e in tried[1].evidence] == [2, 3, 3]


def test_before_the_confirmation_nothing_is_solved() -> None:
    result = assess(case_of("forum_solved", cut=1))

    assert "Not solved" in result.summary_prose
    assert result.likely_cause is None
    assert result.confidence == "low"
    assert [t.action for t in result.tried] == ["Rebooted the printer twice"]
    assert "Enable SMB2 in the printer's web page" in result.suggested_steps[0].text


def test_a_suggestion_is_not_something_that_was_tried() -> None:
    result = assess(case_of("suggestion_only"))

    assert result.tried == []
    assert "Not solved" in result.summary_prose
    assert any("certmgr.msc" in step.text for step in result.suggested_steps)
    assert "clock" not in known(result)


def test_what_was_announced_and_not_reported_back_was_not_done() -> None:
    result = assess(case_of("announced"))

    assert result.tried == []
    assert any("alibrate" in step.text and "Announced" in step.why for step in result.suggested_steps)


def test_a_chat_tells_answers_with_their_questions_and_keeps_the_promise_open() -> None:
    result = assess(case_of("chat_open"))

    assert "AP-4F-02" in known(result)
    assert "38%" in known(result) + "".join(t.outcome or "" for t in result.tried)
    assert not any("ssid" in t.action.lower() for t in result.tried)
    assert any("ssid" in step.text for step in result.suggested_steps)
    assert any("your phone" in question for question in result.open_questions)


def test_what_was_corrected_is_told_as_said_and_then_corrected() -> None:
    result = assess(case_of("contradiction"))

    corrected = [entry for entry in result.what_we_know if "first said" in entry.text]
    assert any("IMAP" in entry.text and "Exchange, not IMAP" in entry.text for entry in corrected)
    assert any("Nobody else" in entry.text and "two colleagues" in entry.text for entry in corrected)
    assert all({e.step for e in entry.evidence} == {1, 4} for entry in corrected)
    others = "\n".join(entry.text for entry in result.what_we_know if entry not in corrected)
    assert "Nobody else" not in others
    assert "I use IMAP" not in others


def test_a_suspicion_whose_test_failed_is_not_the_cause() -> None:
    result = assess(case_of("refuted"))

    assert result.likely_cause is None
    assert result.confidence == "low"
    assert result.tried[0].outcome is not None
    assert result.tried[0].outcome.startswith("no change")
    assert not any("dock" in step.text.lower() for step in result.suggested_steps)
    assert any("How old is the battery" in question for question in result.open_questions)


def test_a_problem_that_came_back_is_not_solved() -> None:
    assert "It ended" in assess(case_of("new_problem", cut=2)).summary_prose

    assert "Not solved" in assess(case_of("new_problem")).summary_prose


def test_secrets_are_never_quoted() -> None:
    text = whole(assess(case_of("secret")))

    assert "Winter#2025x" not in text
    assert "sk-test" not in text
    assert "Account locked" in text


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter22", "The admin password is Tr0ub4dor", "pw = abc123!", "token=9f8e7d6c5b4a", "ghp_abcdefghijklmnopqrstuv1234",
        "net user bob S3cret! /add", "mysql -u root -pS3cretpw", "The wifi key is bluehorse77", "PIN is 4711",
        "https://bob:secret@host.example/",
    ],
)  # fmt: skip
def test_a_credential_is_recognised(line: str) -> None:
    assert holds_secret(line)


@pytest.mark.parametrize(
    "line",
    [
        "The password is correct.", "It asks for the password again and again.", "Authentication method: normal password",
        "The login page is slow.", "Thunderbird 115.2.0 on Windows 11", "my password is not accepted", "The token is expired.",
    ],
)  # fmt: skip
def test_talk_about_passwords_is_no_credential(line: str) -> None:
    assert not holds_secret(line)


def test_the_answer_to_a_question_for_a_password_is_not_quoted() -> None:
    result = assess(talk(("client", "I cannot log in to the portal."), ("imported", "What is your password?"), ("client", "bluehorse77")))

    assert "bluehorse77" not in whole(result)


def test_orders_in_the_text_are_neither_facts_nor_advice() -> None:
    result = assess(case_of("injection"))

    text = whole(result).lower()
    assert "ignore" not in text
    assert "administrator" not in text
    assert "delete the mailbox" not in text
    assert "no sound" in text


def test_chatter_gives_no_facts() -> None:
    result = assess(case_of("chatter"))

    assert result.tried == []
    assert result.likely_cause is None
    assert result.what_we_know == []
    assert result.summary_prose


def test_an_empty_case_is_told_as_such() -> None:
    result = assess(Case(title=""))

    assert "no description" in result.summary_prose
    assert result.confidence == "low"


def test_what_a_technician_did_is_told_with_what_the_client_said_of_it() -> None:
    case = talk(
        ("client", "The trust relationship between LAP-221 and the domain failed since yesterday."),
        ("imported", "I have reset the computer account. Please restart and try again."),
        ("client", "Restarted twice. Same message."),
    )

    tried = assess(case).tried

    assert [t.action for t in tried] == ["[tech-1]: Reset the computer account", "Restarted twice"]
    assert all((t.outcome or "").startswith("no change") for t in tried)


def test_a_fellow_sufferer_is_not_the_client() -> None:
    case = talk(
        ("client", "My router drops the 5 GHz network since firmware 1.3.2."),
        ("imported", "Same problem here, downgrading fixed it for me."),
    )

    result = assess(case)

    assert "Not solved" in result.summary_prose or "Nothing" in result.summary_prose
    assert result.tried == []
    assert "Also reported by [tech-1]" in known(result)


def test_a_look_that_worked_does_not_end_the_problem() -> None:
    case = talk(
        ("client", "I cannot reach the web shop, connection refused."),
        ("imported", "try ping 10.0.0.5"),
        ("client", "that worked, ping answers"),
    )

    result = assess(case)

    assert "Not solved" in result.summary_prose
    assert result.likely_cause is None


def test_questions_and_suppositions_are_not_facts() -> None:
    case = talk(
        ("client", "Mail is slow since Monday. Could it be the firewall? Maybe the switch is broken."),
        ("imported", "If you had a proxy that would explain it. The DNS server might be down."),
    )

    text = known(assess(case))

    assert "slow since Monday" in text
    assert not any(word in text for word in ("firewall", "switch", "proxy", "DNS"))


def test_what_is_quoted_or_signed_is_not_said_again() -> None:
    case = talk(
        ("client", "The share is not reachable from PC-17."),
        ("imported", "Does PC-17 get an address?"),
        ("client", "> The share is not reachable from PC-17.\nYes, 10.1.4.17.\n\n-- \nMax Muster, Head of everything that fails"),
    )

    result = assess(case)

    assert [e.step for entry in result.what_we_know for e in entry.evidence if "not reachable" in e.quote] == [1]
    assert "Head of everything" not in whole(result)


def test_the_person_who_works_a_session_without_a_client_is_the_one_who_reports() -> None:
    case = Case(
        title="Backup job fails",
        steps=[
            CaseStep(1, "message", "person", "Ana", "Backup of SRV01 fails with error 0x80780119 since Saturday."),
            CaseStep(2, "reply", "assistant", "FlowPilot", "Check the free space of the recovery partition."),
            CaseStep(
                3, "message", "person", "Ana", "I extended the partition to 1 GB. I reran the job and it still fails with the same error."
            ),
        ],
    )

    result = assess(case)

    assert_holds(result, case)
    assert "0x80780119" in known(result)
    assert [(t.outcome or "")[:9] for t in result.tried][-1] == "no change"
    assert "FlowPilot" not in known(result)


def lane_case() -> Case:
    return Case(
        title="No network in the annex",
        client="Harbour Dental",
        needs="Please look at the switch configuration.",
        steps=[
            CaseStep(1, "message", "person", "Ana", "The annex has no network since the storm."),
            CaseStep(2, "answer", "person", "Ana", "All six PCs in the annex", card=1, asked="Who is affected?"),
            CaseStep(
                3,
                "check",
                "person",
                "Ana",
                "Port 12 is down, LED off",
                card=2,
                asked="State of the uplink port",
                command="show interface 12",
            ),
            CaseStep(4, "reply", "assistant", "FlowPilot", "Suggested fix: replace the uplink cable with a tested one."),
            CaseStep(5, "outcome", "person", "Ana", "Replace the uplink cable: failed, port stays down"),
        ],
        facts=[CaseFact(1, "The storm was on Sunday night", None), CaseFact(2, "Port 12 is down", 3)],
        tasks=[
            CaseTask(1, "question", "Who is affected?", "done", answer="All six PCs in the annex", step=2),
            CaseTask(
                2, "check", "State of the uplink port", "done", command="show interface 12", answer="Port 12 is down, LED off", step=3
            ),
            CaseTask(3, "question", "Was the switch moved?", "pending"),
            CaseTask(4, "check", "Swap the SFP module", "active"),
        ],
        fixes=[CaseFix(1, "Replace the uplink cable", "", "", "failed", proposed_step=4, outcome_step=5)],
    )


def test_what_stands_in_the_lane_comes_first() -> None:
    case = lane_case()

    result = assess(case)

    assert_holds(result, case)
    assert "Asked “Who is affected?”: All six PCs in the annex" in known(result)
    assert "Port 12 is down" in known(result)
    assert (result.tried[0].action, result.tried[0].outcome) == ("Replace the uplink cable", "failed")
    assert "Was the switch moved?" in result.open_questions
    assert any("Swap the SFP module" in step.text for step in result.suggested_steps)
    # What is needed stands beside the summary on the screen; the summary does not say it again.
    assert "switch configuration" not in result.summary_prose
    assert "Port 12 is down" in result.summary_prose
    assert "Harbour Dental" not in known(result)


def test_a_fact_of_the_lane_without_a_step_is_not_shown_as_known() -> None:
    assert "Sunday night" not in known(assess(lane_case()))


def test_the_check_drops_what_the_session_does_not_hold() -> None:
    case = talk(("client", "The printer is\n offline since 9:15."), ("imported", "Restart the spooler."))
    made_up = Assessment(
        summary_prose="The <b>printer</b> is offline.\u202e It runs firmware 9.9.77.",
        likely_cause="A broken print head",
        confidence="high",
        what_we_know=[
            Known(
                text="The printer is offline", evidence=[Evidence(step=1, quote="printer is offline"), Evidence(step=7, quote="printer")]
            ),
            Known(text="It is a laser printer", evidence=[Evidence(step=1, quote="laser printer")]),
            Known(text="Offline since 10:45", evidence=[Evidence(step=1, quote="offline since 9:15")]),
        ],
        tried=[Tried(action="Restarted the spooler", outcome="worked", evidence=[Evidence(step=2, quote="I restarted the spooler")])],
        suggested_steps=[SuggestedStep(text="Restart the spooler", evidence=[Evidence(step=2, quote="Restart the spooler.")])],
        open_questions=["Who\u200b else?"],
    )

    checked = verify(made_up, case)

    assert [entry.text for entry in checked.what_we_know] == ["The printer is offline"]
    assert [(e.step, e.quote) for e in checked.what_we_know[0].evidence] == [(1, "printer is offline")]
    assert checked.tried == []
    assert checked.likely_cause is None
    assert checked.confidence == "low"
    assert checked.summary_prose == "The printer is offline."
    assert checked.open_questions == ["Who else?"]
    assert verify(checked, case) == checked


def test_strange_characters_and_long_texts_do_no_harm() -> None:
    texts = [
        "no\x00 sound \u202egnp.exe since Monday 😀👨‍👩‍👧",
        "a" * 200_000,
        '"' * 50_000,
        "I can't <b " * 5_000,
        "שלום, המדפסת לא עובדת",
        "( " * 50_000,
    ]
    case = talk(*[("client", text) for text in texts])

    start = time.perf_counter()
    result = assess(case)

    assert_holds(result, case)
    assert "\u202e" not in whole(result)
    assert time.perf_counter() - start < 10


def test_a_very_long_session_is_told_in_seconds() -> None:
    said = [
        ("client" if n % 2 else "imported", f"I restarted node {n} and it still fails with error {n}. Please restart it again.")
        for n in range(5000)
    ]

    start = time.perf_counter()
    assess(talk(*said))

    assert time.perf_counter() - start < 10


def test_the_same_case_gives_the_same_words() -> None:
    assert assess(case_of("forum_solved")) == assess(case_of("forum_solved"))


def test_ticket_notes_keep_the_problem_what_was_confirmed_and_the_end() -> None:
    written = notes(case_of("forum_solved"))

    assert "Scanner" in written.problem
    assert written.confirmed
    assert "SMB2" in written.resolution
    assert notes(case_of("announced")).root_cause == ""
    assert notes(case_of("announced"), resolution="Replaced the label roll.").resolution == "Replaced the label roll."


@pytest.mark.parametrize("audience", ["ticket", "client", "email"])
@pytest.mark.parametrize("length", ["short", "long"])
def test_an_update_is_fit_for_its_reader(audience: str, length: str) -> None:
    text = update(case_of("forum_solved", cut=1), context="escalation", audience=audience, length=length).text

    assert "Scanner" in text
    if audience != "ticket":
        assert not any(word in text for word in ("confidence", "lane", "step", "tech-1", "assessment"))
    if audience == "email":
        assert text.startswith("Hello,")


def test_the_saved_prose_of_a_handoff_is_the_update_for_the_ticket() -> None:
    assert update(case_of("announced"), context="escalation", audience="ticket", length="short", prose="As told.").text == "As told."


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(Command(), *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_json_with_turns_counted_from_zero() -> None:
    document = json.loads(run(str(DATA / "forum_solved.json"), "--cut", "1"))

    assert set(document) == {"summary_prose", "likely_cause", "confidence", "what_we_know", "tried", "suggested_steps", "open_questions"}
    turns = {cited["step"] for entry in document["what_we_know"] for cited in entry["evidence"]}
    assert turns <= {0, 1}
    assert 0 in turns


def test_the_command_refuses_bad_files_and_cuts_in_one_line() -> None:
    for arguments in ([str(DATA / "nothing.json")], [str(DATA / "announced.json"), "--cut", "9"]):
        with pytest.raises(CommandError) as caught:
            run(*arguments)
        assert "\n" not in str(caught.value)
        assert caught.value.returncode == 1


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real conversations at {REAL} (set RESOLUTIONFLOW_DATA)")
def test_real_conversations_are_told_truly_and_fast() -> None:
    files = sorted(REAL.glob("*.json"))
    assert files
    for file in files:
        conversation = read(file)
        for cut in sorted({0, len(conversation.turns) // 2, len(conversation.turns) - 1}):
            case = to_case(conversation, cut=cut)

            start = time.perf_counter()
            result = assess(case)

            assert time.perf_counter() - start < 1, file.name
            assert_holds(result, case)
            assert result.summary_prose, file.name
            if cut == len(conversation.turns) - 1:
                assert len(result.what_we_know) >= 3, file.name
