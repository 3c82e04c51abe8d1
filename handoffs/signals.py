"""Signals for apps above."""

from django.dispatch import Signal

# Sent when somebody opens the context screen, with `handoff` and `user`.
handoff_opened_by = Signal()
