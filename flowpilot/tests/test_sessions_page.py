"""The list of sessions: views, filters, search and what it says when there is nothing."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flowpilot.models import AISession, SessionStep
from flowpilot.views.answering import LAST_STEPS
from tests.factories import UserFactory, hand_off, make_session

HTMX = {"HX-Request": "true"}


def page_of(client, query="", **kwargs):
    answer = client.get(f"/sessions/{query}", **kwargs)
    assert answer.status_code == 200, answer.text[:1000]
    return BeautifulSoup(answer.content, "html.parser")


def titles(page):
    return [link.get_text().strip() for link in page.select("ol#rows > li h3 a")]


def tabs(page):
    return {link.contents[0].strip(): int(link.select_one(".n").text) for link in page.select("nav#views a")}


def told(page):
    return " ".join(page.find(id="found").get_text().split())


def asks(link):
    """What an address of the list asks for."""
    parts = urlsplit(link["href"])
    assert parts.path == "/sessions/"
    return {name: value for name, (value,) in parse_qs(parts.query).items()}


def put(session, **columns):
    AISession.objects.filter(pk=session.pk).update(**columns)
    return session


@pytest.fixture
def five(ana, bo):
    """Five of ana's, of every kind; the newest first."""
    kinds = [
        ("Toner is empty", "Kestrel Optics", "Printing", 4, "active"),
        ("Scanner sends no mail", "Kestrel Optics", "Mail", 2, "paused"),
        ("VPN drops", "Harbour Logistics", "VPN", 3, "resolved"),
        ("Outlook hangs", "", "Mail", 1, "abandoned"),
        ("Phone is silent", "Harbour Logistics", "", 2, "active"),
    ]
    return [
        put(
            make_session(ana, title=title, client=client, priority=priority, ticket=f"48{n}", lane=False),
            domain=domain, status=status, updated_at=timezone.now() - timedelta(hours=n),
        )
        for n, (title, client, domain, priority, status) in enumerate(kinds)
    ]  # fmt: skip


# --- views and filters --------------------------------------------------------------------------------------------


def test_views_are_tabs_with_counts_and_the_newest_stand_first(five, ana, lea, signed_in):
    own = put(make_session(lea, title="Of the admin"), updated_at=timezone.now() - timedelta(days=1))
    page = page_of(signed_in(lea))

    assert tabs(page) == {"Mine": 1, "Open": 4, "All": 6}
    assert titles(page) == [own.title]
    assert page.select_one("nav#views [aria-current]").contents[0].strip() == "Mine"
    assert titles(page_of(signed_in(lea), "?show=all")) == [*(session.title for session in five), own.title]
    assert titles(page_of(signed_in(lea), "?show=open")) == ["Toner is empty", "Scanner sends no mail", "Phone is silent", own.title]
    assert titles(page_of(signed_in(ana))) == [session.title for session in five]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=paused", ["Scanner sends no mail"]),
        ("status=resolved", ["VPN drops"]),
        ("client=Kestrel+Optics", ["Toner is empty", "Scanner sends no mail"]),
        ("client=Kestrel", []),
        ("domain=Mail", ["Scanner sends no mail", "Outlook hangs"]),
        ("priority=high", ["VPN drops"]),
        ("priority=low", ["Outlook hangs"]),
        ("client=Kestrel+Optics&priority=urgent", ["Toner is empty"]),
        ("client=Kestrel+Optics&domain=VPN", []),
        ("domain=Mail&q=scanner", ["Scanner sends no mail"]),
        ("domain=Mail&q=toner", []),
    ],
)
def test_filters_narrow_the_list_and_the_counts(five, ana, signed_in, query, expected):
    page = page_of(signed_in(ana), f"?show=all&{query}")

    assert titles(page) == expected
    assert tabs(page)["All"] == len(expected)
    for name, value in (pair.split("=") for pair in query.split("&")):
        chosen = page.select_one(f"select[name={name}] option[selected]")
        assert name == "q" or chosen["value"] == value.replace("+", " ")


def test_the_filter_by_person_takes_openers_and_handlers(five, ana, bo, lea, signed_in):
    put(five[2], handler=bo)
    make_session(bo, title="Opened by Bo", handler=ana)

    of_bo = page_of(signed_in(lea), f"?show=all&person={bo.pk}")
    of_ana = page_of(signed_in(lea), f"?show=all&person={ana.pk}")

    assert titles(of_bo) == ["Opened by Bo", "VPN drops"]
    assert len(titles(of_ana)) == 6
    assert "Bo Lindqvist" in of_bo.select_one("#results .now").text


