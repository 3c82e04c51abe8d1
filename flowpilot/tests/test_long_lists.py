"""Lists of sessions that are long: counts, pages and choices that don't grow with the history."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flowpilot.access import readable_by, reasons_to_read
from flowpilot.lists import count_up_to, newest
from flowpilot.models import AISession, SessionHolder
from flowpilot.tests.test_sessions_page import page_of, put, titles, told
from flowpilot.views import choices, pages
from flowpilot.views.choices import choices_for
from flowpilot.views.pages import Count
from tests.factories import UserFactory, make_session

NOW = timezone.now()


@pytest.fixture
def many(ana, bo, dana):
    """Seven sessions, a minute apart: opened, handled, both, waiting, once held, and two that are not Bo's to read."""
    rows = [
        make_session(bo, title="opened", handler=ana),
        make_session(ana, title="handled", handler=bo),
        make_session(bo, title="both"),
        put(make_session(ana, title="waiting"), status="requesting_escalation"),
        make_session(ana, title="once held"),
        make_session(ana, title="others'"),
        make_session(dana, title="others' too"),
    ]
    SessionHolder.objects.create(session=rows[4], user=bo, since=NOW, until=NOW)
    for minutes, session in enumerate(rows):
        put(session, updated_at=NOW - timedelta(minutes=minutes))
    return rows


@pytest.fixture
def short(monkeypatch):
    """Lists are long from three sessions on, and a page has two."""
    monkeypatch.setattr(Count, "MOST", 3)
    monkeypatch.setattr(pages, "PER_PAGE", 2)


def named(rows):
    return [session.title for session in rows]


# --- read reason by reason ----------------------------------------------------------------------------------------


def test_the_reasons_together_are_what_somebody_may_read_each_once_and_newest_first(many, ana, bo, dana, lea, vic, eve):
    for user in (ana, bo, dana, lea, vic, eve, UserFactory(account=None), UserFactory(account=bo.account, is_active=False)):
        expected = named(readable_by(user).order_by("-updated_at", "pk"))

        assert named(newest(reasons_to_read(user), count=50)) == expected
        assert count_up_to(50, reasons_to_read(user)) == len(expected)
    assert named(newest(reasons_to_read(bo), count=50)) == ["opened", "handled", "both", "waiting", "once held"]


def test_a_part_of_the_list_is_that_part(many, bo):
    everything = named(newest(reasons_to_read(bo), count=50))

    for start in range(6):
        for count in (1, 2, 5):
            assert named(newest(reasons_to_read(bo), start=start, count=count)) == everything[start : start + count]


def test_counting_stops(many, bo, lea):
    assert [count_up_to(most, reasons_to_read(bo)) for most in (1, 2, 4, 5, 6)] == [1, 2, 4, 5, 5]
    assert [count_up_to(most, reasons_to_read(lea)) for most in (6, 7, 8)] == [6, 7, 7]


def test_no_statement_of_the_page_reads_without_a_limit(many, bo, lea, signed_in):
    """What would grow with the history: counts and lists of sessions."""
    for user in (bo, lea):
        for query in ("", "?show=all", "?show=all&client=Northgate+Dental", f"?show=all&person={bo.pk}"):
            page_of(signed_in(user), query)
            with CaptureQueriesContext(connection) as captured:
                page_of(signed_in(user), query)
            asked = [each["sql"] for each in captured if 'FROM "flowpilot_aisession"' in each["sql"]]
            assert asked and all("LIMIT" in sql.replace("LIMIT 1)", "") for sql in asked), asked


# --- the page -----------------------------------------------------------------------------------------------------


def test_more_than_a_thousand_are_called_so(many, short, lea, signed_in):
    page = page_of(signed_in(lea), "?show=all")

    assert {link.contents[0].strip(): link.select_one(".n").text.strip() for link in page.select("nav#views a")}["All"] == "3+"
    assert told(page) == "3+ sessions, 1 to 2 shown"
    assert page.select_one(".pager span").text == "Page 1"


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (999, "999"), (1000, "1000"), (1001, "1,000+")])
def test_a_count_is_exact_up_to_a_thousand(number, text):
    assert (str(Count(number)), bool(Count(number))) == (text, number > 0)


def test_pages_lead_to_every_session_without_a_count(many, short, lea, signed_in):
    seen, query = [], "?show=all"
    for _ in range(4):
        page = page_of(signed_in(lea), query)
        seen += titles(page)
        older = page.select_one(".pager a:last-of-type")
        query = "?" + older["href"].split("?")[1]

    assert seen == named(many)
    assert "Newer" in older.text


def test_a_page_beyond_the_last_is_the_first_where_the_last_is_not_known(many, short, lea, bo, signed_in):
    assert titles(page_of(signed_in(lea), "?show=all&page=99")) == named(many[:2])
    # Bo's own three are counted.
    assert titles(page_of(signed_in(bo), "?page=99")) == ["both"]
    assert told(page_of(signed_in(bo))) == "3 sessions, 1 to 2 shown"


# --- the choices --------------------------------------------------------------------------------------------------


def test_an_admin_can_choose_every_client_and_domain_of_the_account_once(many, lea, eve, monkeypatch):
    for session, client in zip(many, ["Zeta", "alpha", "Álamo", "alpha", "", "it's 100%", "Zeta"], strict=True):
        put(session, client=client, domain=client[:2])
    make_session(eve, client="Globex")

    assert choices_for(lea) == {
        "client": {"Zeta", "alpha", "Álamo", "it's 100%"},
        "domain": {"Ze", "al", "Ál", "it"},
    }
    monkeypatch.setattr(choices, "MOST_CHOICES", 2)
    assert len(choices_for(lea)["client"]) == 2


def test_others_choose_among_what_they_may_read_whatever_the_reason(many, bo, monkeypatch):
    for session in many:
        put(session, client=session.title)

    assert choices_for(bo)["client"] == {"opened", "handled", "both", "waiting", "once held"}
    monkeypatch.setattr(choices, "LOOKED_AT", 1)
    assert choices_for(bo)["client"] == {"opened", "handled", "waiting"}


# --- home ---------------------------------------------------------------------------------------------------------


def test_home_shows_what_was_resolved_last_of_those_that_one_opened_or_handled(many, bo, signed_in):
    for minutes, session in enumerate(many):
        put(session, status="resolved", resolved_at=NOW - timedelta(minutes=10 - minutes))

    page = BeautifulSoup(signed_in(bo).get("/").content, "html.parser")

    assert [link.text.strip() for link in page.select("[aria-labelledby=h-done] h3 a")] == ["both", "handled", "opened"]
    assert AISession.objects.filter(status="resolved").count() == 7
