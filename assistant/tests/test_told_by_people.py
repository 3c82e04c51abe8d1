"""Deeds, outcomes, answers and withdrawals in the words of people, of which no list is long enough."""

import pytest

from assistant.analysis.language.lists import apart, items
from assistant.results import Assessment
from assistant.tests.test_corrections import corrected, talk

TROUBLE = ("client", "The scanner in reception does not send any mail since Monday, error 0x4c on its screen.")


def tries(made: Assessment) -> list[tuple[str, str]]:
    return [(entry.action, (entry.outcome or "").split(":")[0]) for entry in made.tried]


# Deeds


@pytest.mark.parametrize(
    "deed",
    [
        "I've taken the floor out of the new filter.",
        "I have set the time-out to 90 on your firewall, could you have everybody log off and on?",
        "Bounced the mail service on SRV-03.",
        "Kicked off the job by hand at 08:10.",
        "They rebooted the modem at 13:20.",
        "Put the new address on the list and took the old one off.",
        "I've taken the service out of the template, otherwise you would have it again.",
        "Had a look from here and unticked the plug-in.",
    ],
)
def test_what_a_technician_with_access_did_is_a_try_whatever_the_verb(deed: str) -> None:
    made = talk(TROUBLE, ("Kim", "I've restarted the print server for you."), ("client", "No change."), ("Kim", deed))

    cited = [quote.quote for entry in made.tried for quote in entry.evidence if quote.step == 4]
    assert cited and all(quote in deed for quote in cited)


@pytest.mark.parametrize(
    "state",
    [
        "I noticed the light in the corridor.",
        "Shared mailbox of the reception is missing.",
        "I was kicked out of the meeting twice.",
        "Asked her to move the headset to the other port.",
        "I'll swap the toner on Thursday.",
        "At Brenner's we capped it at 8 GB.",
        "I have to withdraw what I wrote this morning.",
        "I run into a problem with the old one.",
    ],
)
def test_what_was_noticed_suffered_asked_for_or_done_elsewhere_is_no_try(state: str) -> None:
    made = talk(TROUBLE, ("Kim", "I've restarted the print server for you."), ("client", "No change."), ("Kim", state))

    assert not [entry for entry in made.tried if any(quote.step == 4 for quote in entry.evidence)]


def test_a_test_that_is_named_with_its_result_is_a_try() -> None:
    made = talk(TROUBLE, ("client", "memtest: 4 passes 0 errors."))

    assert tries(made) == [("Memtest: 4 passes 0 errors", "result")]


def test_what_was_announced_is_a_try_only_when_somebody_reports_that_it_was_done() -> None:
    announced = ("Kim", "A colleague will bring the spare scanner round on Thursday.")

    assert tries(talk(TROUBLE, announced, ("client", "It works now."))) == []
    assert tries(talk(TROUBLE, announced, ("client", "he was here and put it in."))) == [(announced[1].rstrip("."), "")]


# How it went


@pytest.mark.parametrize("said", ["same", "Nada.", "so nope", "ditto"])
def test_a_bare_word_after_advice_says_that_it_did_not_help(said: str) -> None:
    made = talk(TROUBLE, ("Kim", "Please restart the scanner."), ("client", "done"), ("Kim", "And did that help?"), ("client", said))

    assert [outcome for _, outcome in tries(made)] == ["no change"]


def test_a_no_that_answers_another_question_is_no_outcome() -> None:
    made = talk(
        TROUBLE, ("Kim", "Please restart the scanner."), ("client", "done"), ("Kim", "Do you have a second scanner?"), ("client", "no")
    )

    assert [outcome for _, outcome in tries(made)] == [""]


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        ("No timeouts for 25 min now.", "worked"),
        ("Not a single hang since.", "worked"),
        ("Hurrah, two have just landed!", "worked"),
        ("It came back, exactly the same text.", "no change"),
        ("Two more timeouts since.", ""),
    ],
)
def test_trouble_that_is_not_there_is_good_news(report: str, outcome: str) -> None:
    made = talk(TROUBLE, ("Kim", "I've raised the limit on your firewall."), ("client", report))

    assert [found for _, found in tries(made)] == [outcome]


