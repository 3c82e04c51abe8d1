"""Replies by a model: streamed while they are written, checked, filling the lane; with playbooks behind them, and said so."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from accounts.verbs import Refused
from assistant.models import AssistantCall, CircuitBreaker, DailyUsage
from assistant.usage import Caller, take_call
from flowpilot import drafts, lane, proposals, replies, sessions
from flowpilot.models import Fact, Proposal, Repeat, ReplyDraft, SessionStep, Task
from tests.factories import UserFactory
from tests.provider import settings_for

pytestmark = pytest.mark.slow

KEY = "sk-test-0123456789abcdefABCDEF"
LOG_CARD = {"kind": "check", "title": "Read the sign-in log", "why": "It names the reason.", "command": "Get-MgAuditLogSignIn -Top 5"}
SAID = "Outlook asks for the password since Monday."


@pytest.fixture
def owed(session, ana):
    """A session in which FlowPilot owes a reply to what ana just said."""
    sessions.post(session.pk, by=ana, text=SAID)
    session.refresh_from_db()
    return session


def made(**parts):
    return {"text": "Look at the sign-in log first.", "confidence": 0.5, "tasks": [], "fix": None, "facts": [], "outcome": None, **parts}


def reply(session):
    return replies.reply_to(session.pk, session.reply_requested_for, at=timezone.now())


def last(session) -> SessionStep:
    return session.steps.order_by("-number").first()


def test_the_reply_is_a_step_with_cards_and_the_session_goes_as_data(provider, owed):
    provider.script = lambda call: call.answer(made(tasks=[LOG_CARD]))

    reply(owed)

    assert (last(owed).text, last(owed).author_kind, last(owed).remark) == ("Look at the sign-in log first.", "assistant", "")
    assert Task.objects.get(session=owed, title="Read the sign-in log").command == "Get-MgAuditLogSignIn -Top 5"
    (call,) = provider.calls
    assert call.body["model"] == "scripted-quick"
    assert any(step["text"] == SAID for step in call.document["steps"])
    system = next(m["content"] for m in call.body["messages"] if m["role"] != "user")
    assert SAID not in system
    row = AssistantCall.objects.get()
    assert (row.account_id, row.session_id, row.job, row.outcome) == (owed.account_id, owed.pk, "reply", "ok")
    assert (row.input_tokens, row.output_tokens) == (120, 30)


@pytest.mark.django_db(transaction=True)
def test_what_has_come_so_far_can_be_read_while_it_is_written(provider, owed, ana, bo, eve, signed_in):
    half, go_on, seen = threading.Event(), threading.Event(), {}

    def slowly(call):
        text = json.dumps(made(text="First this. " + "Then that. " * 40 + "At last the end."))
        call.handler.send_response(200)
        call.handler.send_header("Content-Type", "text/event-stream")
        call.handler.end_headers()
        call.chunk({"content": text[: len(text) // 2]})
        half.set()
        go_on.wait(10)
        call.chunk({"content": text[len(text) // 2 :]})
        call.chunk({}, "stop")
        call.handler.wfile.write(b"data: [DONE]\n\n")

    provider.script = slowly

    def work():
        from django.db import connections

        try:
            reply(owed)
        finally:
            connections.close_all()

    job = threading.Thread(target=work)
    job.start()
    assert half.wait(10)
    for _ in range(200):
        if ReplyDraft.objects.filter(session=owed).exists():
            break
        threading.Event().wait(0.02)
    seen["reader"] = signed_in(ana).get(f"/sessions/{owed.pk}/draft/")
    seen["stranger"] = signed_in(eve).get(f"/sessions/{owed.pk}/draft/")
    go_on.set()
    job.join(10)

    assert seen["reader"].status_code == 200
    assert "First this." in seen["reader"].text
    assert "the end" not in seen["reader"].text
    assert seen["stranger"].status_code == 404
    assert "At last the end." in last(owed).text
    assert not ReplyDraft.objects.exists()
    assert signed_in(ana).get(f"/sessions/{owed.pk}/draft/").status_code == 204


def test_a_draft_for_an_older_message_is_not_kept_nor_shown(owed, ana):
    older = owed.reply_requested_for
    drafts.save(owed.pk, older, "half a")
    sessions.post(owed.pk, by=ana, text="And one thing more.")
    owed.refresh_from_db()

    drafts.save(owed.pk, older - 1, "of nobody")

    assert drafts.so_far(owed) == ""


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda call: call.error(500), "Playbooks answered. The model's provider reported a server error."),
        (lambda call: call.say("Sorry, no."), "Playbooks answered. The model declined to answer."),
        (lambda call: call.hang(), "Playbooks answered. The model did not answer in time."),
        (lambda call: call.answer(made(text="  <b></b> ")), "Playbooks answered. The model's answer had the wrong format."),
    ],
)
def test_playbooks_answer_in_the_models_place_and_say_so(provider, owed, settings, act, why):
    settings.ASSISTANT_LLM.update({"try_seconds": 0.5, "reply_seconds": 3.0} if "in time" in why else {})
    provider.script = act

    reply(owed)

    assert last(owed).kind == "reply"
    assert last(owed).remark == why
    assert len(provider.calls) <= 3
    owed.refresh_from_db()
    assert owed.reply_requested_for is None


def test_the_remark_is_shown_under_the_reply(provider, owed, ana, signed_in):
    provider.script = lambda call: call.error(401)
    reply(owed)

    page = signed_in(ana).get(f"/sessions/{owed.pk}/")

    assert "Playbooks answered. The model’s provider rejected" in page.text.replace("&#x27;", "’")
    assert KEY not in page.text


# --- the breaker and the caps -------------------------------------------------------------------------------------


def test_after_some_dead_calls_the_provider_is_left_alone_and_then_tried_by_one(provider, owed, ana, settings):
    settings.ASSISTANT_LLM = settings_for(provider.url, trips_after=3)
    provider.script = lambda call: call.error(500)
    reply(owed)
    assert len(provider.calls) == 3

    sessions.post(owed.pk, by=ana, text="Still there?")
    owed.refresh_from_db()
    reply(owed)

    assert len(provider.calls) == 3
    assert last(owed).remark == "Playbooks answered. The model's provider was down a moment ago. It will be tried again shortly."

    CircuitBreaker.objects.update(open_until=timezone.now())
    provider.script = lambda call: call.answer(made())
    sessions.post(owed.pk, by=ana, text="And now?")
    owed.refresh_from_db()
    reply(owed)

    assert last(owed).remark == ""
    assert (CircuitBreaker.objects.get().failures, CircuitBreaker.objects.get().open_until) == (0, None)


def test_a_provider_that_says_how_long_it_wants_to_be_left_alone_is_left_alone(provider, owed, ana):
    provider.script = lambda call: call.error(429, "rate_limit_exceeded", Retry_After="600")

    reply(owed)

    assert len(provider.calls) == 1
    rest = CircuitBreaker.objects.get().open_until - timezone.now()
    assert 500 < rest.total_seconds() <= 600
    sessions.post(owed.pk, by=ana, text="Still there?")
    owed.refresh_from_db()
    reply(owed)
    assert len(provider.calls) == 1


def test_a_bad_answer_says_nothing_against_the_provider(provider, owed, settings):
    settings.ASSISTANT_LLM = settings_for(provider.url, trips_after=1)
    provider.script = lambda call: call.say("prose")

    reply(owed)

    assert not CircuitBreaker.objects.exclude(open_until=None).exists()


@pytest.mark.parametrize("cap", [{"calls_per_day": 2}, {"tokens_per_day": 30}])
def test_when_todays_cap_is_reached_no_call_is_made_and_it_is_said(provider, owed, ana, settings, cap):
    settings.ASSISTANT_LLM = settings_for(provider.url, **cap)
    provider.script = lambda call: call.answer(made())
    for words in ("", "And now?", "And then?"):
        if words:
            sessions.post(owed.pk, by=ana, text=words)
            owed.refresh_from_db()
        reply(owed)

    spent = DailyUsage.objects.get()
    assert spent.calls == len(provider.calls) == AssistantCall.objects.count() < 3
    assert spent.tokens == sum(call.input_tokens + call.output_tokens for call in AssistantCall.objects.all()) > 0
    assert last(owed).remark == "Playbooks answered. Today's limit for the model has been reached."


def test_yesterdays_calls_and_other_accounts_do_not_count(provider, owed, acme, eve, settings):
    settings.ASSISTANT_LLM = settings_for(provider.url, calls_per_day=1)
    today = timezone.localdate()
    DailyUsage.objects.create(account=acme, day=today - timezone.timedelta(days=1), calls=9, tokens=9)
    DailyUsage.objects.create(account=eve.account, day=today, calls=9, tokens=9)
    provider.script = lambda call: call.answer(made())

    reply(owed)

    assert len(provider.calls) == 1
    assert DailyUsage.objects.get(account=acme, day=today).calls == 1


def test_a_call_counts_from_the_moment_it_is_taken_though_its_answer_is_still_to_come(provider, owed, acme, settings):
    settings.ASSISTANT_LLM = settings_for(provider.url, calls_per_day=1)
    caller = Caller(acme.pk)
    assert take_call(caller, calls_per_day=1, tokens_per_day=0, at=timezone.now())

    reply(owed)

    assert provider.calls == []
    assert last(owed).remark.endswith("Today's limit for the model has been reached.")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("begun", [True, False])
def test_workers_at_once_never_take_more_than_the_cap(acme, begun):
    """Also where they all begin the day together."""
    if begun:
        DailyUsage.objects.create(account=acme, day=timezone.localdate())

    def take(_):
        try:
            return take_call(Caller(acme.pk), calls_per_day=5, tokens_per_day=0, at=timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as workers:
        taken = list(workers.map(take, range(24)))

    assert taken.count(True) == 5
    assert DailyUsage.objects.get().calls == 5


# --- typed output fills the lane ----------------------------------------------------------------------------------


def test_a_fix_is_proposed_only_in_the_guided_tier(provider, owed, ana):
    fix = {"title": "Clear the stored credentials", "detail": "In Credential Manager.", "verify": "Outlook opens without asking."}
    provider.script = lambda call: call.answer(made(fix=fix, confidence=0.6))
    reply(owed)
    assert not owed.fixes.filter(title=fix["title"]).exists()

    sessions.post(owed.pk, by=ana, text="The log says wrong password.")
    owed.refresh_from_db()
    provider.script = lambda call: call.answer(made(fix=fix, confidence=0.9))
    reply(owed)

    assert owed.fixes.get(title=fix["title"], current=True).verify == "Outlook opens without asking."


def test_facts_are_proposed_with_their_source_and_kept_by_a_technician_only(provider, owed, ana):
    number = owed.reply_requested_for
    provider.script = lambda call: call.answer(
        made(
            facts=[
                {
                    "text": "Outlook asks for the password since Monday",
                    "because": {"step": number, "quote": "Outlook asks for the password since Monday"},
                },
                {"text": "The server is full", "because": {"step": number, "quote": "The server is full"}},
            ]
        )
    )
    reply(owed)
    (offer,) = Proposal.objects.filter(session=owed)
    assert not Fact.objects.filter(session=owed, text__contains="Monday").exists()

    proposals.accept(owed.pk, offer.pk, by=ana, text="Outlook prompts since Monday")

    kept = Fact.objects.get(session=owed, text="Outlook prompts since Monday")
    assert (kept.source.number, kept.by) == (number, ana)
    assert isinstance(proposals.accept(owed.pk, offer.pk, by=ana), Refused)
    assert Fact.objects.filter(session=owed, text__contains="Monday").count() == 1


def test_what_was_dismissed_is_not_proposed_again(provider, owed, ana):
    fact = {"text": SAID, "because": {"step": owed.reply_requested_for, "quote": SAID}}
    provider.script = lambda call: call.answer(made(facts=[fact]))
    reply(owed)
    proposals.dismiss(owed.pk, Proposal.objects.get().pk, by=ana)

    sessions.post(owed.pk, by=ana, text="Go on, please.")
    owed.refresh_from_db()
    reply(owed)

    assert [p.state for p in Proposal.objects.all()] == ["dismissed"]


def test_an_outcome_is_proposed_and_only_the_technician_settles_the_fix(provider, owed, ana, signed_in):
    fix = {"title": "Clear the stored credentials", "detail": "x", "verify": "y"}
    provider.script = lambda call: call.answer(made(fix=fix, confidence=0.9))
    reply(owed)
    sessions.post(owed.pk, by=ana, text="I cleared them and it works now.")
    owed.refresh_from_db()
    because = {"step": owed.reply_requested_for, "quote": "it works now"}
    provider.script = lambda call: call.answer(made(outcome={"outcome": "worked", "because": because}))

    reply(owed)

    current = owed.fixes.get(current=True)
    assert current.outcome == "proposed"
    offer = Proposal.objects.get(kind="outcome")
    page = signed_in(ana).get(f"/sessions/{owed.pk}/")
    assert "The fix seems to have worked" in page.text

    answer = signed_in(ana).post(f"/sessions/{owed.pk}/proposals/{offer.pk}/", {"decision": "accept"})

    assert answer.status_code == 302
    current.refresh_from_db()
    assert (current.outcome, current.by) == ("worked", ana)


@pytest.mark.parametrize(("who", "status"), [("bo", 404), ("vic", 404), ("eve", 404)])
def test_who_may_not_write_decides_nothing(provider, owed, ana, who, status, request, signed_in):
    provider.script = lambda call: call.answer(made(facts=[{"text": SAID, "because": {"step": owed.reply_requested_for, "quote": SAID}}]))
    reply(owed)
    offer = Proposal.objects.get()

    answer = signed_in(request.getfixturevalue(who)).post(f"/sessions/{owed.pk}/proposals/{offer.pk}/", {"decision": "accept"})

    assert answer.status_code == status
    assert signed_in(ana).get(f"/sessions/{owed.pk}/proposals/{offer.pk}/").status_code == 405
    offer.refresh_from_db()
    assert offer.state == "open"


def test_an_offer_of_another_session_is_not_found(provider, owed, ana):
    other = UserFactory(account=ana.account, role="engineer")
    elsewhere = sessions.open_session(by=other, text="Another case")
    offer = Proposal.objects.create(session=elsewhere, kind="fact", text="x")

    assert proposals.accept(owed.pk, offer.pk, by=ana).error == "not_found"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_does(owed, ana, second_waits_for_first):
    offer = Proposal.objects.create(session=owed, kind="fact", text="Prompts since Monday")

    first, second = second_waits_for_first(
        lambda: proposals.accept(owed.pk, offer.pk, by=ana), lambda: proposals.dismiss(owed.pk, offer.pk, by=ana)
    )

    assert first.state == "accepted"
    assert second.error == "not_found"
    assert Fact.objects.filter(session=owed, text="Prompts since Monday").count() == 1


def test_what_was_done_is_not_asked_again_but_shown_with_its_outcome(provider, owed, ana, signed_in):
    card = {"kind": "check", "title": "Read the sign-in log", "why": "", "command": "Get-MgAuditLogSignIn -Top 5"}
    provider.script = lambda call: call.answer(made(tasks=[card]))
    reply(owed)
    number = Task.objects.get(session=owed, title=card["title"]).number
    lane.settle(owed.pk, number, by=ana, state="done", answer="Five failures, AADSTS50126")
    lane.send(owed.pk, by=ana)
    owed.refresh_from_db()
    other = {**card, "title": "Check the clock of the computer", "command": "w32tm /query /status"}
    again = {**card, "title": "Please read the sign-in log", "command": "Get-MgAuditLogSignIn  -top 5"}
    provider.script = lambda call: call.answer(made(tasks=[again, other]))

    reply(owed)

    titles = list(Task.objects.filter(session=owed).values_list("title", flat=True))
    assert "Please read the sign-in log" not in titles
    assert "Check the clock of the computer" in titles
    (repeat,) = Repeat.objects.filter(session=owed)
    assert repeat.done_in.text == "Five failures, AADSTS50126"
    page = signed_in(ana).get(f"/sessions/{owed.pk}/").text
    assert "Already done" in page
    assert "Five failures, AADSTS50126" in page


def test_what_was_told_in_plain_words_is_not_asked_again_either(provider, owed, ana):
    sessions.post(owed.pk, by=ana, text="I restarted the print spooler service on SRV-2. Same error as before.")
    owed.refresh_from_db()
    card = {"kind": "check", "title": "Restart the print spooler service", "why": "", "command": ""}
    provider.script = lambda call: call.answer(made(tasks=[card, {**card, "title": "Restart the router of the branch"}]))

    reply(owed)

    titles = set(Task.objects.filter(session=owed).values_list("title", flat=True))
    assert "Restart the print spooler service" not in titles
    assert "Restart the router of the branch" in titles
    assert Repeat.objects.get(session=owed).done_in.text.startswith("I restarted the print spooler")
