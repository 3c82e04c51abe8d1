"""What can go wrong with a provider, by name, with the sentence that people read. No sentence holds a key, an address or what was said."""

from enum import StrEnum


class Fault(StrEnum):
    """Why a call gave nothing that could be used. The value is kept with the call and counted."""

    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    DOWN = "down"
    BUSY = "busy"
    KEY_REFUSED = "key_refused"
    UNKNOWN_MODEL = "unknown_model"
    REJECTED = "rejected"
    REFUSED = "refused"
    CUT_OFF = "cut_off"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    BAD_ANSWER = "bad_answer"
    OTHER_LANGUAGE = "other_language"
    UNPROVEN = "unproven"
    CAPPED = "capped"
    RESTING = "resting"


SENTENCES = {
    Fault.TIMED_OUT: "The model did not answer in time.",
    Fault.UNREACHABLE: "The model's server cannot be reached.",
    Fault.DOWN: "The model's provider reports a fault of its own.",
    Fault.BUSY: "The model's provider is too busy just now.",
    Fault.KEY_REFUSED: "The model's provider refused this installation's key.",
    Fault.UNKNOWN_MODEL: "The model's provider does not know the model that is set.",
    Fault.REJECTED: "The model's provider did not accept the request.",
    Fault.REFUSED: "The model declined to answer.",
    Fault.CUT_OFF: "The model's answer was cut off.",
    Fault.UNREADABLE: "What the model's server sent is no answer.",
    Fault.TOO_LARGE: "The model's answer was too large.",
    Fault.BAD_ANSWER: "The model's answer did not keep to its form.",
    Fault.OTHER_LANGUAGE: "The model answered in another language than the session's.",
    Fault.UNPROVEN: "Nothing that the model said could be found in the session.",
    Fault.CAPPED: "Today's limit for the model is used up.",
    Fault.RESTING: "The model's provider was down a moment ago and is given a rest.",
}

# Worth another try at once; the others would only fail again, or answer later than anybody waits.
RETRIED = frozenset(
    {
        Fault.TIMED_OUT,
        Fault.UNREACHABLE,
        Fault.DOWN,
        Fault.BUSY,
        Fault.CUT_OFF,
        Fault.UNREADABLE,
        Fault.TOO_LARGE,
        Fault.BAD_ANSWER,
        Fault.OTHER_LANGUAGE,
        Fault.UNPROVEN,
    }
)
# What says that the provider itself is in trouble, as against one answer. Those trip the breaker.
TRIPS = frozenset({Fault.TIMED_OUT, Fault.UNREACHABLE, Fault.DOWN, Fault.BUSY, Fault.KEY_REFUSED, Fault.UNKNOWN_MODEL, Fault.UNREADABLE})


class Unavailable(Exception):
    """The model gave nothing that can be used; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault

    @property
    def sentence(self) -> str:
        return SENTENCES[self.fault]
