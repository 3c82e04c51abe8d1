"""No text of one account is ever read by another: pages, JSON, fragments, sockets, the commands that print."""

import http.client
import json
import uuid
from contextlib import ExitStack
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from websockets.sync.client import connect

from accounts.models import EventCounter
from flowpilot import sessions
from handoffs.claiming import claim
from handoffs.releasing import release
from tests.factories import hand_off, make_session
from tests.system.canaries import TEXTS, mirror
from tests.tenants import KINDS
from tests.test_tenants import LISTS, WITH_ID

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# What answers a GET with something to read.
READ_WITH_ID = [
    "session", "session-changes", "ticket-notes", "task", "fix", "proposal", "reply-draft", "secret-fold", "escalate", "park", "take-over",
    "status-update", "handoff", "handoff-summary", "judge", "bell-open", "person", "person-password", "person-deactivate",
]  # fmt: skip
# What no page and no fragment shows: ids and numbers, and texts that stand elsewhere as well.
NOT_SHOWN = {
    "accounts.Event.details", "flowpilot.AISession.origin", "flowpilot.AISession.escalation_package", "handoffs.EntryJudgement.text",
    "handoffs.SessionHandoff.ended_note",
}  # fmt: skip


@pytest.fixture
def mirrors(transactional_db):
    return mirror("A"), mirror("B")


def read(site, path, cookie, headers):
    talking = http.client.HTTPConnection("127.0.0.1", site.ports[0], timeout=30)
    try:
        talking.request("GET", path, headers={"Cookie": cookie, **headers})
        answer = talking.getresponse()
        return answer.status, f"{answer.headers}{answer.read().decode()}"
    finally:
        talking.close()


def places_of(world):
    for name in READ_WITH_ID:
        for state, handoff in world.handoffs.items():
            kind = WITH_ID[name]
            row = {"note": world.note.pk, "handoff": handoff.pk, "person": world.ana.pk}.get(kind, handoff.session_id)
            if kind in ("session", "card", "offer", "handoff") or state == "open":
                yield reverse(name, args={"card": [row, 1], "offer": [row, uuid.UUID(int=1)]}.get(kind, [row]))


def pages_of(world):
    """What people of the account open: lists as pages and JSON, every page of theirs, and what only the claimer sees."""
    lists = [reverse(name) for name in sorted(LISTS)] + ["/sessions/?show=all&q=kanary", "/sessions/?show=all"]
    yield from ((world.lea, path, kind) for path in lists for kind in ("page", "JSON"))
    yield from ((world.lea, path, "page") for path in places_of(world))
    yield world.bo, reverse("handoff", args=[world.handoffs["claimed"].pk]), "page"
    yield world.ana, "/escalations/?show=mine", "page"


def test_nobody_reads_a_word_of_the_other_account(standing_site, mirrors):
    for own, other in (mirrors, reversed(mirrors)):
        found = set()
        cookies = {person.pk: standing_site.cookie(person) for person in (own.lea, own.bo, own.ana)}
        for person, path, kind in pages_of(own):
            status, text = read(standing_site, path, cookies[person.pk], KINDS[kind])
            assert status < 500, path
            assert not other.flock.seen_in(text), path
            found |= own.flock.seen_in(text)
        for path in places_of(other):
            status, text = read(standing_site, path, cookies[own.lea.pk], KINDS["page"])
            assert status in (404, 405), path
            assert not other.flock.seen_in(text), path
        # What its own people see proves that it would have been seen.
        assert set(TEXTS) - found == NOT_SHOWN
        for command in (["escalation_report", "--json"], ["escalation_report"], ["hide_secrets", "--dry-run"]):
            said = StringIO()
            call_command(*command, account=own.account.slug, stdout=said, stderr=said)
            assert said.getvalue()
            assert not other.flock.seen_in(said.getvalue())


def hear(page, until):
    """Everything that a socket hears up to the event of this number."""
    heard = ""
    while True:
        text = page.recv(timeout=30)
        heard += text
        if json.loads(text).get("n", 0) >= until and "ping" not in text:
            return heard


def act(world):
    """What is announced with texts in it: a card, a claim, a release, a step, another person's name."""
    handoff = hand_off(make_session(world.ana, title=f"{world.flock.word(TITLE)} again"), world.ana, needs=world.flock.word(NEEDS))
    claim(handoff.pk, by=world.bo)
    release(handoff.pk, by=world.bo, note=world.flock.word(NEEDS))
    sessions.post(world.handoffs["claimed"].session_id, by=world.bo, text=world.flock.word(TITLE), reply=False)
    return EventCounter.objects.get(account=world.account).last


TITLE, NEEDS = "flowpilot.AISession.title", "handoffs.SessionHandoff.needs"


def test_no_socket_hears_a_word_of_the_other_account_whatever_it_asks_to_watch(standing_site, mirrors):
    ones, others = mirrors
    where = f"ws://127.0.0.1:{standing_site.ports[0]}/ws/escalations/"
    watched = [f"?n=0&handoff={others.handoffs[state].pk}" for state in ("open", "claimed", "parked")]
    with ExitStack() as open_pages:
        pages = {
            query: open_pages.enter_context(connect(where + query, additional_headers={"Cookie": standing_site.cookie(who)}))
            for query, who in [("", ones.lea), *((query, ones.bo) for query in watched), ("?n=0", others.lea)]
        }
        # Until it has said hello, nothing is announced to it.
        hellos = {query: page.recv(timeout=30) for query, page in pages.items()}
        numbers = [act(world) for world in (others, ones)]

        for query, page in pages.items():
            own, other = (others, ones) if query == "?n=0" else (ones, others)
            heard = hellos[query] + hear(page, numbers[0] if own is others else numbers[1])
            assert not other.flock.seen_in(heard), query
            assert own.flock.seen_in(heard)
            assert str(other.handoffs["open"].pk) not in heard
