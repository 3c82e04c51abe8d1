"""What can go wrong with a model's provider, with the message people see. No message contains a key, an address or session text."""

from enum import StrEnum


class Fault(StrEnum):
    """Why a call returned nothing usable. The value is stored with the call."""

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
    Fault.UNREACHABLE: "Can't reach the model's server.",
    Fault.DOWN: "The model's provider reported a server error.",
    Fault.BUSY: "The model's provider is overloaded right now.",
    Fault.KEY_REFUSED: "The model's provider rejected this installation's API key.",
    Fault.UNKNOWN_MODEL: "The model's provider doesn't have the configured model.",
    Fault.REJECTED: "The model's provider rejected the request.",
    Fault.REFUSED: "The model declined to answer.",
    Fault.CUT_OFF: "The model's answer was cut off.",
    Fault.UNREADABLE: "The model's server sent an unreadable response.",
    Fault.TOO_LARGE: "The model's answer was too large.",
    Fault.BAD_ANSWER: "The model's answer had the wrong format.",
    Fault.OTHER_LANGUAGE: "The model answered in a different language from the session.",
    Fault.UNPROVEN: "Nothing in the model's answer could be found in the session.",
    Fault.CAPPED: "Today's limit for the model has been reached.",
    Fault.RESTING: "The model's provider was down a moment ago. It will be tried again shortly.",
}

# Worth retrying right away. The others would only fail again, or take longer than anyone waits.
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
# Faults of the provider rather than of one answer. They trip the circuit breaker.
TRIPS = frozenset({Fault.TIMED_OUT, Fault.UNREACHABLE, Fault.DOWN, Fault.BUSY, Fault.KEY_REFUSED, Fault.UNKNOWN_MODEL, Fault.UNREADABLE})


class Unavailable(Exception):
    """The model returned nothing usable; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault

    @property
    def sentence(self) -> str:
        return SENTENCES[self.fault]
