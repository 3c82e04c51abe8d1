"""Secrets of a session: hidden at every door, found nowhere in the database, revealed on the record, shredded in time."""

import json
import logging
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import structlog
from bs4 import BeautifulSoup
from django.core.management import call_command
from django.db import connection
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext, override_settings

from accounts.models import Event
from accounts.verbs import Refused
from assistant.conversations import Conversation
from assistant.results import NewTask, Reply
from flowpilot import fixes, lane, replies, sessions, steps, ticketnotes
from flowpilot.importing import import_conversation
from flowpilot.models import AISession, Fact, Fix, Secret, Task
from flowpilot.revealing import remove, reveal, shred
from flowpilot.search.query import search, understand
from flowpilot.steps import NewStep
from flowpilot.vault.cipher import Unreadable, unseal
from flowpilot.vault.redact import redact
from handoffs import assessment
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.opening import open_handoff
from handoffs.parking import park, resume
from handoffs.releasing import release
from handoffs.returning import return_to_opener
from handoffs.withdrawing import withdraw
from tests.factories import make_session

VALUE = "Kestrel!2024x"
SAID = f"The temp password I set is {VALUE}"
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def now(session):
    return AISession.objects.get(pk=session.pk)


def opened(secret):
    return unseal(secret.session_id, secret.number, secret.ciphertext)