@pytest.mark.parametrize(
    "query",
    ["show=nothing", "status=nothing", "priority=4", "priority=URGENT", "person=ana", "person=-1", "person=9999999999999", "sort=nothing",
     "page=0", "page=99", "page=x", "client=", "q=", "q=+"],
)  # fmt: skip
def test_what_the_page_does_not_know_it_leaves_out(five, ana, signed_in, query):
    assert len(titles(page_of(signed_in(ana), f"?{query}"))) == 5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["show", "q", "status", "client", "domain", "priority", "person", "sort", "page"])
@pytest.mark.parametrize("value", ["%00", "a%00b", "%ff", "%ud83d", "%F0%9F%98%80", "'", "%25", "x" * 3000])
def test_nothing_in_the_address_makes_it_fail(five, ana, signed_in, name, value):
    for headers in ({}, HTMX):
        assert signed_in(ana).get(f"/sessions/?show=all&{name}={value}", headers=headers).status_code in (200, 400)


def test_each_filter_that_is_on_is_cleared_by_a_link_and_all_of_them_too(five, ana, signed_in):
    page = page_of(signed_in(ana), "?show=all&q=o&client=Kestrel+Optics&priority=urgent&sort=newest&page=2")

    links = {link.get("aria-label"): asks(link) for link in page.select("#results .now a")}
    assert links == {
        "Clear client: Kestrel Optics": {"show": "all", "q": "o", "priority": "urgent", "sort": "newest"},
        "Clear priority: Urgent": {"show": "all", "q": "o", "client": "Kestrel Optics", "sort": "newest"},
        None: {"show": "all", "q": "o", "sort": "newest"},
    }


def test_tabs_and_order_keep_what_else_is_asked(five, ana, signed_in):
    page = page_of(signed_in(ana), "?show=open&q=harbour+or+kestrel&priority=normal")

    assert [asks(link) for link in page.select("nav#views a")] == [
        {"q": "harbour or kestrel", "priority": "normal"},
        {"show": "open", "q": "harbour or kestrel", "priority": "normal"},
        {"show": "all", "q": "harbour or kestrel", "priority": "normal"},
    ]
    assert [asks(link).get("sort") for link in page.select("#order a")] == [None, "newest"]


def test_a_choice_is_offered_only_where_there_is_something_to_read_behind_it(five, ana, bo, dana, eve, signed_in):
    make_session(eve, client="Globex client")
    mine, hers = page_of(signed_in(ana)), page_of(signed_in(dana))

    def choices(page, name):
        return [option["value"] for option in page.select(f"select[name={name}] option")]

    assert choices(mine, "client") == ["", "Harbour Logistics", "Kestrel Optics"]
    assert choices(mine, "domain") == ["", "Mail", "Printing", "VPN"]
    assert choices(hers, "client") == [""]
    assert choices(mine, "person") == ["", str(ana.pk), str(bo.pk), str(dana.pk)]


def test_a_person_of_another_account_is_named_nowhere(five, ana, eve, signed_in):
    page = page_of(signed_in(ana), f"?show=all&person={eve.pk}")

    assert titles(page) == []
    assert "Stone" not in page.text


# --- rows and pages -----------------------------------------------------------------------------------------------


def test_a_row_says_what_matters_and_is_one_link(five, ana, signed_in):
    row = page_of(signed_in(ana)).select_one("ol#rows > li")

    assert [link["href"] for link in row.select("a")] == [f"/sessions/{five[0].pk}/"]
    assert " ".join(row.get_text(" ").split()) == "Toner is empty Active Kestrel Optics #480 Printing Urgent AR Ana Reyes just now"
    assert len(row.select("svg")) == 2
    assert not row.select("mark")


def test_thirty_rows_to_a_page_and_links_that_keep_the_question(ana, signed_in):
    for number in range(32):
        put(make_session(ana, title=f"Toner {number:02}", lane=False), updated_at=timezone.now() - timedelta(minutes=number))
    first = page_of(signed_in(ana), "?show=all&q=toner&priority=normal")
    second = page_of(signed_in(ana), "?show=all&q=toner&priority=normal&page=2")

    assert len(titles(first)) == 30
    assert titles(second) == ["Toner 30", "Toner 31"]
    assert told(first) == "32 found for “toner”, 1 to 30 shown"
    assert [asks(link) for link in first.select("nav.pager a")] == [{"show": "all", "q": "toner", "priority": "normal", "page": "2"}]
    assert [asks(link) for link in second.select("nav.pager a")] == [{"show": "all", "q": "toner", "priority": "normal", "page": "1"}]


@pytest.mark.parametrize(
    "query", ["?show=all", "?show=all&q=outlook", "?show=all&q=morning+northgate+ana&sort=newest", "?show=all&q=otulook"]
)
def test_more_rows_do_not_mean_more_queries(ana, lea, signed_in, query):
    client = signed_in(lea)

    def cost():
        client.get(f"/sessions/{query}")
        with CaptureQueriesContext(connection) as captured:
            rows = titles(page_of(client, query))
        return len(rows), len(captured)

    make_session(ana)
    few = cost()
    for _ in range(11):
        make_session(UserFactory(account=ana.account))

    assert cost() == (12 if "ana" not in query else 1, few[1])


