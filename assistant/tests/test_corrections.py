"""What was said and did not stay true: taken back, refuted by somebody else, or overtaken by a try; and what only looks like it."""

import pytest

from assistant.analysis.assess import assess
from assistant.analysis.language.pieces import apart, is_conclusion
from assistant.case import Case, CaseStep
from assistant.results import Assessment


def talk(*said: tuple[str, str], title: str = "Something is wrong") -> Assessment:
    """`client` and any other name, which is a helper's."""
    return assess(
        Case(
            title=title,
            steps=[
                CaseStep(number=n, kind="message", author_kind="client" if who == "client" else "imported", author=who, text=text)
                for n, (who, text) in enumerate(said, 1)
            ],
        )
    )


def corrected(made: Assessment) -> list[tuple[str, str]]:
    return [(entry.evidence[0].quote, entry.corrected_by[0].quote) for entry in made.corrected]


# Taken back


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("We don't have a proxy in this office.", "Our provider did install a proxy in March, so I take that back."),
        ("I haven't changed anything on the switch.", "I was wrong before, my colleague changed the switch on Friday."),
        ("The transport, I think, is UDP.", "I must correct: it was TLS, not UDP."),
        ("The provider is the same as always.", "Oh wait, our provider did move us to fibre last week."),
    ],
)
def test_what_its_author_takes_back_outright_is_said_and_corrected(first: str, later: str) -> None:
    made = talk(("client", "The phones lose their registration."), ("Kim", "What is your setup?"), ("client", first), ("client", later))

    ((said, now),) = corrected(made)
    assert said in first
    assert now in later
    assert not any(entry.evidence[0].quote == said for entry in made.what_we_know)


def test_the_few_words_right_before_a_no_wait_are_corrected() -> None:
    made = talk(
        ("client", "the mount hangs at boot"), ("Kim", "networkd or ifupdown?"), ("client", "ifupdown.. no wait, it's networkd, i switched")
    )

    assert corrected(made) == [("ifupdown", "no wait, it's networkd, i switched")]


def test_a_note_that_calls_an_earlier_source_outdated_corrects_what_came_from_it() -> None:
    made = talk(
        ("Kim", "Users of the tunnel are dropped every hour."),
        ("Kim", "The session limit is 28800 according to the export from March."),
        ("Kim", "It is 3600 in the live configuration. The March export is outdated."),
    )

    assert corrected(made) == [("The session limit is 28800 according to the export from March.", "The March export is outdated.")]


# Refuted by somebody else


def test_a_flat_denial_refutes_the_claim_right_before_it() -> None:
    made = talk(("client", "Where is the old kernel?"), ("Kim", "It should still be listed in the boot menu."), ("client", "it isn't"))

    assert corrected(made) == [("It should still be listed in the boot menu.", "it isn't")]


def test_a_helper_who_is_named_as_mistaken_is_corrected() -> None:
    made = talk(
        ("client", "The shared calendar is empty in my client."),
        ("Kim", "That client cannot show shared calendars at all."),
        ("Lou", "Kim is mistaken there, shared calendars do work in it."),
    )

    assert [said for said, _ in corrected(made)] == ["That client cannot show shared calendars at all."]


def test_a_supposition_is_refuted_by_a_report_that_states_the_opposite() -> None:
    made = talk(
        ("client", "my nfs mount hangs"),
        ("Kim", "nfs needs rpcbind, probably its not running"),
        ("client", "rpcbind is active and running"),
    )

    assert [said for said, _ in corrected(made)] == ["nfs needs rpcbind, probably its not running"]


def test_a_promised_fix_that_does_not_fix_is_corrected() -> None:
    made = talk(
        ("client", "Signing in fails since 8.2.0."),
        ("Kim", "You can wait for the release of 8.2.1 which has a fix."),
        ("client", "Now there is 8.2.1 which is supposed to fix it. It doesn't."),
    )

    assert corrected(made) == [("You can wait for the release of 8.2.1 which has a fix.", "It doesn't.")]


# Overtaken by a try


def test_a_suspicion_whose_own_test_failed_is_told_as_not_borne_out() -> None:
    made = talk(
        ("client", "Sending mail times out."),
        ("Kim", "The antivirus is probably the cause. Please disable the antivirus."),
        ("client", "I disabled the antivirus. There is no change at all."),
    )

    assert ("The antivirus is probably the cause.", "There is no change at all.") in corrected(made)
    assert made.likely_cause is None


def test_settings_called_right_are_corrected_by_the_setting_that_cured_it() -> None:
    made = talk(
        ("client", "I cannot send mail from this computer. The settings are correct."),
        ("Kim", "Change the security to STARTTLS on port 587."),
        ("client", "I changed the security to STARTTLS and it works now, thank you."),
    )

    assert [said for said, _ in corrected(made)] == ["The settings are correct."]


# No correction


@pytest.mark.parametrize(
    "later",
    [
        "Sorry, I had a phone call.",
        "I restarted it and it does not print.",
        "The printer in the other room does not print either.",
        "Actually I would like to thank you.",
        "It prints now.",
    ],
)
def test_news_apologies_and_other_machines_correct_nothing(later: str) -> None:
    made = talk(("client", "The printer at the desk prints only half a page."), ("Kim", "Please restart the printer."), ("client", later))

    assert made.corrected == []


