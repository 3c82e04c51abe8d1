"""The bell: rows that commit together with what they tell."""

from typing import Any

from accounts.events import News, happening
from accounts.people import who_may_claim
from escalations.models import Notification
from handoffs.models import SessionHandoff


def title_of(handoff: SessionHandoff, actor: str) -> str:
    """ "{who} · #{ticket}: {problem, 70 characters}"; the ticket only where there is one."""
    session = handoff.session
    problem = session.title if len(session.title) <= 70 else session.title[:69].rstrip() + "…"
    return f"{actor} · #{session.ticket}: {problem}" if session.ticket else f"{actor} · {problem}"


def _tell(sender: Any, news: News, **kwargs: Any) -> None:
    """Runs inside the transaction of the news: a bell row exists exactly if the handoff does."""
    if news.kind not in ("handoff_opened", "handoff_returned"):
        return
    handoff = SessionHandoff.objects.select_related("session__user", "author", "claimed_by").get(pk=news.handoff or "")
    if news.kind == "handoff_opened":
        people = list(who_may_claim(handoff.account_id).exclude(pk=handoff.author_id).values_list("pk", flat=True))
        title = title_of(handoff, str(handoff.author))
    else:
        people = [handoff.session.user_id]
        title = title_of(handoff, f"{handoff.claimed_by} returned it")
    Notification.objects.bulk_create(
        Notification(
            account_id=handoff.account_id,
            user_id=pk,
            handoff=handoff,
            kind=news.kind,
            title=title,
            **({"created_at": news.at} if news.at else {}),
        )
        for pk in people
    )


def listen() -> None:
    happening.connect(_tell, dispatch_uid="escalations.bell")
