"""Whether what people were answered can have happened: a checker of linearizability for one handoff.

Each call has a beginning, an end and an answer. The history is sound if the calls can be put into one order that respects real time (a
call that ended before another began comes before it) in which every answer is right, and which ends in the state that the database has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    # Refused because something changed meanwhile: nothing was written, whatever the state was.
    CONFLICT = "conflict"
    # The connection broke: it may have happened, also after the break, or not at all.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Call:
    who: str
    verb: str
    began: float
    ended: float
    answer: Answer


@dataclass(frozen=True, slots=True)
class State:
    """open, claimed (by whom) or withdrawn; `author` never changes."""

    author: str
    state: str = "open"
    by: str = ""
    # Who released it last: doing it again, before anybody else does, succeeds and changes nothing.
    released_by: str = ""
    # People who can't work: viewers, and who was deactivated.
    viewers: frozenset[str] = frozenset()
    inactive: frozenset[str] = frozenset()

    def after(self, call: Call) -> "State | None":
        """The state after the call was carried out; None where it must be refused."""
        if call.who in self.inactive:
            return None
        verb, _, whom = call.verb.partition(" ")
        match verb:
            case "demote":
                return replace(self.without(whom, call.who), viewers=self.viewers | {whom})
            case "promote":
                return replace(self, viewers=self.viewers - {whom})
            case "deactivate":
                return replace(self.without(whom, call.who), inactive=self.inactive | {whom})
            case "activate":
                return replace(self, inactive=self.inactive - {whom})
            case "claim" if call.who in self.viewers:
                return None
            case "claim" if self.state == "open" and call.who != self.author:
                return replace(self, state="claimed", by=call.who)
            case "claim" if self.state == "claimed" and call.who == self.by:
                return self
            case "release" if self.state == "claimed" and call.who == self.by:
                return replace(self, state="open", by="", released_by=call.who)
            case "release" if self.state == "open" and call.who == self.released_by:
                return self
            case "withdraw" if self.state == "open" and call.who == self.author:
                return replace(self, state="withdrawn")
            case "withdraw" if self.state == "withdrawn" and call.who == self.author:
                return self
        return None

    def without(self, leaver: str, by: str) -> "State":
        """What somebody had claimed goes back into the queue when they can't work any more."""
        return replace(self, state="open", by="", released_by=by) if (self.state, self.by) == ("claimed", leaver) else self

    def looks_like(self, other: "State") -> bool:
        """Whether the database's rows would be the same."""
        return replace(self, released_by="") == replace(other, released_by="")


def order_of(calls: Sequence[Call], begins: State, ends: State) -> list[Call] | None:
    """An order that explains all answers and the last state, or None where there is none. Calls that may not have happened are left out
    where the order needs it."""
    every = sorted(calls, key=lambda call: call.began)
    seen: set[tuple[frozenset[int], State]] = set()

    def explain(left: frozenset[int], state: State) -> list[Call] | None:
        if not left:
            return [] if state.looks_like(ends) else None
        if (left, state) in seen:
            return None
        seen.add((left, state))
        first_end = (
            min(every[index].ended for index in left if every[index].answer != Answer.UNKNOWN)
            if any(every[index].answer != Answer.UNKNOWN for index in left)
            else float("inf")
        )
        for index in sorted(left):
            call = every[index]
            if call.began > first_end:
                break
            after = state.after(call)
            nexts: list[tuple[State, list[Call]]] = []
            if call.answer in (Answer.YES, Answer.UNKNOWN) and after is not None:
                nexts.append((after, [call]))
            if call.answer == Answer.UNKNOWN or call.answer == Answer.CONFLICT or (call.answer == Answer.NO and after is None):
                nexts.append((state, []))
            for following, told in nexts:
                rest = explain(left - {index}, following)
                if rest is not None:
                    return told + rest
        return None

    return explain(frozenset(range(len(every))), begins)
