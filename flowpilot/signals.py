"""Where rooms above take part in a session's own transitions."""

from django.dispatch import Signal

# Sent inside the transaction, before the session's row is taken, with `session_id`, `by_id` and `at`: rows above are always taken first
# (handoff, session, counter), so that two verbs that meet cannot hold each other up. Receivers return the news that the sender records
# with its own, at the end.
session_ending = Signal()
