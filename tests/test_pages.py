"""What every page keeps: inert text, strict CSP, few queries, our own words for errors, and a main job that works without JavaScript."""

import io
import json
import logging
import re
import uuid

import pytest
from bs4 import BeautifulSoup
from django.db import connection, models
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Event
from escalations.live.frames import Rows, frame_of
from escalations.models import Notification
from escalations.queue import rows_for
from flowpilot import lane, sessions
from flowpilot.models import AISession, Fact, Fix, SessionStep, Task
from handoffs import assessment
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.parking import park
from handoffs.withdrawing import withdraw
from tests.databases import standing
from tests.factories import AccountFactory, UserFactory, hand_off, make_session

pytestmark = pytest.mark.slow


def soup_of(answer):
    return BeautifulSoup(answer.content, "html.parser")


def queries_of(client, where):
    """How many queries a page costs, when whatever is asked once per process has been asked."""
    assert client.get(where).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        client.get(where)
    return len(captured)


# --- the fragment and its page ------------------------------------------------------------------------------------


def test_the_fragment_shows_the_same_rows_as_the_page(ana, bo, signed_in):
    for priority in (1, 4, 2):
        hand_off(make_session(ana), ana, priority=priority, target=bo if priority == 2 else None)
    client = signed_in(bo)
    client.get(f"/handoffs/{rows_for(bo).last().pk}/")

    page, fragment = soup_of(client.get("/escalations/")), soup_of(client.get("/escalations/rows/", headers={"HX-Request": "true"}))

    # The token of a form is masked anew in each answer.
    for token in page.select("[name=csrfmiddlewaretoken]") + fragment.select("[name=csrfmiddlewaretoken]"):
        token.decompose()
    on_page, alone = page.select("#rows li.card"), fragment.select("li.card")
    assert len(alone) == 3
    assert [str(card) for card in alone] == [str(card) for card in on_page]
    assert not fragment.find("html")
    assert sum(card.select_one(".unseen").has_attr("hidden") for card in alone) == 1
    assert not [card for card in alone if not card.select_one("[data-for-me]").has_attr("hidden")][1:]


def test_an_empty_queue_says_so_on_the_page_and_in_the_fragment(bo, signed_in):
    for where in ("/escalations/", "/escalations/rows/"):
        blank = soup_of(signed_in(bo).get(where)).find(attrs={"data-empty": True})
        assert not blank.has_attr("hidden")
        assert "The queue is empty" in blank.text


# --- queries ------------------------------------------------------------------------------------------------------


def _fill(ana, bo, count):
    """As much of everything as `count` says, in ana's and bo's hands."""
    for _ in range(count):
        hand_off(make_session(ana), ana, target=bo)
        make_session(ana)
        mine = hand_off(make_session(ana), ana)
        claim(mine.pk, by=bo)
        park(make_session(bo).pk, by=bo)
        sessions.resolve(make_session(ana).pk, by=ana)


GROWING = ["/escalations/", "/escalations/rows/", "/sessions/", "/sessions/?show=all&q=Outlook", "/", "/bell/"]


@pytest.fixture(scope="module")
def few_and_many(django_db_setup, django_db_blocker):
    """How many queries each growing page costs each of the two with little in it, and with ten times as much: filled once for all pages."""
    counted = {}

    def fill_and_count():
        acme = AccountFactory()
        people = {"ana": UserFactory(name="Ana Reyes", account=acme), "bo": UserFactory(name="Bo Lindqvist", account=acme)}
        for more in (2, 18):
            _fill(people["ana"], people["bo"], more)
            for who, user in people.items():
                client = Client()
                client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
                for where in GROWING:
                    counted.setdefault((who, where), []).append(queries_of(client, where))

    with standing(django_db_blocker, fill_and_count):
        pass
    return counted


@pytest.mark.parametrize("where", GROWING)
@pytest.mark.parametrize("who", ["ana", "bo"])
def test_more_rows_do_not_mean_more_queries(few_and_many, where, who):
    few, many = few_and_many[who, where]

    assert many == few