def holds(value):
    """Every table and column of the database that holds the value, in whatever type: rows are read as text."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE lower(t::text) LIKE %s', [f"%{value.lower()}%"])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


@pytest.fixture
def secret(session, ana):
    sessions.post(session.pk, by=ana, text=SAID, reply=False)
    return Secret.objects.get(session=session)


# --- the doors ----------------------------------------------------------------------------------------------------


def test_a_message_is_written_with_a_placeholder_and_the_value_is_kept_encrypted(session, ana):
    step = sessions.post(session.pk, by=ana, text=SAID, reply=False, at=NINE)

    assert step.text == "The temp password I set is [hidden password 1]"
    kept = Secret.objects.get()
    assert (kept.session_id, kept.number, kept.kind, kept.by, kept.created_at) == (session.pk, 1, "password", ana, NINE)
    assert VALUE.encode() not in bytes(kept.ciphertext)
    assert opened(kept) == VALUE


def test_what_holds_no_secret_costs_no_query_more(session, ana):
    texts = ["Outlook asks for the password again.", "Error 0x8004010F on WS-0142"]

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert [redact(session.pk, text, by_id=ana.pk) for text in texts] == texts

    assert len(queries) <= 1, "only a word that could be a secret named before is worth one look"


def test_the_same_value_has_the_same_number_and_another_one_the_next(session, ana):
    sessions.post(session.pk, by=ana, text=f"pw: {VALUE}", reply=False)
    again = sessions.post(session.pk, by=ana, text=f"pw is {VALUE}, wifi key: bluehorse77", reply=False)

    assert again.text == "pw is [hidden password 1], wifi key: [hidden key 2]"
    assert Secret.objects.count() == 2


def test_a_value_that_was_named_before_is_hidden_where_nothing_announces_it(session, ana):
    sessions.post(session.pk, by=ana, text="pw: bluehorse77", reply=False)
    again = sessions.post(session.pk, by=ana, text="I typed bluehorse77 twice, no luck", reply=False)

    assert again.text == "I typed [hidden password 1] twice, no luck"


def test_sessions_do_not_share_numbers_nor_values(session, ana):
    other = make_session(ana)
    sessions.post(session.pk, by=ana, text=f"pw: {VALUE}", reply=False)
    sessions.post(other.pk, by=ana, text=f"pw: {VALUE}", reply=False)

    first, second = Secret.objects.order_by("pk")
    assert (first.number, second.number) == (1, 1)
    assert first.digest != second.digest
    with pytest.raises(Unreadable):
        unseal(other.pk, 1, first.ciphertext)


def test_an_answer_to_what_was_asked_before_is_a_secret(session, ana):
    steps.write(session.pk, [NewStep("reply", "What's the admin password?", author_kind="assistant")], at=NINE)
    said = sessions.post(session.pk, by=ana, text="bluehorse", reply=False)

    assert said.text == "[hidden password 1]"


def test_intake_hides_in_text_log_title_client_and_ticket(ana):
    made = sessions.open_session(
        by=ana,
        text=SAID,
        log="Server=SQL01;Password=L3dger-x;",
        title="Sage, pw: T1tle-pw9",
        client="Northgate pw: Cl1ent-9",
        ticket="#48219",
        reply=False,
    )

    assert made.title == "Sage, pw: [hidden password 3]"
    assert made.problem_summary == "The temp password I set is [hidden password 1]"
    assert made.client == "Northgate pw: [hidden password 4]"
    assert [step.text for step in made.steps.all()] == [
        "The temp password I set is [hidden password 1]",
        "Pasted log:\nServer=SQL01;Password=[hidden password 2];",
    ]
    assert made.secret_count == 4
    sessions.post(made.pk, by=ana, text="PIN: 884213", reply=False)
    assert Secret.objects.get(number=5).kind == "PIN"


def test_a_title_is_made_of_the_hidden_text_and_never_ends_in_half_a_placeholder(ana):
    made = sessions.open_session(by=ana, text="word " * 20 + f"pw: {VALUE} " + "word " * 20, reply=False)

    assert made.title.endswith("word …")
    assert "[" not in made.title


def test_cards_facts_and_fixes_hide_too_and_an_edited_card_keeps_its_secret(session, ana):
    lane.settle(session.pk, 2, by=ana, state="done", answer=f"pw: {VALUE}")
    assert Task.objects.get(number=2).answer == "pw: [hidden password 1]"

    lane.reopen(session.pk, 2, by=ana)
    lane.settle(session.pk, 2, by=ana, state="done", answer="pw: [hidden password 1], typed by hand")
    assert Task.objects.get(number=2).answer == "pw: [hidden password 1], typed by hand"
    assert Secret.objects.count() == 1

    assert lane.send(session.pk, by=ana, reply=False)[0].text == "pw: [hidden password 1], typed by hand"
    fact = lane.add_fact(session.pk, by=ana, text=f"The NAS takes {VALUE} now")
    assert Fact.objects.get(pk=fact.pk).text == "The NAS takes [hidden password 1] now"
    fix = Fix.objects.create(session=session, number=9, title="Set a new password")
    fixes.report_outcome(session.pk, 9, by=ana, outcome="applied", note="pw is W4iting!x until she changes it", reply=False)
    fix.refresh_from_db()
    assert fix.waiting_for == "pw is [hidden password 2] until she changes it"


def test_a_card_that_asks_for_a_password_makes_a_secret_of_its_answer(session, ana):
    Task.objects.filter(session=session, number=2).update(title="What is the local admin password?", kind="question")
    lane.settle(session.pk, 2, by=ana, state="done", answer="bluehorse")

    assert Task.objects.get(number=2).answer == "[hidden password 1]"
    assert lane.send(session.pk, by=ana, reply=False)[0].text == "[hidden password 1]"


def test_handing_off_parking_and_giving_back_hide_in_notes_and_packages(session, ana, bo, signed_in):
    handoff = open_handoff(session.pk, by=ana, needs=f"Can you try pw: {VALUE}?").handoff
    assert handoff.needs == "Can you try pw: [hidden password 1]?"
    assert now(session).status_reason == handoff.needs
    assert "[hidden password 1]" in json.dumps(now(session).escalation_package)

    claim(handoff.pk, by=bo, begin="own")
    release(handoff.pk, by=bo, note=f"It is {VALUE}")
    claim(handoff.pk, by=bo, begin="own")
    returned = return_to_opener(handoff.pk, by=bo, note="Use pw: Ret0urn!9")
    assert returned.ended_note == "Use pw: [hidden password 2]"
    park(session.pk, by=ana, needs="pw: P4rked!9")
    resume(session.pk, by=ana)
    again = open_handoff(session.pk, by=ana, needs="See above").handoff
    withdraw(again.pk, by=ana, note="pw: W1thdrawn!")

    for value in (VALUE, "Ret0urn!9", "P4rked!9", "W1thdrawn!"):
        assert holds(value) == []


def test_an_import_hides_in_every_turn(ana):
    turns = [
        {"speaker": "requester", "who": "bob", "text": "I cannot log in"},
        {"speaker": "technician", "who": "tech", "text": "What's your password?"},
        {"speaker": "requester", "who": "bob", "text": "bluehorse"},
    ]
    made, _ = import_conversation(Conversation.model_validate({"id": "x", "title": f"pw: {VALUE}", "turns": turns}), by=ana)

    assert made.title == "pw: [hidden password 1]"
    assert [step.text for step in made.steps.all()] == ["I cannot log in", "What's your password?", "[hidden password 2]"]
    assert holds(VALUE) == []


def test_replies_and_notes_of_the_assistant_hide_too(session, ana):
    replies.write_scripted(session.pk, Reply(text="Use the password Welc0me!9 now", confidence=0.5), at=NINE)
    assert now(session).steps.last().text == "Use the password [hidden password 1] now"
    cards = [NewTask(kind="check", title="x " * 140 + "pw: Ab1!", command="net user eve P4ssword! /add")]
    replies.write_scripted(session.pk, Reply(text="Next", confidence=0.5, tasks=cards), at=NINE)
    card = Task.objects.latest("number")
    assert (card.command, card.title.endswith("x pw:")) == ("net user eve [hidden password 3] /add", True)

    sessions.resolve(session.pk, by=ana)
    ticketnotes._save(now(session), "Resolution\npw: Welc0me!9", at=NINE)
    assert now(session).ticket_notes == "Resolution\npw: [hidden password 1]"
    ticketnotes.edit(session.pk, by=ana, text="pw: [hidden password 1] and PIN: 884213")
    assert now(session).ticket_notes == "pw: [hidden password 1] and PIN: [hidden PIN 4]"


def test_after_a_whole_story_the_database_holds_the_value_nowhere(ana, bo, signed_in):
    session = sessions.open_session(
        by=ana, text=f"Outlook asks. {SAID}", title=f"Outlook, pw: {VALUE}", log=f"net user jsmith {VALUE} /add"
    )
    client = signed_in(ana)
    client.post(f"/sessions/{session.pk}/messages/", {"text": f"also tried {VALUE}", "kind": "note"})
    client.post(f"/sessions/{session.pk}/facts/", {"text": f"password: {VALUE}"})
    client.post(f"/sessions/{session.pk}/escalate/", {"reason": f"Why does pw: {VALUE} fail?"})
    handoff = SessionHandoff.objects.get(session=session)
    assessment.make(handoff.pk, at=NINE)
    claim(handoff.pk, by=bo, begin="analysis")
    replies.reply_to(session.pk, now(session).reply_requested_for, at=NINE)
    sessions.resolve(session.pk, by=bo)
    ticketnotes.write(session.pk)

    assert now(session).ticket_notes
    assert SessionHandoff.objects.get(session=session).assessment
    assert holds("[hidden password 1]")
    assert holds(VALUE) == []
    assert holds("Kestrel") == []
    assert list(search(AISession.objects.all(), understand(VALUE, among=AISession.objects.all(), account_id=ana.account_id))) == []


# --- revealing ----------------------------------------------------------------------------------------------------


def test_whoever_may_write_reveals_it_and_each_time_is_on_the_record(secret, session, ana):
    first, second = (reveal(session.pk, 1, by=ana) for _ in range(2))

    assert (first.value, first.kind) == (VALUE, "password")
    assert second == first
    events = Event.objects.filter(kind="secret_revealed")
    assert [(event.by, event.session, event.details["secret"]) for event in events] == [(ana, session.pk, 1)] * 2
    assert [step.text for step in now(session).steps.filter(kind="system")] == ["Ana revealed the password in step 4"] * 2
    assert VALUE not in str(list(events.values()))


def test_a_look_does_not_make_a_session_younger(secret, session, ana):
    before = now(session).updated_at
    reveal(session.pk, 1, by=ana)

    assert now(session).updated_at == before
    assert now(session).step_count == 5


def test_the_answer_is_never_kept_and_holds_the_value_once(secret, session, ana, signed_in, as_json):
    url = f"/sessions/{session.pk}/secrets/1/reveal/"
    page, fragment, data = (signed_in(ana).post(url, **how) for how in ({}, {"headers": {"HX-Request": "true"}}, as_json))

    assert all(answer.status_code == 200 and "no-store" in answer["Cache-Control"] for answer in (page, fragment, data))
    assert VALUE in page.text
    assert f'href="/sessions/{session.pk}/"' in page.text
    assert BeautifulSoup(fragment.text, "html.parser").find("code").text == VALUE
    assert data.json() == {"session": str(session.pk), "secret": 1, "kind": "password", "value": VALUE}
    assert signed_in(ana).get(url).status_code == 405


def test_a_value_is_shown_as_text_whatever_it_is(session, ana, signed_in):
    sessions.post(session.pk, by=ana, text='pw: <b>"x&y9!', reply=False)
    sessions.post(session.pk, by=ana, text="pw: a9<img/src=x>&", reply=False)

    for secret in Secret.objects.all():
        answer = signed_in(ana).post(f"/sessions/{session.pk}/secrets/{secret.number}/reveal/", headers={"HX-Request": "true"})
        soup = BeautifulSoup(answer.text, "html.parser")
        assert soup.find("code").text == opened(secret)
        assert not soup.find(["img", "b"])


@pytest.mark.parametrize("word", ["reveal", "remove"])
def test_readers_viewers_and_strangers_get_404(secret, session, ana, dana, lea, vic, eve, signed_in, word):
    open_handoff(session.pk, by=ana, needs="Help")

    for person in (dana, lea, vic, eve):
        answer = signed_in(person).post(f"/sessions/{session.pk}/secrets/1/{word}/", {"sure": 1})
        assert (answer.status_code, VALUE in answer.text) == (404, False)
    assert reveal(session.pk, 1, by=vic).error == "not_allowed"
    assert reveal(session.pk, 1, by=dana).error == "not_found"
    assert reveal(session.pk, 1, by=eve).error == "not_found"
    assert not Event.objects.filter(kind__startswith="secret").exists()


def test_a_number_that_is_none_is_404_whatever_its_size(secret, session, ana, signed_in):
    for number in ("2", "0", "9" * 30):
        for path in ("", "reveal/", "remove/"):
            send = signed_in(ana).post if path else signed_in(ana).get
            assert send(f"/sessions/{session.pk}/secrets/{number}/{path}", {"sure": 1}).status_code == 404
    assert now(session).step_count == 4


def test_a_secret_that_no_key_opens_is_told_in_words(secret, session, ana, signed_in):
    with override_settings(SECRETS_KEYS=["another key of at least thirty-two characters"]):
        answer = signed_in(ana).post(f"/sessions/{session.pk}/secrets/1/reveal/")

    assert answer.status_code == 410
    assert "can't be decrypted" in answer.text or "can&#x27;t be decrypted" in answer.text
    assert not Event.objects.filter(kind="secret_revealed").exists()


def test_removing_asks_first_without_script_and_leaves_nothing(secret, session, ana, signed_in):
    client, url = signed_in(ana), f"/sessions/{session.pk}/secrets/1/remove/"
    assert "Remove it for good?" in client.post(url).text
    assert Secret.objects.get().shredded_at is None

    answer = client.post(url, {"sure": "1"})

    assert "no-store" in answer["Cache-Control"]
    gone = Secret.objects.get()
    assert (gone.ciphertext, gone.digest) == (None, None)
    assert gone.shredded_at is not None
    assert Event.objects.get(kind="secret_removed").details["secret"] == 1
    refused = client.post(f"/sessions/{session.pk}/secrets/1/reveal/")
    assert (refused.status_code, "was removed" in refused.text) == (410, True)
    assert client.post(url, {"sure": "1"}).status_code == 200
    assert Event.objects.filter(kind="secret_removed").count() == 1
    assert "Password removed" in client.get(f"/sessions/{session.pk}/").text


def test_a_removed_value_typed_again_is_a_new_secret(secret, session, ana):
    remove(session.pk, 1, by=ana)
    sessions.post(session.pk, by=ana, text=SAID, reply=False)

    assert Secret.objects.get(shredded_at=None).number == 2


@pytest.mark.django_db(transaction=True)
def test_a_reveal_that_comes_during_a_removal_waits_and_is_refused(session, ana, second_waits_for_first):
    sessions.post(session.pk, by=ana, text=SAID, reply=False)

    removed, refused = second_waits_for_first(lambda: remove(session.pk, 1, by=ana), lambda: reveal(session.pk, 1, by=ana))

    assert removed.ciphertext is None
    assert isinstance(refused, Refused)
    assert refused.error == "secret_removed"
    assert not Event.objects.filter(kind="secret_revealed").exists()


@pytest.mark.django_db(transaction=True)
def test_two_reveals_at_once_are_both_on_the_record(session, ana, second_waits_for_first):
    sessions.post(session.pk, by=ana, text=SAID, reply=False)

    both = second_waits_for_first(lambda: reveal(session.pk, 1, by=ana), lambda: reveal(session.pk, 1, by=ana))

    assert [each.value for each in both] == [VALUE, VALUE]
    assert Event.objects.filter(kind="secret_revealed").count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_secret_typed_twice_at_once_is_kept_once(session, ana, second_waits_for_first):
    first, second = second_waits_for_first(*[lambda: sessions.post(session.pk, by=ana, text=SAID, reply=False)] * 2)

    assert first.text == second.text == "The temp password I set is [hidden password 1]"
    assert Secret.objects.count() == 1


# --- on the page --------------------------------------------------------------------------------------------------


def secret_chips(client, path):
    return BeautifulSoup(client.get(path).text, "html.parser").select(".secret-chip")


def test_writers_have_the_button_and_readers_only_the_chip(secret, session, ana, dana, signed_in):
    open_handoff(session.pk, by=ana, needs="Help")
    (mine,), (theirs,) = (secret_chips(signed_in(person), f"/sessions/{session.pk}/") for person in (ana, dana))

    assert mine.get_text(" ", strip=True).startswith("Password hidden Reveal")
    assert [button["formaction"] for button in mine.find_all("button")] == [
        f"/sessions/{session.pk}/secrets/1/{word}/" for word in ("reveal", "remove")
    ]
    assert theirs.get_text(strip=True) == "Password hidden"
    assert not theirs.find("button")


def test_the_fold_address_shows_the_chip_that_fits_the_person(secret, session, ana, dana, lea, signed_in):
    url = f"/sessions/{session.pk}/secrets/1/"

    assert "Reveal" in signed_in(ana).get(url).text
    assert "Reveal" not in signed_in(lea).get(url).text
    assert signed_in(dana).get(url).status_code == 404


def test_a_placeholder_that_somebody_types_for_a_number_that_is_none_is_plain_text(session, ana, signed_in):
    sessions.post(session.pk, by=ana, text="I write [hidden password 7] and [hidden key 1] by hand", reply=False)

    assert secret_chips(signed_in(ana), f"/sessions/{session.pk}/") == []
    assert "[hidden password 7]" in signed_in(ana).get(f"/sessions/{session.pk}/").text


def test_lists_fold_it_too(ana, dana, signed_in):
    session = sessions.open_session(by=ana, text="Sage", title=f"Sage does not take pw: {VALUE}", reply=False)
    open_handoff(session.pk, by=ana, needs=f"pw: {VALUE} fails")

    for person, path in ((ana, "/sessions/"), (ana, "/"), (dana, "/escalations/"), (dana, "/sessions/?q=Sage&show=all"), (dana, "/bell/")):
        answer = signed_in(person).get(path, follow=True)
        assert "Password hidden" in answer.text, path
        assert VALUE not in answer.text


def test_a_page_asks_for_its_secrets_once(secret, session, ana, signed_in):
    for number in range(5):
        sessions.post(session.pk, by=ana, text=f"pw: {VALUE} and PIN: 88421{number}", reply=False)
    client = signed_in(ana)

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/sessions/{session.pk}/")

    assert sum("flowpilot_secret" in query["sql"] for query in queries) == 1


def drawn(text):
    return Template("{{ text|redacted }}").render(Context({"text": text}))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "<a href='javascript:x'>y</a>",
        "[hidden password 1]<svg onload=x>\u200b<b>",
        "&lt;script&gt;",
    ],
)
def test_nothing_in_a_text_becomes_markup(text):
    soup = BeautifulSoup(drawn(text), "html.parser")

    assert {tag.name for tag in soup.find_all()} <= {"span", "svg", "use"}
    assert all(set(svg.attrs) <= {"class", "aria-hidden"} for svg in soup.find_all("svg"))
    assert soup.get_text().replace("U+200B", "\u200b").replace("Password hidden", "[hidden password 1]") == text


def test_characters_that_nobody_sees_are_named_on_the_page(session, ana, signed_in):
    sessions.post(session.pk, by=ana, text="pay\u200bload \u202eevil\u202c \U000e0041\U000e0042 ok", reply=False)

    page = BeautifulSoup(signed_in(ana).get(f"/sessions/{session.pk}/").text, "html.parser")

    assert [mark.text for mark in page.select(".ghost")] == ["U+200B", "U+202E", "U+202C", "2 hidden characters from U+E0041"]


# --- shredding ----------------------------------------------------------------------------------------------------


def age(session, **columns):
    AISession.objects.filter(pk=session.pk).update(**columns)


def test_a_secret_outlives_its_session_by_the_days_that_are_set_and_no_longer(secret, session, ana):
    sessions.resolve(session.pk, by=ana, at=NINE)

    assert shred(now=NINE + timedelta(days=6, hours=23)) == 0
    assert shred(now=NINE + timedelta(days=7)) == 1
    secret.refresh_from_db()
    assert (secret.ciphertext, secret.digest, secret.shredded_at) == (None, None, NINE + timedelta(days=7))
    assert shred(now=NINE + timedelta(days=8)) == 0


def test_an_abandoned_session_loses_its_secrets_too_and_a_reopened_one_keeps_them(secret, session, ana):
    other = make_session(ana)
    sessions.post(other.pk, by=ana, text=SAID, reply=False)
    sessions.abandon(other.pk, by=ana, at=NINE)
    sessions.resolve(session.pk, by=ana, at=NINE)
    sessions.reopen(session.pk, by=ana, at=NINE + timedelta(days=1))

    assert shred(now=NINE + timedelta(days=30)) == 1
    assert Secret.objects.get(session=other).ciphertext is None
    assert reveal(session.pk, 1, by=ana).value == VALUE


def test_the_days_can_be_set(secret, session, ana):
    sessions.resolve(session.pk, by=ana, at=NINE)

    with override_settings(SECRETS_KEPT_DAYS=0):
        assert shred(now=NINE) == 1


def test_the_command_says_what_it_would_do_and_does_it(secret, session, ana):
    sessions.resolve(session.pk, by=ana, at=NINE)
    out = StringIO()

    call_command("shred_secrets", "--dry-run", stdout=out)
    assert "1 would be erased" in out.getvalue()
    assert Secret.objects.get().ciphertext is not None
    call_command("shred_secrets", stdout=out)
    assert "1 erased." in out.getvalue()
    assert Secret.objects.get().ciphertext is None


def test_shredding_is_one_update(secret, session, ana):
    sessions.resolve(session.pk, by=ana, at=NINE)

    with CaptureQueriesContext(connection) as queries:
        shred(now=NINE + timedelta(days=9))

    assert len(queries) == 1


# --- keys ---------------------------------------------------------------------------------------------------------

OLD, NEW = "the old key, of at least thirty-two characters", "the new key, of at least thirty-two characters"


def test_a_new_key_encrypts_and_the_old_one_still_opens(session, ana):
    with override_settings(SECRETS_KEYS=[OLD]):
        sessions.post(session.pk, by=ana, text=f"pw: {VALUE}", reply=False)
    with override_settings(SECRETS_KEYS=[NEW, OLD]):
        again = sessions.post(session.pk, by=ana, text=f"pw: {VALUE} again", reply=False)
        assert again.text == "pw: [hidden password 1] again", "the same value keeps its number across a rotation"
        assert reveal(session.pk, 1, by=ana).value == VALUE
        call_command("renew_secrets", stdout=(out := StringIO()))
        assert "1 renewed." in out.getvalue()
    with override_settings(SECRETS_KEYS=[NEW]):
        assert reveal(session.pk, 1, by=ana).value == VALUE
        assert sessions.post(session.pk, by=ana, text=f"pw: {VALUE}", reply=False).text == "pw: [hidden password 1]"
    with override_settings(SECRETS_KEYS=[OLD]):
        call_command("renew_secrets", stdout=(out := StringIO()))
        assert "1 can't be decrypted" in out.getvalue()


# --- older rows, admin, logs --------------------------------------------------------------------------------------


def test_older_rows_are_hidden_by_a_command_that_can_be_tried_first(ana, eve):
    old = make_session(ana, title=f"Sage, pw: {VALUE}")
    foreign = make_session(eve, title=f"Sage, pw: {VALUE}")
    old.steps.filter(number=1).update(text="What is the password?")
    old.steps.filter(number=2).update(text="bluehorse")
    Fact.objects.create(session=old, number=8, text=f"Password={VALUE};")
    age(old, escalation_package={"snapshot": {"facts": [{"text": f"pw: {VALUE}"}]}})
    out = StringIO()

    call_command("hide_secrets", "--dry-run", "--account", ana.account.slug, stdout=out, stderr=StringIO())
    assert "Would redact 4 texts in 1 sessions" in out.getvalue()
    assert now(old).title == f"Sage, pw: {VALUE}"
    assert not Secret.objects.exists()

    call_command("hide_secrets", "--account", ana.account.slug, stdout=out, stderr=StringIO())
    assert "aisession.title: 1" in out.getvalue()
    assert old.steps.get(number=2).text.startswith("[hidden password")
    assert VALUE not in now(old).title + json.dumps(now(old).escalation_package) + Fact.objects.get().text
    assert now(foreign).title == f"Sage, pw: {VALUE}"
    call_command("hide_secrets", stdout=(out := StringIO()), stderr=StringIO())
    assert "Redacted 1 texts in 1 sessions" in out.getvalue()
    assert holds(VALUE) == []


def test_staff_see_that_there_is_one_and_never_what(secret, session, signed_in):
    from tests.factories import UserFactory

    staff = signed_in(UserFactory(account=None, is_staff=True, is_superuser=True))

    for path in ("", f"{secret.pk}/change/"):
        page = staff.get(f"/admin/flowpilot/secret/{path}")
        assert page.status_code == 200
        assert "password" in page.text
        assert VALUE not in page.text
        assert secret.digest not in page.text


def test_logs_hold_no_secret_whoever_writes_them(capsys):
    from resolutionflow.logs import logging_config

    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    try:
        logging_config(debug=True)
        structlog.get_logger("x").info("sent", text=SAID, more={"a": [f"pw: {VALUE}"]})
        logging.getLogger("y").warning("could not log in with password=%s", VALUE)
        try:
            raise ValueError(SAID)
        except ValueError:
            structlog.get_logger("x").exception("failed")
    finally:
        logging.getLogger().handlers = handlers
        logging.getLogger().setLevel(level)
    out = capsys.readouterr().out

    assert VALUE not in out
    assert out.count("[hidden password]") == 3
    assert "ValueError" in out
