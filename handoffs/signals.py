"""Where apps above take part in what somebody does with a handoff."""

from django.dispatch import Signal

# Somebody opened the context screen; with `handoff` and `user`.
handoff_opened_by = Signal()
