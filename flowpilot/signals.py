"""Where rooms above take part in a session's own transitions."""

from django.dispatch import Signal

# Receivers return the news that is to be recorded with the session's own. Sent inside the transaction, before the session's row is taken, with `session_id`, `by_id` and `at`: rows above are always taken first
# (handoff, session, counter), so that two verbs that meet cannot hold each other up.
session_ending = Signal()
