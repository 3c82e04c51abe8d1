"""When a card counts as seen: opened or claimed; the bell rows that lead to it are read then, too.

The people stand before the handoff in each signature: whoever joins later was not told.
"""

from escalations.models import Notification, Seen
from escalations.queue import seen_by
from handoffs.claiming import claim
from handoffs.models import SessionHandoff
from handoffs.opening import open_handoff
from handoffs.releasing import release
from handoffs.signals import handoff_opened_by
from handoffs.withdrawing import withdraw


def open_screen(handoff, user):
    handoff_opened_by.send(sender=None, handoff=SessionHandoff.objects.get(pk=handoff.pk), user=user)


def unread(user):
    return Notification.objects.filter(user=user, read_at=None).count()


def test_a_new_card_is_seen_by_nobody(bo, dana, handoff):
    assert seen_by(bo) == seen_by(dana) == set()
    assert (unread(bo), unread(dana)) == (1, 1)


def test_opening_the_screen_clears_the_dot_and_the_bell_for_that_person(bo, dana, handoff):
    open_screen(handoff, bo)

    assert (seen_by(bo), seen_by(dana)) == ({handoff.pk}, set())
    assert (unread(bo), unread(dana)) == (0, 1)


def test_opened_twice_is_seen_once_and_read_when_it_was_first_read(bo, handoff):
    open_screen(handoff, bo)
    read_at = Notification.objects.get(user=bo).read_at

    open_screen(handoff, bo)

    assert Seen.objects.filter(user=bo).count() == 1
    assert Notification.objects.get(user=bo).read_at == read_at


def test_claiming_clears_both_for_the_claimer_only(bo, dana, handoff):
    claim(handoff.pk, by=bo)

    assert Seen.objects.get().user == bo
    assert (unread(bo), unread(dana)) == (0, 1)


def test_a_lost_claim_clears_nothing(bo, dana, handoff):
    claim(handoff.pk, by=bo)

    claim(handoff.pk, by=dana)

    assert not Seen.objects.filter(user=dana).exists()
    assert unread(dana) == 1


def test_what_was_seen_and_released_is_still_seen(bo, dana, handoff):
    claim(handoff.pk, by=bo)

    release(handoff.pk, by=bo)

    assert (seen_by(bo), seen_by(dana)) == ({handoff.pk}, set())


def test_opening_what_is_over_reads_the_bell_and_marks_no_card(ana, bo, dana, handoff):
    withdraw(handoff.pk, by=ana)

    open_screen(handoff, dana)

    assert not Seen.objects.filter(user=dana).exists()
    assert unread(dana) == 0


def test_a_newer_handoff_of_the_same_session_is_unseen_again(ana, bo, dana, handoff):
    open_screen(handoff, dana)
    withdraw(handoff.pk, by=ana)

    again = open_handoff(handoff.session_id, by=ana, needs="Again").handoff

    assert seen_by(dana) == set()
    assert Notification.objects.get(user=dana, read_at=None).handoff == again