def test_the_dashboard_shows_the_same_rows(five, ana, signed_in):
    page = BeautifulSoup(signed_in(ana).get("/").content, "html.parser")

    assert [link.text.strip() for link in page.select("li h3 a")][:2] == ["Toner is empty", "Phone is silent"]


# --- searching ----------------------------------------------------------------------------------------------------


def test_the_search_of_the_top_bar_looks_through_all_and_says_how_many(five, lea, signed_in):
    page = page_of(signed_in(lea), "?show=all&q=kestrel")

    assert titles(page) == ["Toner is empty", "Scanner sends no mail"]
    assert told(page) == "2 found for “kestrel”"
    assert page.find(id="q")["value"] == "kestrel"
    assert page.find(id="found")["role"] == "status"


def test_by_relevance_or_by_date(ana, signed_in):
    now = timezone.now()
    old = put(make_session(ana, title="Toner", lane=False), updated_at=now - timedelta(days=2))
    new = put(make_session(ana, title="Other", lane=False), updated_at=now - timedelta(days=1))
    SessionStep.objects.create(session=new, number=4, kind="message", author_kind="person", author=ana, text="The toner.", at=now)

    assert titles(page_of(signed_in(ana), "?q=toner")) == [old.title, new.title]
    assert titles(page_of(signed_in(ana), "?q=toner&sort=newest")) == [new.title, old.title]


def test_a_row_says_why_it_was_found_and_leads_to_the_step(ana, signed_in):
    session = make_session(ana, title="Other", lane=False)
    put(session, step_count=LAST_STEPS + 5)
    SessionStep.objects.create(
        session=session, number=5, kind="message", author_kind="person", author=ana, text="An early heron", at=timezone.now()
    )
    SessionStep.objects.create(
        session=session, number=6, kind="message", author_kind="person", author=ana, text="A late egret", at=timezone.now()
    )

    early = page_of(signed_in(ana), "?q=heron").select_one("#rows .why a")
    late = page_of(signed_in(ana), "?q=egret").select_one("#rows .why a")

    assert early["href"] == f"/sessions/{session.pk}/?all=1#step-5"
    assert early.get_text(" ", strip=True) == "Step 5, Ana Reyes An early heron"
    assert [mark.text for mark in early.select("mark")] == ["heron"]
    assert late["href"] == f"/sessions/{session.pk}/#step-6"
    for link, step in ((early, "step-5"), (late, "step-6")):
        assert BeautifulSoup(signed_in(ana).get(link["href"].split("#")[0]).content, "html.parser").find(id=step)


def test_what_matched_in_the_row_itself_is_marked_there(ana, signed_in):
    make_session(ana, title="Toner is empty", client="Kestrel Optics", ticket="INC-7", lane=False)

    row = page_of(signed_in(ana), "?q=kestrel+toner+INC-7").select_one("#rows li")

    assert [mark.text for mark in row.select("mark")] == ["Toner", "Kestrel", "INC-7"]
    assert row.select_one(".place").text.startswith("in the ")
    assert not row.select(".why")


def test_text_that_looks_like_markup_stays_text(ana, signed_in):
    hostile = "<script>alert('heron')</script><mark>heron</mark> \"'><img src=x onerror=alert(1)>"
    session = make_session(ana, title=hostile, client=hostile[:100], ticket="<b>heron", lane=False)
    SessionStep.objects.create(
        session=session,
        number=4,
        kind="note",
        author_kind="imported",
        author_label=hostile[:70],
        text=f"egret {hostile}",
        at=timezone.now(),
    )

    for query in ("heron", "egret", "script", "mark", "<script>", '"><img', "onerror"):
        answer = signed_in(ana).get("/sessions/", {"q": query})
        page = BeautifulSoup(answer.content, "html.parser")
        assert len(titles(page)) == 1, query
        assert not page.select("main script, main img, main [onerror]")
        assert "<script>alert" not in answer.text
        assert titles(page) == [hostile]


def test_a_mistake_is_named_and_what_was_taken_instead(five, ana, signed_in):
    page = page_of(signed_in(ana), "?q=kestrle")

    assert told(page) == "No results for “kestrle”. 2 found for “kestrel”"
    assert {mark.text for mark in page.select("#rows mark")} == {"Kestrel"}


# --- nothing there ------------------------------------------------------------------------------------------------


def blank(page):
    return " ".join(page.select_one("#results .blank").get_text(" ").split())


