"""Metrics of large accounts are computed once a minute, and the queue only ever shows what was computed last."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from escalations import metrics
from escalations.models import KeptFigures
from escalations.tasks import keep_figures
from handoffs.claiming import claim
from tests.factories import hand_off, make_session

JSON = {"accept": "application/json"}


@pytest.fixture
def large(monkeypatch):
    """Every account has many claims."""
    monkeypatch.setattr(metrics, "MANY", 0)


def claimed(ana, bo):
    claim(hand_off(make_session(ana), ana).pk, by=bo)


def page_of(client, address):
    return BeautifulSoup(client.get(address).content, "html.parser")


def strip(client):
    return " ".join(page_of(client, "/escalations/").select_one(".strip").get_text(" ").split())


# --- the metrics page ---------------------------------------------------------------------------------------------


def test_few_are_counted_each_time(ana, bo, signed_in):
    claimed(ana, bo)
    signed_in(bo).get("/escalations/metrics/", headers=JSON)
    claimed(ana, bo)

    assert signed_in(bo).get("/escalations/metrics/", headers=JSON).json()["claimed"] == 2
    assert "as of" not in page_of(signed_in(bo), "/escalations/metrics/").select_one(".nums").text
    assert not KeptFigures.objects.exists()


def test_many_are_counted_once_a_minute_and_the_page_says_as_of_when(large, ana, bo, signed_in):
    claimed(ana, bo)
    first = signed_in(bo).get("/escalations/metrics/", headers=JSON).json()
    claimed(ana, bo)

    again = signed_in(bo).get("/escalations/metrics/", headers=JSON).json()
    page = page_of(signed_in(bo), "/escalations/metrics/")

    assert first == again
    kept = KeptFigures.objects.get()
    assert f"as of {timezone.localtime(kept.at):%H:%M:%S}" in page.select_one(".nums").text
    KeptFigures.objects.update(due_at=timezone.now())
    assert signed_in(bo).get("/escalations/metrics/", headers=JSON).json()["claimed"] == 2
    assert KeptFigures.objects.get().at > kept.at


def test_each_period_is_kept_by_itself(large, ana, bo):
    claimed(ana, bo)

    assert {metrics.current(ana.account_id, period)[0]["period"] for period in metrics.PERIODS} == set(metrics.PERIODS)
    assert KeptFigures.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_when_it_is_due_one_computes(large, ana, bo, second_waits_for_first, monkeypatch):
    claimed(ana, bo)
    metrics.current(ana.account_id, "7d")
    claimed(ana, bo)
    KeptFigures.objects.update(due_at=timezone.now())
    computed = []
    figures = metrics.figures
    monkeypatch.setattr(metrics, "figures", lambda *args, **kwargs: computed.append(args) or figures(*args, **kwargs))

    first, second = second_waits_for_first(lambda: metrics.current(ana.account_id, "7d"), lambda: metrics.current(ana.account_id, "7d"))

    assert (first[0]["claimed"], len(computed)) == (2, 1)
    # What it had read before; waiting for the first would make a crowd of it.
    assert second[0]["claimed"] == 1


# --- the queue ----------------------------------------------------------------------------------------------------


def test_the_queue_shows_what_was_computed_last_and_computes_nothing(ana, bo, signed_in):
    claimed(ana, bo)
    keep_figures(0)
    claimed(ana, bo)

    with CaptureQueriesContext(connection) as captured:
        shown = strip(signed_in(bo))

    assert "1 claimed, as of just now" in shown and "0 of 1 acted on" in shown
    assert not [query for query in captured if "claimtimes" in query["sql"] or "handoff_opened" in query["sql"]]
    keep_figures(0)
    assert "2 claimed" in strip(signed_in(bo))


def test_before_anything_was_computed_the_queue_shows_no_times(ana, bo, signed_in):
    claimed(ana, bo)

    shown = strip(signed_in(bo))

    assert "Waiting" in shown and "Median" not in shown


def test_viewers_and_other_accounts_see_none(ana, bo, vic, eve, signed_in):
    claimed(ana, bo)
    keep_figures(0)

    assert "Median" in strip(signed_in(bo))
    assert "Median" not in strip(signed_in(vic))
    assert "1 claimed" not in strip(signed_in(eve))


def test_an_account_in_which_nothing_happened_is_left_alone_for_an_hour(ana, bo, eve):
    claimed(ana, bo)
    hand_off(make_session(eve), eve)
    began = timezone.now()
    metrics.keep_all("7d", now=began)
    claimed(ana, bo)

    metrics.keep_all("7d", now=began + timedelta(minutes=1))
    after_a_minute = dict(KeptFigures.objects.values_list("account_id", "at"))
    metrics.keep_all("7d", now=began + timedelta(minutes=61, seconds=1))

    assert after_a_minute == {ana.account_id: began + timedelta(minutes=1), eve.account_id: began}
    assert set(KeptFigures.objects.values_list("at", flat=True)) == {began + timedelta(minutes=61, seconds=1)}
