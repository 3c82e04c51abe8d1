"""Sort keys of queue cards, by which the page finds their place."""

from django import template

from escalations import queue
from handoffs.models import SessionHandoff

register = template.Library()


@register.filter
def sort_key(handoff: SessionHandoff) -> str:
    return queue.sort_key(handoff)


@register.filter
def target_sort_key(handoff: SessionHandoff) -> str:
    return queue.sort_key(handoff, for_target=True)
