"""Classifies what went wrong with a call: turns exceptions and unusable answers into a `Fault`."""

from pydantic_ai import exceptions as e

from assistant.faults import Fault
from assistant.llm.client import AnswerTooLarge, ModelAnswer

# How models begin when they decline in prose instead of JSON. Curly apostrophes are replaced first.
_DECLINES = ("i'm sorry", "i am sorry", "sorry,", "i can't", "i cannot", "i can not", "i'm unable", "i am unable", "i won't", "as an ai")


def fault_of(error: BaseException) -> Fault:
    """The fault for an exception. Its message is neither read nor stored, because it may quote the request."""
    if _caused_by(error, AnswerTooLarge):
        return Fault.TOO_LARGE
    if isinstance(error, (TimeoutError, e.ModelTimeoutError, e.ModelRequestTimeout)):
        return Fault.TIMED_OUT
    if isinstance(error, e.ContentFilterError):
        return Fault.REFUSED
    if isinstance(error, (e.ModelAuthenticationError, e.ModelQuotaExceededError)):
        return Fault.KEY_REFUSED
    if isinstance(error, e.ModelNotFoundError):
        return Fault.UNKNOWN_MODEL
    if isinstance(error, (e.ModelRateLimitError, e.ModelOverloadedError)):
        return Fault.BUSY
    if isinstance(error, (e.ModelServerError, e.ModelUnavailableError)):
        return Fault.DOWN
    if isinstance(error, e.ModelConnectionError):
        return Fault.UNREACHABLE
    if isinstance(error, e.ModelRequestRejectedError):
        return Fault.REJECTED
    if isinstance(error, e.ModelHTTPError):
        return Fault.KEY_REFUSED if error.status_code in (401, 403) else Fault.DOWN if error.status_code >= 500 else Fault.REJECTED
    if isinstance(error, OSError):
        return Fault.UNREACHABLE
    # Anything else means an unreadable response: HTML, nothing, half a line.
    return Fault.UNREADABLE


def wait_of(error: BaseException) -> float:
    """Seconds the provider asked us to wait; 0 if it did not say."""
    return float(getattr(error, "retry_after", None) or 0)


def fault_in(said: ModelAnswer) -> Fault | None:
    """What is wrong with an answer, before parsing it."""
    if said.finish == "content_filter":
        return Fault.REFUSED
    if said.finish == "length":
        return Fault.CUT_OFF
    text = said.text.strip()
    if not text:
        return Fault.UNREADABLE
    if not text.startswith(("{", "`")):
        return Fault.REFUSED if text.lower().replace("’", "'").startswith(_DECLINES) else Fault.BAD_ANSWER
    return None


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, kind):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False
