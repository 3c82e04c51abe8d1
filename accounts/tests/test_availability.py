"""What colleagues are told of somebody: here, busy, away since when."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.people import ONLINE_FOR, availability_of


@pytest.mark.parametrize(("seconds", "here"), [(0, True), (15, True), (40, True), (41, False), (3600, False)])
def test_somebody_is_here_for_forty_seconds_after_they_were_last_heard_of(ana, seconds, here):
    now = timezone.now()
    ana.last_here_at = now - timedelta(seconds=seconds)

    assert timedelta(seconds=40) == ONLINE_FOR
    assert availability_of(ana, now=now).online == here


def test_whoever_was_never_seen_is_away_without_a_time(ana):
    assert ana.last_here_at is None
    assert str(availability_of(ana)) == "Away"
    assert str(availability_of(ana, busy_with=2)) == "Away, busy with 2"


@pytest.mark.parametrize(
    ("busy", "kind", "words"), [(0, "here", "Online"), (1, "busy", "Online, busy with 1"), (12, "busy", "Online, busy with 12")]
)
def test_whoever_is_here_is_free_or_busy_with_a_number(ana, busy, kind, words):
    ana.last_here_at = timezone.now()

    state = availability_of(ana, busy_with=busy)

    assert (state.kind, str(state)) == (kind, words)


def test_away_today_tells_the_time_of_day_and_earlier_the_date(ana):
    now = timezone.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    later = now + timedelta(hours=1)

    ana.last_here_at = midnight
    assert str(availability_of(ana, now=later)) == "Away since 00:00"
    ana.last_here_at = midnight - timedelta(minutes=1)
    yesterday = midnight - timedelta(minutes=1)
    assert availability_of(ana, now=later).since.startswith(f"{yesterday.day} {yesterday:%b}")
    ana.last_here_at = now - timedelta(days=800)
    assert availability_of(ana, now=now).since.endswith(str((now - timedelta(days=800)).year))


@pytest.mark.parametrize(
    ("seconds", "busy", "tone", "words"),
    [(0, 0, "ok", "Online"), (0, 3, "warn", "Online, busy with 3"), (None, 0, None, "Away"), (None, 2, None, "Away, busy with 2")],
)
def test_the_state_is_shown_with_an_icon_and_a_word(ana, seconds, busy, tone, words):
    ana.last_here_at = None if seconds is None else timezone.now()

    drawn = BeautifulSoup(render_to_string("_person_state.html", {"state": availability_of(ana, busy_with=busy)}), "html.parser")

    (state,) = drawn.select(".state")
    assert " ".join(state.text.split()) == words
    assert state.find("svg")["aria-hidden"] == "true"
    assert (tone in state["class"]) if tone else state["class"] == ["state"]
    assert ("title" in state.attrs) == bool(busy)


def test_the_time_of_the_state_can_be_read_by_machines(ana):
    ana.last_here_at = timezone.now() - timedelta(hours=30)

    drawn = BeautifulSoup(render_to_string("_person_state.html", {"state": availability_of(ana)}), "html.parser")

    assert drawn.find("time")["datetime"] == ana.last_here_at.isoformat()