def test_an_idle_report_does_not_end_the_wait_for_the_outcome() -> None:
    made = talk(
        TROUBLE,
        ("Kim", "I've restarted the service on your server, try the next one."),
        ("client", "ok mr pollock is next"),
        ("client", "nope. same story, then the red box again"),
    )

    assert [outcome for _, outcome in tries(made)] == ["no change"]


def test_what_did_not_last_is_told_so_and_corrected() -> None:
    made = talk(
        TROUBLE,
        ("Kim", "I've put the old firmware back on your scanner."),
        ("client", "It works again, thank you!"),
        ("client", "Spoke too soon, since 8:05 we are back to square one."),
    )

    assert [outcome for _, outcome in tries(made)] == ["did not last"]
    assert [now for _, now in corrected(made)] == ["Spoke too soon, since 8:05 we are back to square one."]
    assert made.likely_cause is None
    assert not any("It works again" in step.text for step in made.suggested_steps)


def test_one_works_and_the_other_is_dead_is_neither_a_success_nor_a_failure() -> None:
    made = talk(
        TROUBLE, ("Kim", "Swap the two leads over at the dock."), ("client", "done. the dead one works now and the other one is dead")
    )

    assert [outcome for _, outcome in tries(made)] == ["result"]


def test_a_failed_attempt_before_the_one_that_went_through_is_a_success() -> None:
    made = talk(TROUBLE, ("client", "Updated the firmware, one failed attempt, the second one went through"))

    assert [outcome for _, outcome in tries(made)] == ["worked"]


@pytest.mark.parametrize(
    ("closing", "cause"),
    [
        (
            "Happy days. So: the new router gave the scanner another address and the relay had the old one.",
            "the new router gave the scanner",
        ),
        ("For the file: new router, new public address, and the relay did not know it.", "new router, new public address"),
        ("So: shall I close it?", None),
        ("Glad to hear. I'll call the provider tomorrow.", None),
    ],
)
def test_what_a_technician_sums_up_when_it_is_over_is_the_cause(closing: str, cause: str | None) -> None:
    made = talk(
        TROUBLE,
        ("Kim", "I've put another address into your scanner, please scan something."),
        ("client", "It works again!"),
        ("Kim", closing),
    )

    if cause is None:
        assert made.likely_cause is None
    else:
        assert cause in (made.likely_cause or "")


# Answers in their place


def test_numbered_answers_belong_to_the_questions_of_their_number() -> None:
    made = talk(
        TROUBLE,
        ("Kim", "1. every PC or just some?\n2. which version (Help > About)?\n3. has SRV-SQL been restarted lately?"),
        ("client", "1. all of them 2. 7.3.2 3. no idea"),
    )

    told = [entry.text for entry in made.what_we_know]
    assert "Asked “every PC or just some”, the client answered: all of them" in told
    assert any(text.startswith("Asked “which version") and text.endswith("7.3.2") for text in told)


def test_a_numbered_answer_to_advice_is_the_outcome_of_just_that() -> None:
    made = talk(
        TROUBLE,
        ("Kim", "1. book one pallet in please\n2. run the Friday report"),
        ("client", "1. went straight in\n2. nope, it timed out again"),
    )

    assert tries(made) == [("Book one pallet in please", "worked"), ("Run the Friday report", "failed")]


def test_an_answer_under_the_quoted_question_belongs_to_it() -> None:
    made = talk(
        TROUBLE,
        ("Kim", "Which Outlook do they have?\nDoes it bounce in the browser as well?"),
        (
            "client",
            "> Which Outlook do they have?\nClassic both, Version 2402.\n> Does it bounce in the browser as well?\nYes, same bounce.",
        ),
    )

    assert any("Which Outlook do they have" in entry.text and "2402" in entry.text for entry in made.what_we_know)


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("1. yes 2. no", ["1. yes ", "2. no"]),
        ("Server 2. is down", ["Server 2. is down"]),
        ("1. only one item", ["1. only one item"]),
        ("It is 5. May", ["It is 5. May"]),
        ("see http://x.example/1. and 2. there", ["see http://x.example/1. and 2. there"]),
    ],
)
def test_a_line_is_parted_only_at_a_list_that_counts_from_its_beginning(line: str, pieces: list[str]) -> None:
    assert apart(line) == pieces