def test_without_any_session_the_page_says_so(ana, vic, signed_in):
    assert blank(page_of(signed_in(ana))) == "No sessions yet Start one for your next ticket."
    assert "No sessions yet" in blank(page_of(signed_in(vic), "?show=all"))
    assert not page_of(signed_in(vic)).find("a", href="/sessions/new/")


def test_a_view_without_rows_leads_to_the_one_that_has_some(five, lea, signed_in):
    page = page_of(signed_in(lea))

    assert "No sessions of yours yet" in blank(page)
    assert page.select_one("#results .blank a")["href"] == "/sessions/?show=all"
    found = page_of(signed_in(lea), "?q=kestrel&priority=urgent")
    assert "1 in all sessions" in blank(found)
    assert asks(found.select_one("#results .blank a")) == {"show": "all", "q": "kestrel", "priority": "urgent"}


def test_filters_that_leave_nothing_can_be_cleared(five, ana, signed_in):
    page = page_of(signed_in(ana), "?show=all&client=Kestrel+Optics&domain=VPN&q=toner")

    assert "No matching sessions" in blank(page)
    assert [asks(link) for link in page.select("#results .blank .cluster a")] == [
        {"show": "all", "q": "toner"},
        {"show": "all", "client": "Kestrel Optics", "domain": "VPN"},
    ]


def test_where_nothing_matches_the_closest_are_offered(five, ana, signed_in):
    page = page_of(signed_in(ana), "?q=kestrel+albatross")

    assert "Did you mean" in blank(page)
    offer = page.select_one(".offers a")
    assert (offer.text, asks(offer)) == ("Kestrel Optics", {"show": "all", "client": "Kestrel Optics"})
    assert titles(page_of(signed_in(ana), "?" + offer["href"].split("?")[1])) == ["Toner is empty", "Scanner sends no mail"]
    assert not page_of(signed_in(ana), "?q=blorpmuffin").select(".offers")


# --- while somebody types -----------------------------------------------------------------------------------------


def test_typing_gets_the_page_with_its_address_and_without_the_choices(five, ana, signed_in):
    answer = signed_in(ana).get("/sessions/?show=all&q=kestrel&status=&client=&sort=relevance", headers=HTMX)
    page = BeautifulSoup(answer.content, "html.parser")

    assert answer.headers["HX-Replace-Url"] == "/sessions/?show=all&q=kestrel"
    assert "HX-Request" in answer.headers["Vary"]
    assert all(page.find(id=part) for part in ("results", "found", "views", "order"))
    assert len(titles(page)) == 2
    assert not page.select("select")


def test_going_back_gets_the_whole_page(five, ana, signed_in):
    answer = signed_in(ana).get("/sessions/?q=kestrel", headers={**HTMX, "HX-History-Restore-Request": "true"})

    assert "HX-Replace-Url" not in answer.headers
    assert len(BeautifulSoup(answer.content, "html.parser").select("select")) == 5


def test_the_form_works_without_a_script_and_swaps_what_is_there_with_one(five, ana, signed_in):
    page = page_of(signed_in(ana), "?show=open&q=kestrel&sort=newest")
    form = page.find("form", id="narrow")

    assert (form["method"], form["action"], form["hx-get"]) == ("get", "/sessions/", "/sessions/")
    assert {field["name"]: field.get("value") for field in form.select("input")} == {"show": "open", "sort": "newest", "q": "kestrel"}
    assert form.select("noscript button[type=submit]")
    for target in (form["hx-target"], form["hx-select"], *(part.split(":")[0] for part in form["hx-select-oob"].split(","))):
        assert len(page.select(target)) == 1, target
    assert not page.select("#results #found, #results form")
    for field in form.select("input:not([type=hidden]), select"):
        assert form.find("label", attrs={"for": field["id"]})


def test_the_result_is_announced_by_one_status_only(five, ana, signed_in):
    page = page_of(signed_in(ana), "?q=kestrel")

    assert [line["id"] for line in page.select("main [role=status], main [aria-live]")] == ["found"]


# --- who ----------------------------------------------------------------------------------------------------------


def test_a_viewer_searches_what_waits_for_a_colleague(ana, vic, signed_in):
    session = make_session(ana, title="Heron")
    assert titles(page_of(signed_in(vic), "?show=all&q=heron")) == []

    hand_off(session, ana)

    assert titles(page_of(signed_in(vic), "?show=all&q=heron")) == ["Heron"]


def test_signed_out_and_other_methods(client, ana, signed_in):
    assert client.get("/sessions/?q=x").status_code == 302
    assert client.get("/sessions/?q=x", headers=HTMX).headers["HX-Redirect"]
    assert signed_in(ana).post("/sessions/").status_code == 405


def test_staff_of_no_account_see_an_empty_list(signed_in, db):
    assert titles(page_of(signed_in(UserFactory(account=None, is_staff=True, is_superuser=True)), "?show=all&q=heron")) == []
