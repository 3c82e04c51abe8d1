"""The models of a session. They have columns, constraints and queries; the modules above change them."""

from flowpilot.models.lane import Fact, Fix, Task
from flowpilot.models.replies import Proposal, Repeat, ReplyDraft
from flowpilot.models.search import SearchEntry
from flowpilot.models.secret import Secret
from flowpilot.models.session import AISession, Priority, SessionHolder, SessionStep

__all__ = [
    "AISession",
    "Fact",
    "Fix",
    "Priority",
    "Proposal",
    "Repeat",
    "ReplyDraft",
    "SearchEntry",
    "Secret",
    "SessionHolder",
    "SessionStep",
    "Task",
]