def _long(session, people, count):
    """Steps, cards, facts, fixes and hands by many people."""
    start = session.step_count
    SessionStep.objects.bulk_create(
        SessionStep(
            session=session,
            number=start + n,
            kind="note",
            author_kind="person",
            author=people[n % len(people)],
            text=f"Note {n}",
            at=session.created_at,
        )
        for n in range(1, count + 1)
    )
    for n in range(count):
        person, card = people[n % len(people)], 100 + session.card_count + n
        Fact.objects.create(session=session, number=card, text=f"Fact {n}", by=person)
        Task.objects.create(
            session=session, number=card + 1000, kind="question", state="done", title=f"Question {n}", answer="Yes", by=person
        )
        Task.objects.create(session=session, number=card + 2000, kind="check", title=f"Check {n}", command="whoami")
        Fix.objects.create(session=session, number=card + 3000, title=f"Fix {n}", current=False, outcome="failed", by=person)
        session.holders.create(user=person, since=session.created_at, until=session.created_at)
    AISession.objects.filter(pk=session.pk).update(step_count=start + count, card_count=session.card_count + count)
    session.refresh_from_db()


@pytest.mark.parametrize(
    "page", ["/sessions/{s}/", "/sessions/{s}/changes/?after=0", "/handoffs/{h}/", "/handoffs/{h}/summary/", "/sessions/{s}/escalate/"]
)
def test_a_longer_case_does_not_mean_more_queries(ana, bo, signed_in, page):
    people = [UserFactory(account=ana.account) for _ in range(20)]
    session = make_session(ana)
    _long(session, people, 2)
    handoff = hand_off(session, ana)
    claim(handoff.pk, by=bo)
    where, client = page.format(s=session.pk, h=handoff.pk), signed_in(bo)
    few = queries_of(client, where)

    session.refresh_from_db()
    _long(session, people, 20)

    assert queries_of(client, where) == few


def test_more_people_do_not_mean_more_queries_in_the_escalate_dialog(session, ana, signed_in):
    where = f"/sessions/{session.pk}/escalate/"
    UserFactory.create_batch(2, account=ana.account)
    few = queries_of(signed_in(ana), where)
    UserFactory.create_batch(18, account=ana.account)

    assert queries_of(signed_in(ana), where) == few


def test_rendering_a_card_needs_no_hidden_query(ana, bo):
    hand_off(make_session(ana), ana, target=bo)
    (row,) = rows_for(bo).fetch_mode(models.FETCH_RAISE)

    with CaptureQueriesContext(connection) as captured:
        card = render_to_string("escalations/_card.html", {"handoff": row, "seen": set(), "user": bo})

    assert row.session.title in BeautifulSoup(card, "html.parser").text
    assert len(captured) == 0


# --- hostile text -------------------------------------------------------------------------------------------------

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>\'{{ 7*7 }}{% now "Y" %}</textarea></title>'
SHORT = '"><b onx=1>{{7*7}}<script>'


