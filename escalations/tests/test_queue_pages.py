"""The queue in pages: no row is skipped or shown twice, in the order of the queue, for people and as JSON."""

import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, User
from escalations.filters import Filters, choices
from escalations.models import Seen
from escalations.queue import after, cursor_of, for_cards, glance, rows_for
from escalations.views import queue
from flowpilot.models import AISession
from handoffs.models import SessionHandoff
from handoffs.packaging import tried_in
from tests.databases import existing, standing
from tests.factories import AccountFactory, UserFactory, hand_off, make_session

pytestmark = pytest.mark.django_db


def eleven_open():
    """Eleven open escalations, some of one moment and priority, some for bo."""
    acme = AccountFactory(name="Acme MSP", slug="acme-msp")
    ana, bo = (
        UserFactory(name=name, email=email, account=acme, role="engineer")
        for name, email in (("Ana Reyes", "ana@acme.example"), ("Bo Lindqvist", "bo@acme.example"))
    )
    made = [hand_off(make_session(ana), ana, priority=1 + n % 3, target=bo if n % 4 == 0 else None) for n in range(11)]
    now = timezone.now()
    for n, handoff in enumerate(made):
        SessionHandoff.objects.filter(pk=handoff.pk).update(created_at=now - timedelta(minutes=n // 5))


@pytest.fixture(scope="module")
def django_db_setup(django_db_setup, django_db_blocker):
    with standing(django_db_blocker, eleven_open):
        yield


acme = existing(Account, slug="acme-msp")
ana = existing(User, email="ana@acme.example")
bo = existing(User, email="bo@acme.example")


@pytest.fixture
def many(acme, monkeypatch):
    """They stand on pages of four."""
    monkeypatch.setattr(queue, "PER_PAGE", 4)
    return list(SessionHandoff.objects.order_by("created_at", "pk"))


def ids(page):
    return [card["data-handoff"] for card in BeautifulSoup(page.content, "html.parser").select(".card")]


def link_to_more(page):
    found = BeautifulSoup(page.content, "html.parser").select_one("#queue-more a")
    return found and found["href"]


@pytest.mark.parametrize("who", ["bo", "dana"])
def test_page_by_page_is_the_whole_queue_in_its_order(many, who, signed_in, request):
    user = request.getfixturevalue(who)
    client, found, sizes, address = signed_in(user), [], [], ""
    while address is not None:
        page = client.get(f"/escalations/{address}")
        found += ids(page)
        sizes.append(len(ids(page)))
        address = link_to_more(page)

    assert found == [str(pk) for pk in rows_for(user).values_list("pk", flat=True)]
    assert sizes == [4, 4, 3]


def test_the_next_page_keeps_the_filters_and_leads_back(many, bo, signed_in):
    client = signed_in(bo)
    page = client.get("/escalations/?priority=normal")
    assert not BeautifulSoup(page.content, "html.parser").select("[data-first]")
    SessionHandoff.objects.update(priority=2)

    first = client.get("/escalations/?show=open&priority=normal")
    second = client.get(f"/escalations/{link_to_more(first)}")

    assert "priority=normal" in link_to_more(first)
    assert BeautifulSoup(second.content, "html.parser").select_one("[data-first]")["href"] == "?priority=normal"
    assert not set(ids(first)) & set(ids(second))


def test_ones_own_escalations_have_pages_too(many, ana, signed_in):
    client = signed_in(ana)
    first = client.get("/escalations/?show=mine")
    second = client.get(f"/escalations/{link_to_more(first)}")

    assert len({*ids(first), *ids(second)}) == 8


def test_a_cursor_holds_when_its_row_is_claimed_meanwhile(many, bo, dana):
    order = list(rows_for(bo))
    cursor = cursor_of(order[3])
    SessionHandoff.objects.filter(pk=order[3].pk).update(state="claimed", claimed_by=dana, claimed_at=timezone.now())

    assert [row.pk for row in after(rows_for(bo), cursor)] == [row.pk for row in order[4:]]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "|||",
        "9|9|9|9",
        "0|1|2026-01-01|x",
        "-5|0|2026-01-01T00:00:00+00:00|1",
        "0|1|2026-01-01T00:00:00|0",
        "\x00",
        "²|1|a|b",
        "1|1|0001-01-01T00:00:00+23:59|0",
        "9" * 5000 + "|1|x|x",
    ],
)
def test_what_is_no_cursor_shows_the_first_page(many, bo, signed_in, cursor):
    client = signed_in(bo)

    assert ids(client.get("/escalations/", {"after": cursor})) == ids(client.get("/escalations/"))


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
@pytest.mark.parametrize("rank", ["1", "9" * 5000])
def test_the_ends_of_time_are_no_error(many, bo, signed_in, as_json, rank, at):
    assert signed_in(bo).get("/escalations/", {"after": f"{rank}|1|{at}|{many[0].pk}"}, **as_json).status_code == 200


