"""The queue narrowed: by view, priority, domain and client, all of it in the address."""

import itertools
import json

import pytest
from bs4 import BeautifulSoup
from django.template.loader import render_to_string

from escalations.filters import VIEWS, Filters, handed_off_by
from escalations.queue import rows_for
from flowpilot.models import Priority
from tests.factories import hand_off, make_session

HTML = {"accept": "text/html"}
JSON = {"accept": "application/json"}


@pytest.fixture
def waiting(ana, bo, dana):
    """Four escalations that differ in all that narrows; bo has one of his own."""
    return {
        "vpn": hand_off(make_session(ana, title="VPN down", client="Fenwick", domain="VPN"), ana, priority=4),
        "mail": hand_off(make_session(ana, title="Mail bounces", client="Northgate", domain="Email"), ana, priority=2, target=bo),
        "disk": hand_off(make_session(dana, title="Disk full", client="Fenwick", domain="Storage"), dana, priority=2),
        "own": hand_off(make_session(bo, title="Printer jams", client="Fenwick", domain="Printing"), bo, priority=3),
    }


def cards(client, query="", path="/escalations/"):
    page = BeautifulSoup(client.get(f"{path}{query}").content, "html.parser")
    return [card.select_one(".cover").text for card in page.select(".card")]


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", ["VPN down", "Mail bounces", "Disk full"]),
        ("?show=for-me", ["Mail bounces"]),
        ("?show=mine", ["Printer jams"]),
        ("?priority=urgent", ["VPN down"]),
        ("?client=Fenwick", ["VPN down", "Disk full"]),
        ("?client=Fenwick&priority=normal", ["Disk full"]),
        ("?domain=Email", ["Mail bounces"]),
        ("?domain=Wi-Fi", []),
        # What is not known narrows nothing.
        ("?show=everything&priority=very", ["VPN down", "Mail bounces", "Disk full"]),
    ],
)
def test_the_page_its_rows_and_the_json_show_the_same(waiting, bo, signed_in, query, seen):
    client = signed_in(bo)

    assert cards(client, query) == seen
    assert cards(client, query, "/escalations/rows/") == seen
    assert [row["problem"] for row in client.get(f"/escalations/{query}", headers=JSON).json()["handoffs"]] == seen


def test_the_rows_are_fetched_at_the_address_that_the_page_has(waiting, bo, signed_in):
    page = BeautifulSoup(signed_in(bo).get("/escalations/?client=Fenwick&priority=normal").content, "html.parser")

    assert page.select_one("#rows")["hx-get"] == "/escalations/rows/?priority=normal&client=Fenwick"
    assert [option.text for option in page.select("#f-client option") if option.has_attr("selected")] == ["Fenwick"]


def test_the_tabs_count_what_each_view_holds_and_keep_the_filters(waiting, bo, signed_in):
    page = BeautifulSoup(signed_in(bo).get("/escalations/?client=Fenwick").content, "html.parser")

    tabs = page.select(".filters .tabs a")
    assert [tab.select_one(".n").text for tab in tabs] == ["3", "1", "1"]
    assert tabs[1]["href"] == "?show=for-me&client=Fenwick"


def test_the_page_keeps_an_arriving_card_by_comparing_it_with_the_criteria(waiting, bo, signed_in):
    page = BeautifulSoup(signed_in(bo).get("/escalations/?show=for-me&priority=normal&client=A%22%26B").content, "html.parser")

    criteria = json.loads(page.select_one("#rows")["data-criteria"])
    assert criteria == {"target": str(bo.pk), "priority": str(Priority.NORMAL.value), "client": 'A"&B'}


def test_comparing_cards_with_the_criteria_gives_the_rows_of_every_view(waiting, bo):
    """What the page does with a card that arrives, done here with the very card that it gets."""
    cards = {
        handoff.pk: BeautifulSoup(render_to_string("escalations/_card.html", {"handoff": handoff, "live": True}), "html.parser").li
        for handoff in waiting.values()
    }
    values = itertools.product(VIEWS, ["", "urgent", "normal"], ["", "VPN", "Email"], ["", "Fenwick", "Northgate"])
    for show, priority, domain, client in values:
        filters = Filters(show=show, priority=priority, domain=domain, client=client)
        seen = handed_off_by(bo) if show == "mine" else rows_for(bo)

        kept = [row.pk for row in seen if all(cards[row.pk].get(f"data-{name}") == value for name, value in filters.criteria(bo).items())]

        assert kept == [row.pk for row in filters.rows(bo)], filters


def test_a_choice_stays_when_its_last_row_has_gone(waiting, bo, signed_in):
    page = BeautifulSoup(signed_in(bo).get("/escalations/?client=Gone+Ltd").content, "html.parser")

    assert "Gone Ltd" in [option.text for option in page.select("#f-client option")]
    assert page.select_one("[data-empty] h3").text == "No matching escalations"
    assert page.select_one("[data-empty] a")["href"] == "/escalations/"


def test_one_may_withdraw_from_ones_own_view_and_not_pick_up(waiting, bo, signed_in):
    page = BeautifulSoup(signed_in(bo).get("/escalations/?show=mine").content, "html.parser")

    assert page.select_one(".card form")["action"] == f"/handoffs/{waiting['own'].pk}/withdraw/"
    assert "Pick up" not in page.select_one(".card").text


def test_another_account_is_nothing_to_choose_from(waiting, eve, signed_in):
    page = BeautifulSoup(signed_in(eve).get("/escalations/?client=Fenwick").content, "html.parser")

    assert not page.select(".card")
    assert [option.text for option in page.select("#f-domain option")] == ["Any domain"]


def test_a_hostile_address_is_no_error(waiting, bo, signed_in):
    for query in ("?client=%00", "?domain=" + "x" * 5000, "?priority=%F0%9F%94%A5", "?show[]=1"):
        assert signed_in(bo).get(f"/escalations/{query}").status_code == 200


def test_more_rows_do_not_mean_more_queries(ana, bo, signed_in, django_assert_max_num_queries):
    client = signed_in(bo)
    hand_off(make_session(ana), ana)
    with django_assert_max_num_queries(40) as few:
        client.get("/escalations/?show=open&priority=normal")
    for _ in range(5):
        hand_off(make_session(ana), ana)
    with django_assert_max_num_queries(len(few)):
        client.get("/escalations/?show=open&priority=normal")