@pytest.fixture
def hostile(ana, bo):
    """A case in which every text is an attack, at each stage of its life: active, waiting, claimed, resolved."""
    type(ana).objects.filter(pk=ana.pk).update(name=f"Ana {SHORT}")
    ana.refresh_from_db()

    def case():
        session = make_session(ana, title=HOSTILE, client=HOSTILE[:120], ticket=SHORT, status_reason=HOSTILE)
        AISession.objects.filter(pk=session.pk).update(
            problem_summary=HOSTILE,
            domain=SHORT,
            card_count=9,
            origin={"source": HOSTILE, "attribution": HOSTILE, "licence": HOSTILE, "url": "javascript:alert(1)"},
        )
        sessions.post(session.pk, by=ana, text=HOSTILE)
        lane.settle(session.pk, 2, by=ana, state="done", answer=HOSTILE)
        lane.send(session.pk, by=ana)
        for number, state in enumerate(("active", "skipped", "pending", "done"), 20):
            Task.objects.create(
                session=session,
                number=number,
                kind="check",
                state=state,
                title=HOSTILE,
                why=HOSTILE,
                command=HOSTILE,
                answer=HOSTILE,
                by=ana,
            )
        lane.add_fact(session.pk, by=ana, text=HOSTILE)
        Fact.objects.create(session=session, number=30, text=HOSTILE, by=ana)
        Fix.objects.create(
            session=session, number=31, title=HOSTILE, detail=HOSTILE, verify=HOSTILE, outcome="applied", waiting_for=HOSTILE
        )
        SessionStep.objects.create(
            session=session,
            number=90,
            kind="message",
            author_kind="imported",
            author_label=SHORT,
            text=HOSTILE,
            asked=HOSTILE,
            command=HOSTILE,
            at=session.created_at,
        )
        session.refresh_from_db()
        return session

    active, resolved, parked = case(), case(), case()
    waiting = hand_off(case(), ana, needs=HOSTILE, target=bo)
    claimed = hand_off(case(), ana, needs=HOSTILE)
    claim(claimed.pk, by=bo)
    sessions.resolve(resolved.pk, by=ana)
    AISession.objects.filter(pk=resolved.pk).update(ticket_notes=HOSTILE)
    park(parked.pk, by=ana, needs=HOSTILE)
    entry = {"text": HOSTILE, "why": HOSTILE, "action": HOSTILE, "outcome": HOSTILE, "evidence": [{"step": 1, "quote": HOSTILE}]}
    SessionHandoff.objects.filter(pk=claimed.pk).update(
        assessment_state="ready",
        assessed_upto=4,
        assessed_at=waiting.created_at,
        assessment={
            "summary_prose": HOSTILE, "likely_cause": HOSTILE, "confidence": "low", "what_we_know": [entry], "tried": [entry],
            "suggested_steps": [entry], "open_questions": [HOSTILE],
        },
    )  # fmt: skip
    SessionHandoff.objects.filter(pk=waiting.pk).update(assessment_state="unavailable", assessment_reason=HOSTILE)
    return {"active": active, "resolved": resolved, "parked": parked, "waiting": waiting, "claimed": claimed}