def test_advice_that_was_refused_or_failed_is_no_corrected_statement() -> None:
    made = talk(
        ("client", "The share does not open."),
        ("Kim", "Try to open the share by its address."),
        ("client", "It doesn't open by its address."),
    )

    assert made.corrected == []


# Conclusions


@pytest.mark.parametrize(
    ("sentence", "fact", "drawn"),
    [
        ("My phone still sends, thus nothing wrong with the provider.", "My phone still sends", "thus nothing wrong with the provider."),
        (
            "In the browser all is current, hence it cannot be the account.",
            "In the browser all is current",
            "hence it cannot be the account.",
        ),
        ("The speed test gives 94 Mbit - so the line is fine.", "The speed test gives 94 Mbit", "so the line is fine."),
    ],
)
def test_a_conclusion_is_parted_from_the_fact_that_it_is_drawn_from(sentence: str, fact: str, drawn: str) -> None:
    assert apart(sentence) == [fact, drawn]
    assert is_conclusion(drawn)


@pytest.mark.parametrize("sentence", ["So I restarted it.", "So what is wrong?", "It is slow, so I reinstalled it.", "The line is fine."])
def test_what_somebody_then_did_or_asks_is_no_conclusion(sentence: str) -> None:
    assert not any(map(is_conclusion, apart(sentence)))


def test_a_conclusion_is_told_as_what_somebody_concludes() -> None:
    made = talk(("client", "I cannot send mail. My phone still sends, thus nothing wrong with the provider."), title="No mail")

    known = [entry.text for entry in made.what_we_know]
    assert "Client: My phone still sends" in known
    assert "Client concludes (not confirmed): thus nothing wrong with the provider." in known


def test_what_is_taken_back_is_what_it_is_about_and_not_the_few_words_before_it() -> None:
    made = talk(
        ("client", "Mill House gets its addresses from HL-DC02 as well."),
        ("tech", "Thanks."),
        ("client", "I forced nothing. Sorry, I was wrong about Mill House: it does not get its addresses from HL-DC02."),
    )

    ((first, _),) = corrected(made)
    assert first == "Mill House gets its addresses from HL-DC02 as well."


# Reports as people write them (found on conversations that were not among the measured ones)


def test_done_and_how_it_went_is_about_the_advice_although_a_deed_of_ones_own_follows() -> None:
    made = talk(
        ("client", "Scan to email fails with an authentication error."),
        ("tech", "Please put the new password into the scanner's settings, then try a scan."),
        ("client", "Done, still the same error. I also rebooted the printer, no change."),
    )

    assert [(t.action.startswith("Put the new password"), (t.outcome or "").split(":")[0]) for t in made.tried] == [
        (True, "no change"),
        (False, "no change"),
    ]


def test_why_something_was_changed_is_no_cause_of_the_problem_and_no_try() -> None:
    made = talk(
        ("client", "Scan to email fails since this morning."),
        ("tech", "Was anything changed?"),
        ("client", "My colleague says he changed the password of that account on Friday because of the audit."),
    )

    assert made.likely_cause is None
    assert made.tried == []


def test_a_typed_command_after_which_it_works_was_run_and_ended_it() -> None:
    made = talk(
        ("client", "The tunnel is up but I cannot ping 10.8.0.1."),
        ("tech", "What does the firewall allow?"),
        ("client", "nothing on wg0"),
        ("client", "iptables -A INPUT -i wg0 -j ACCEPT and now ping works, thanks!"),
    )

    assert (made.tried[-1].outcome or "").startswith("worked")
    assert "Solved" in made.summary_prose


def test_a_time_before_a_note_hides_no_deed() -> None:
    made = talk(
        ("client", "10:05 Calls drop after 30 seconds."),
        ("client", "11:30 Disabled the profile on policy 12 for a test, calls still drop."),
    )

    assert [(t.outcome or "").split(":")[0] for t in made.tried] == ["failed"]


def test_a_plan_that_nobody_came_back_to_is_asked_about_also_when_others_wrote_since() -> None:
    made = talk(
        ("client", "Calls drop after 30 seconds."),
        ("client", "Will look at the session-ttl settings."),
        ("client", "Cleared the cache, still drops."),
        ("client", "Moved one user to the guest network, the call stays up."),
        ("client", "Reinstalled Teams, no change."),
    )

    assert any("session-ttl" in step.text and "Planned" in step.why for step in made.suggested_steps)


def test_how_it_began_is_no_try_and_search_works_ends_a_search_that_did_not() -> None:
    made = talk(
        ("client", "Since I rebuilt my profile last week the search returns nothing."),
        ("tech", "Look in the registry for PreventIndexingOutlook. If it is 1, set it to 0."),
        ("client", "PreventIndexingOutlook was indeed set to 1. Changed to 0, indexing is running."),
        ("client", "Back again: search works. Many thanks!"),
        title="Outlook search returns nothing",
    )

    assert [(t.action.split()[0], (t.outcome or "").split(":")[0]) for t in made.tried] == [("Changed", "worked")]
    assert "Solved" in made.summary_prose
    assert not any("Look in the registry" in step.text for step in made.suggested_steps)


def test_what_works_beside_the_problem_does_not_end_it() -> None:
    made = talk(
        ("client", "The search in Outlook returns nothing."),
        ("tech", "Does it work in the browser?"),
        ("client", "Yes, search works fine there."),
        title="Outlook search returns nothing",
    )

    assert "Solved" not in made.summary_prose
