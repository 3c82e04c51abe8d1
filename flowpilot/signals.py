"""Signals for apps above, sent during a session's transitions."""

from django.dispatch import Signal

# Sent inside the transaction, before the session's row is locked, with `session_id`, `by_id` and `at`. Rows are always locked in the order
# handoff, session, counter, so that two verbs cannot deadlock. Receivers return events, which the sender records with its own at the end.
session_ending = Signal()