def pages_of(world):
    """Every page and fragment of the product, for these rows."""
    yield from ("/", "/sessions/", "/sessions/new/", "/escalations/", "/escalations/rows/", "/bell/", "/accounts/logout/", "/nothing/here/")
    yield from ("/people/", "/people/rows/", "/people/add/", f"/people/{world['waiting'].author_id}/", "/account/", "/account/password/")
    yield from (f"/sessions/?show=all&q={part}" for part in ("%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "{{7*7}}", "img"))
    for name in ("active", "resolved", "parked"):
        yield from (f"/sessions/{world[name].pk}/", f"/sessions/{world[name].pk}/changes/?after=0", f"/sessions/{world[name].pk}/escalate/")
    for name in ("waiting", "claimed"):
        yield from (f"/handoffs/{world[name].pk}/", f"/handoffs/{world[name].pk}/?overlay=1", f"/handoffs/{world[name].pk}/summary/")
        yield from (f"/sessions/{world[name].session_id}/", f"/sessions/{world[name].session_id}/changes/?after=0")


def harmless(html, where):
    """Nothing inline, nothing that an attack has opened, and no template that ran."""
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup.find_all(True):
        assert not [name for name in tag.attrs if name.lower().startswith("on") or name.lower() in ("style", "srcdoc", "hx-on")], (
            where,
            tag.name,
            tag.attrs,
        )
        assert not [name for name in tag.attrs if name.lower().startswith("hx-on")], (where, tag)
        for name in ("href", "src", "action", "formaction", "hx-get", "hx-post"):
            value = str(tag.get(name, "")).strip().lower()
            assert not value.startswith(("javascript:", "data:", "vbscript:", "http:", "https:", "//")), (where, name, value)
        if tag.name == "script":
            assert tag.get("src", "").startswith("/static/"), (where, tag)
            assert not tag.text.strip(), (where, tag)
    assert not soup.find("style"), where
    assert not soup.find("img"), where
    assert not soup.find("b", attrs={"onx": True}), where
    assert not soup.find(["iframe", "object", "embed", "base"]), where
    return soup


@pytest.mark.parametrize("who", ["ana", "bo", "lea", "vic"])
def test_hostile_texts_are_inert_in_every_page(hostile, signed_in, request, who):
    client = signed_in(request.getfixturevalue(who))
    seen = 0

    for where in pages_of(hostile):
        answer = client.get(where)
        assert answer.status_code in (200, 403, 404), where
        soup = harmless(answer.content, where)
        text = soup.text + " ".join(str(value) for tag in soup.find_all(True) for value in tag.attrs.values())
        seen += '<script>alert(2)</script>\'{{ 7*7 }}{% now "Y" %}' in text

    # The attack is shown as what it is: text.
    assert seen >= 5


def test_hostile_texts_are_inert_in_the_live_frame(hostile):
    events = list(Event.objects.filter(kind__in=("handoff_opened", "handoff_released")).order_by("number"))
    rows = Rows(events[0].account_id, events)
    frames = [json.loads(frame_of(event, rows).whole) for event in events]

    cards = [frame["card"] for frame in frames if "card" in frame]
    assert cards
    for card in cards:
        assert HOSTILE in harmless(card, "the live frame").find("h3").text


def test_hostile_texts_are_inert_in_answers_to_presses(hostile, ana, bo, dana, signed_in):
    lost = signed_in(dana).post(f"/handoffs/{hostile['claimed'].pk}/claim/", {"from": "queue"}, headers={"HX-Request": "true"})
    update = signed_in(bo).post(
        f"/sessions/{hostile['claimed'].session_id}/status-update/", {"context": "escalation"}, headers={"HX-Request": "true"}
    )
    typed = signed_in(ana).post(f"/sessions/{hostile['active'].pk}/escalate/", {"reason": HOSTILE, "priority": HOSTILE, "target": HOSTILE})
    door = signed_in(ana).post("/accounts/login/", {"login": HOSTILE, "next": "javascript:alert(1)"})
    intake = signed_in(ana).post("/sessions/new/", {"text": HOSTILE, "client": HOSTILE * 3, "priority": HOSTILE, "title": HOSTILE * 9})

    for answer, status in ((lost, 409), (update, 200), (typed, 422), (intake, 422)):
        assert answer.status_code == status
        harmless(answer.content, status)
    harmless(door.content, "login")
    assert HOSTILE in soup_of(update).find(id="update-out").text
    assert soup_of(typed).find(id="id_reason").text == HOSTILE


# --- the policy of the browser ------------------------------------------------------------------------------------


def test_the_policy_is_strict_on_every_page(hostile, ana, signed_in, client):
    for where in [*pages_of(hostile), "/accounts/login/", "/healthz", "/admin/login/"]:
        for asked in (signed_in(ana), client):
            answer = asked.get(where)
            policy = answer.headers["Content-Security-Policy"]
            assert "unsafe" not in policy, where
            assert "*" not in policy, where
            for part in (
                "default-src 'self'",
                "script-src 'self'",
                "style-src 'self'",
                "object-src 'none'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            ):
                assert part in policy, where
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            if asked is client or where.startswith("/admin"):
                continue
            harmless(answer.content, where)


def test_no_cache_keeps_an_answer(hostile, ana, signed_in, client, as_json):
    browser = signed_in(ana)
    fragment = {"headers": {"HX-Request": "true"}}
    asked = [*pages_of(hostile), "/sessions/?q=x", "/nowhere/", "/waiting/", "/account/password/", "/admin/", "/healthz"]

    answers = [who.get(where, **how) for who in (browser, client) for where in asked for how in ({}, fragment, as_json)]
    answers += [browser.post("/account/", {"name": ""}), browser.post("/account/", {"name": "Ana"}), browser.post("/accounts/logout/")]
    answers += [
        client.post("/accounts/login/", {"login": ana.email, "password": "wrong"}),
        client.get("/", headers={"Host": "evil.example"}),
    ]

    assert {answer.status_code for answer in answers} >= {200, 302, 400, 401, 403, 404, 422}
    for answer in answers:
        assert {"private", "no-store"} <= set(answer["Cache-Control"].replace(",", " ").split()), answer.request["PATH_INFO"]


def test_static_files_are_for_caches(client, db):
    answer = client.get("/static/css/app.css")

    assert answer.status_code == 200
    assert "no-store" not in answer["Cache-Control"]


def test_every_page_has_one_heading_a_title_a_language_and_labels_for_its_fields(hostile, ana, signed_in):
    for where in pages_of(hostile):
        soup = soup_of(signed_in(ana).get(where))
        if soup.html is None:
            continue
        assert soup.html["lang"] == "en", where
        assert len(soup.find_all("h1")) == 1, where
        assert soup.title.text.strip(), where
        assert soup.find("main", id="main"), where
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), (where, {i for i in ids if ids.count(i) > 1})
        for field in soup.find_all(["input", "textarea", "select"]):
            if field.get("type") in ("hidden", "submit") or field.find_parent("label"):
                continue
            assert field.get("aria-label") or soup.find("label", attrs={"for": field.get("id")}), (where, field)
        for button in soup.find_all("button"):
            assert button.get("aria-label") or button.text.strip(), (where, button)


# --- errors in our own words --------------------------------------------------------------------------------------


def own_page(answer, status, *words):
    soup = soup_of(answer)
    assert answer.status_code == status
    assert soup.find("main", id="main")
    for word in words:
        assert word in soup.find("main").text
    return soup


def test_404_is_our_own_page_signed_in_and_out(bo, signed_in, client):
    for asked in (signed_in(bo), client):
        for where in ("/nothing/", f"/sessions/{uuid.uuid4()}/"):
            answer = asked.get(where)
            if answer.status_code != 302:
                assert own_page(answer, 404, "Not found").find("a", href="/")


def test_403_says_why(vic, signed_in):
    assert own_page(signed_in(vic).get("/sessions/new/"), 403, "Viewers can't open sessions").find("a", href="/")


@pytest.mark.parametrize("press", [True, False])
def test_410_gives_the_reason_and_the_way_back(handoff, ana, dana, signed_in, press):
    withdraw(handoff.pk, by=ana)
    client = signed_in(dana)

    gone = client.post(f"/handoffs/{handoff.pk}/claim/") if press else client.get(f"/handoffs/{handoff.pk}/")

    assert own_page(gone, 410, "No longer open", "Ana Reyes withdrew it.").find("main").find("a", href="/escalations/")


def test_409_of_a_plain_form_is_a_page_that_says_who_was_quicker_with_the_way_back(handoff, bo, dana, signed_in):
    claim(handoff.pk, by=bo)

    lost = signed_in(dana).post(f"/handoffs/{handoff.pk}/claim/", {"begin": "own"})

    page = own_page(lost, 409, "Someone else was faster", "Already claimed by Bo Lindqvist just now")
    assert page.find("main").find("a", href="/escalations/")


# --- without JavaScript -------------------------------------------------------------------------------------------


def press(browser, answer, form, button=None, **typed):
    """Fills a form of a page and presses one of its buttons, as a browser without scripts does."""
    assert form is not None, "the form is not there"
    fields = {}
    for field in form.find_all(["input", "textarea", "select"]):
        if field.get("type") in ("radio", "checkbox") and not field.has_attr("checked"):
            continue
        if field.get("name"):
            chosen = field.find("option", selected=True) or field.find("option")
            fields[field["name"]] = field.text if field.name == "textarea" else chosen["value"] if chosen else field.get("value", "")
    pressed = form.find("button", **button) if button else None
    if pressed and pressed.get("name"):
        fields[pressed["name"]] = pressed["value"]
    assert (form.get("method") or "get").lower() == "post"
    assert "csrfmiddlewaretoken" in fields
    answer = browser.post((pressed and pressed.get("formaction")) or form["action"], {**fields, **typed}, follow=True)
    assert answer.status_code == 200, answer.text[:2000]
    return answer


def form_to(answer, action):
    return soup_of(answer).find("form", action=action)


def test_the_whole_work_is_done_with_plain_forms(ana, bo, signed_in):
    junior, senior = signed_in(ana, enforce_csrf_checks=True), signed_in(bo, enforce_csrf_checks=True)

    page = junior.get("/sessions/new/")
    page = press(junior, page, form_to(page, "/sessions/new/"), text="Scanner sends no mail", client="Northgate", ticket="#99")
    session = AISession.objects.get()
    here = f"/sessions/{session.pk}/"
    assert soup_of(page).find("h1").text == "Scanner sends no mail"

    page = press(junior, page, form_to(page, f"{here}messages/"), {"attrs": {"value": "message"}}, text="It says 535.")
    assert "It says 535." in soup_of(page).find(id="stream").text
    page = press(junior, page, form_to(page, f"{here}facts/"), text="SMTP is on")
    assert "SMTP is on" in soup_of(page).find(id="lane").text

    link = soup_of(page).find("a", href=f"{here}escalate/")
    page = junior.get(link["href"])
    page = press(junior, page, form_to(page, f"{here}escalate/"), reason="Which relay?", priority="high", target=str(bo.pk))
    assert page.redirect_chain[-1][0] == "/"
    assert "Escalated. 1 colleague has been notified" in soup_of(page).find(id="toasts").text

    page = senior.get("/escalations/")
    card = soup_of(page).select_one("li.card")
    page = senior.get(card.find("a", string="Pick up")["href"])
    page = press(senior, page, soup_of(page).find("form", id="ways"), {"attrs": {"value": "own"}})
    assert page.redirect_chain[-1][0] == f"{here}?compose=1"
    assert soup_of(page).find(id="say").has_attr("autofocus")

    page = press(senior, page, form_to(page, f"{here}messages/"), {"attrs": {"value": "note"}}, text="Relay is smtp2.")
    page = press(senior, page, form_to(page, f"{here}resolve/"))
    session.refresh_from_db()
    assert (session.status, session.handler, session.user) == ("resolved", bo, ana)
    page = press(senior, page, form_to(page, f"{here}reopen/"))
    assert soup_of(page).find(id="s-head")["data-status"] == "active"


def test_letting_go_and_parking_work_with_plain_forms(handoff, ana, bo, signed_in):
    claim(handoff.pk, by=bo)
    client, here = signed_in(bo, enforce_csrf_checks=True), f"/sessions/{handoff.session_id}/"

    for word, state in (("release", "open"), ("return", "returned")):
        claim(handoff.pk, by=bo)
        page = client.get(here)
        page = press(client, page, form_to(page, f"/handoffs/{handoff.pk}/{word}/"), note="Look at the relay first.")
        assert SessionHandoff.objects.get(pk=handoff.pk).state == state
        assert soup_of(page).find(id="toasts").text.strip()

    client = signed_in(ana, enforce_csrf_checks=True)
    page = client.get(here)
    page = press(client, page, form_to(page, f"{here}park/"), reason="Waiting for the client")
    page = press(client, page, form_to(page, f"{here}resume/"))
    assert soup_of(page).find(id="s-head")["data-status"] == "active"


def test_withdrawing_from_the_dashboard_works_with_a_plain_form(handoff, ana, signed_in):
    client = signed_in(ana, enforce_csrf_checks=True)
    page = client.get("/")

    press(client, page, form_to(page, f"/handoffs/{handoff.pk}/withdraw/"))

    assert SessionHandoff.objects.get(pk=handoff.pk).state == "withdrawn"


def test_every_link_has_an_address_and_every_form_an_action_that_exists(hostile, ana, bo, signed_in):
    from django.urls import resolve

    for who in (ana, bo):
        for where in pages_of(hostile):
            soup = soup_of(signed_in(who).get(where))
            for form in soup.find_all("form"):
                if (form.get("method") or "get").lower() == "post":
                    resolve(form["action"])
                    assert form.find("input", attrs={"name": "csrfmiddlewaretoken"}), (where, form["action"])
            for link in soup.find_all("a"):
                assert link.get("href"), (where, link)
                if link["href"].startswith("/"):
                    resolve(link["href"].split("?")[0].split("#")[0])


def test_the_bell_leads_to_the_screen_and_counts_as_read(bo, handoff, signed_in):
    client = signed_in(bo)
    page = soup_of(client.get("/bell/"))
    row = page.select_one("ol.rows li a")
    assert row.text == "Ana Reyes · #48219: Outlook asks for the password again and again"

    screen = client.get(row["href"], follow=True)

    assert screen.redirect_chain[-1][0] == f"/handoffs/{handoff.pk}/"
    assert Notification.objects.get(user=bo).read_at is not None
    assert soup_of(client.get("/escalations/")).select_one("li.card .unseen").has_attr("hidden")


# --- the status update --------------------------------------------------------------------------------------------


class NoAssistant:
    """What stands at the seam while no call may be made."""

    name = "none"

    def __getattr__(self, verb):
        raise AssertionError(f"the assistant was asked to {verb}")


@pytest.mark.parametrize("ready", [True, False])
def test_the_status_update_about_an_escalation_is_the_saved_prose_and_asks_nobody(handoff, bo, signed_in, monkeypatch, ready):
    if ready:
        assessment.make(handoff.pk, at=timezone.now())
        handoff.refresh_from_db()
    monkeypatch.setattr("assistant.ask.assistant_named", lambda name, caller: NoAssistant())
    claim(handoff.pk, by=bo)

    for audience in ("ticket", "client", "email"):
        answer = signed_in(bo).post(
            f"/sessions/{handoff.session_id}/status-update/",
            {"context": "escalation", "audience": audience, "length": "long"},
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 200
        assert answer.json()["source"] == "saved"
        assert answer.json()["text"] == (handoff.assessment["summary_prose"] if ready else f"Ana Reyes escalated this: {handoff.needs}")


def test_a_status_update_about_progress_is_written_now(session, ana, signed_in):
    answer = signed_in(ana).post(f"/sessions/{session.pk}/status-update/", {"context": "progress"}, headers={"Accept": "application/json"})

    assert answer.json()["source"] == "written"
    assert answer.json()["text"].strip()


def test_a_status_update_does_not_change_the_session(session, ana, signed_in):
    before = AISession.objects.values().get(pk=session.pk)

    signed_in(ana).post(f"/sessions/{session.pk}/status-update/", {"context": "progress"})

    assert AISession.objects.values().get(pk=session.pk) == before


# --- what is logged -----------------------------------------------------------------------------------------------

MARKER = "Zanzibar-4711"


@pytest.fixture
def lines():
    """What the log holds, as it would stand on standard output: the real formatter, into a list."""
    root = logging.getLogger()
    ours = next(h for h in root.handlers if type(h.formatter).__name__ == "ProcessorFormatter")
    written, level = io.StringIO(), root.level
    handler = logging.StreamHandler(written)
    handler.setFormatter(ours.formatter)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: written.getvalue().splitlines()
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_request_id_is_given_or_kept_and_a_strange_one_is_not(client):
    given = client.get("/accounts/login/").headers["X-Request-ID"]
    kept = client.get("/accounts/login/", headers={"X-Request-ID": "proxy-0123456789"}).headers["X-Request-ID"]
    strange = client.get("/accounts/login/", headers={"X-Request-ID": 'x"}\r\n{"a'}).headers["X-Request-ID"]

    assert re.fullmatch(r"[0-9a-f]{32}", given)
    assert kept == "proxy-0123456789"
    assert re.fullmatch(r"[0-9a-f]{32}", strange)


def test_each_answered_request_is_one_json_line_with_ids_only(session, ana, signed_in, lines):
    answer = signed_in(ana).post(f"/sessions/{session.pk}/messages/?q={MARKER}", {"text": MARKER})

    line = next(json.loads(text) for text in lines() if '"answered"' in text)
    assert (line["method"], line["path"], line["status"], line["user"]) == ("POST", f"/sessions/{session.pk}/messages/", 302, ana.pk)
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert MARKER not in "\n".join(lines())


def test_a_request_that_fails_logs_where_but_never_what_was_typed(session, ana, signed_in, lines):
    with connection.cursor() as cursor:
        # The database itself refuses the row, and quotes the whole of it in its words.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE flowpilot_sessionstep ADD CONSTRAINT nothing_more CHECK (text NOT LIKE 'Zanzibar%') NOT VALID")

    answer = signed_in(ana, raise_request_exception=False).post(f"/sessions/{session.pk}/messages/?q={MARKER}", {"text": MARKER})

    assert answer.status_code == 500
    written = [json.loads(text) for text in lines()]
    assert any("IntegrityError" in json.dumps(line) for line in written)
    assert any(line.get("request_id") == answer.headers["X-Request-ID"] for line in written)
    assert MARKER not in "\n".join(lines())
    assert MARKER not in answer.text
    assert answer.headers["X-Request-ID"][:12] in soup_of(answer).find("main").text


def test_a_job_that_fails_logs_the_handoff_but_never_its_text(handoff, lines, monkeypatch):
    class Broken(NoAssistant):
        def assess(self, case):
            raise ValueError(f"could not read {MARKER}")

    monkeypatch.setattr("assistant.ask.assistant_named", lambda name, caller: Broken())

    assessment.make(handoff.pk, at=timezone.now())

    assert any(str(handoff.pk) in text for text in lines())
    assert MARKER not in "\n".join(lines())
    handoff.refresh_from_db()
    assert (handoff.assessment_state, MARKER in handoff.assessment_reason) == ("unavailable", False)