@pytest.mark.parametrize(("asked", "count"), [("2", 2), ("200", 11), ("9999", 11), ("0", 1), ("-1", 4), ("x", 4), ("", 4), ("9" * 30, 4)])
def test_a_refresh_fetches_as_many_as_are_shown_within_bounds(many, bo, signed_in, asked, count):
    assert len(ids(signed_in(bo).get("/escalations/rows/", {"shown": asked}))) == count


@pytest.mark.parametrize("limit", [None, 3, 200])
def test_json_leads_from_answer_to_answer(many, bo, signed_in, as_json, limit):
    client, found, sizes = signed_in(bo), [], []
    address = "/escalations/" + (f"?limit={limit}" if limit else "")
    while address:
        body = client.get(address, **as_json).json()
        found += [row["id"] for row in body["handoffs"]]
        sizes.append(len(body["handoffs"]))
        address = body["next"]

    assert found == [str(pk) for pk in rows_for(bo).values_list("pk", flat=True)]
    assert sizes[0] == min(limit or 4, 11)


def test_a_page_reads_no_snapshot_and_no_more_queries_for_more_rows(many, ana, bo, signed_in, django_assert_max_num_queries):
    client = signed_in(bo)
    client.get("/escalations/")
    with django_assert_max_num_queries(30) as few:
        client.get("/escalations/")
    for _ in range(6):
        hand_off(make_session(ana), ana)

    with django_assert_max_num_queries(len(few)) as captured:
        client.get("/escalations/")
    cards = [query["sql"] for query in captured.captured_queries if '"needs"' in query["sql"]]
    assert cards and not any('"snapshot"' in sql for sql in cards)


def test_what_was_tried_is_kept_beside_the_snapshot(ana):
    handoff = hand_off(make_session(ana), ana)

    handoff.refresh_from_db()
    assert handoff.tried == tried_in(handoff.snapshot) == 1


def test_the_glance_counts_what_a_viewer_sees(many, ana, bo, dana):
    Seen.objects.create(user=bo, handoff=many[1])
    Seen.objects.create(user=dana, handoff=many[2])
    oldest = min(SessionHandoff.objects.values_list("created_at", flat=True))

    assert glance(bo) == {"waiting": 11, "for_me": 3, "unseen": 10, "mine": 0, "oldest": oldest}
    assert glance(ana) == {"waiting": 0, "for_me": 0, "unseen": 0, "mine": 11, "oldest": None}
    SessionHandoff.objects.filter(pk=many[1].pk).update(state="withdrawn", ended_at=oldest)
    assert (glance(bo)["waiting"], glance(bo)["unseen"]) == (10, 10)


def covered_by(model, name):
    """The columns of an index, with those that it includes and that of its condition."""
    (index,) = [index for index in model._meta.indexes if index.name == name]
    names = {field.lstrip("-") for field in index.fields} | set(index.include) | {field for field, _ in index.condition.children}
    return {model._meta.get_field(name).column for name in names}


@pytest.mark.parametrize(
    ("asked", "model", "index", "tables"),
    [
        (glance, SessionHandoff, "handoffs_in_queue_order", "handoffs_sessionhandoff|U0"),
        # The subquery that finds and sorts them; the cards themselves are rows.
        (lambda user: list(for_cards(rows_for(user), 4)), SessionHandoff, "handoffs_in_queue_order", "U0"),
        (lambda user: choices(user, Filters()), AISession, "what_waits_by_domain_client", "flowpilot_aisession"),
    ],
    ids=["glance", "cards", "choices"],
)
def test_counting_sorting_and_the_filters_choices_ask_only_for_what_an_index_has(many, bo, asked, model, index, tables):
    """Which plan PostgreSQL chooses depends on how many rows the tables of a test had before."""
    with CaptureQueriesContext(connection) as captured:
        asked(bo)

    for query in captured.captured_queries:
        columns = set(re.findall(rf'"(?:{tables})"\."(\w+)"', query["sql"]))
        assert columns, query["sql"]
        assert columns <= covered_by(model, index)