def test_items_are_found_with_their_numbers_and_ends() -> None:
    text = "a) costs money b) throw out something"

    assert [(number, text[start:end].strip()) for number, start, end in items(text)] == [("a", "costs money"), ("b", "throw out something")]


# Taken back in so many words


@pytest.mark.parametrize(
    ("who", "first", "by", "later"),
    [
        ("Kim", "This is the web filter, its new profile chokes.", "Kim", "I have to withdraw what I wrote, it is not the web filter."),
        ("Kim", "Smells like the MTU.", "Lea", "The MTU theory is off the table."),
        ("Kim", "My money is on the cable.", "Kim", "My cable theory was rubbish."),
        ("Kim", "The head office is standalone, no HA.", "Lea", "Kim, that's wrong, the head office has been a HA pair since March."),
        ("client", "Both have classic Outlook, version 2402.", "client", "I told you rubbish about the versions, one has Outlook for Mac."),
        ("client", "The address is 192.168.20.14.", "client", "oh sorry, no glasses on, 192.168.20.114"),
        ("client", "It is a Latitude 5520.", "client", "I read the sticker now, it is Latitude 5420, not 5520, excuse me."),
    ],
)
def test_the_words_of_withdrawing_find_what_is_withdrawn(who: str, first: str, by: str, later: str) -> None:
    made = talk(TROUBLE, (who, first), ("Kim", "I've restarted the server of yours."), (by, later))

    ((said, now),) = corrected(made)
    assert said in first
    assert now in later


def test_bare_words_take_back_what_was_supposed_last_and_the_next_words_hold_now() -> None:
    made = talk(
        ("Kim", "Backup of SRV-02 failed again."),
        ("Kim", "That's it I think, no room for the copies on C:."),
        ("Kim", "Scrap that. The databases are on E: with 96 GB free."),
    )

    assert corrected(made) == [("That's it I think, no room for the copies on C:.", "The databases are on E: with 96 GB free.")]


@pytest.mark.parametrize(
    "later", ["Sorry for the delay, we had a long day.", "I was wrong to wait so long with my mail.", "Not that I know of."]
)
def test_an_apology_takes_nothing_back(later: str) -> None:
    made = talk(TROUBLE, ("client", "The copier beside it is a Ricoh."), ("Kim", "Since when?"), ("client", later))

    assert corrected(made) == []


# What is told at all


def test_a_sentence_with_a_password_in_it_is_told_up_to_there() -> None:
    made = talk(TROUBLE, ("Kim", "I've reset the password on scans@acme.example to Quokka-Lamp-58 and put the same in the scanner."))

    assert "Quokka" not in made.model_dump_json()
    assert any("reset the password on scans@acme.example" in quote.quote for entry in made.tried for quote in entry.evidence)


def test_plain_statements_of_who_lives_it_fill_what_is_free() -> None:
    made = talk(
        TROUBLE,
        ("Kim", "Has anybody been there lately?"),
        ("client", "the broadband people were in on friday, they swapped the box in the back room"),
        ("Kim", "Thanks, that helps."),
    )

    assert any("swapped the box" in quote.quote for entry in made.what_we_know for quote in entry.evidence)


def test_a_screen_of_pasted_output_does_not_crowd_out_what_people_say() -> None:
    pasted = "\n".join(f"DNS Server {n} : 10.0.0.{n}" for n in range(1, 30))
    made = talk(TROUBLE, ("client", "Only the two PCs upstairs have it."), ("Kim", f"I've looked at your PC:\n{pasted}"))

    lines = [entry for entry in made.what_we_know if "DNS Server" in entry.evidence[0].quote]
    assert len(lines) <= 3
    assert any("upstairs" in entry.text for entry in made.what_we_know)
