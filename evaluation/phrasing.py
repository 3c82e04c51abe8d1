"""Whether a statement is worded as a fact, as what somebody says or suspects, or as corrected; and the class of an outcome's words."""

import re

# Words of saying, supposing, asking and planning. They count anywhere in the text, quotations included.
_SAID = re.compile(
    r"\?|\b(?:said|says?|saying|told|tells|asks?|asked|asking|question|suggest\w*|advi[cs]\w*|propos\w*|recommend\w*|announc\w*|"
    r"plan(?:s|ned)?|intend\w*|"
    r"according to|diagnosis|supposition|opinion|hypothesis|"
    r"may|might|maybe|perhaps|probabl[ey]|possibl[ey]|could be|can interfere|seems?|seemed|suspects?|suspected|suspicion|guess\w*|"
    r"think|thinks|thought|thinking|"
    r"believes?|supposes?|supposed|assum\w*|hunch|sounds? like|unconfirmed|not confirmed|not verified|not reported|unsure|"
    r"named|wonders?|hop(?:e|es|ing)|would|will|going to|wants? to|not 100%)\b|\b\w+'ll\b",
    re.IGNORECASE,
)
# A statement attributed to a helper is not a fact of the case: "Technician [tech-1]: ..."
_BY_A_HELPER = re.compile(
    r"^(?:\w+ )?(?:technician|assistant|flowpilot|helper|another person|somebody else|other)\b|^\[(?!requester|client)[\w-]+\]",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"\b(?:first said|said first|at first|initially|earlier said|corrected|correction|withdrawn|withdrew|contradict\w*|"
    r"later:|but later|no longer|"
    r"turned out|not so|refuted|ruled out|disproved|did not hold)\b",
    re.IGNORECASE,
)
# How outcomes begin, as the context screen distinguishes them; the first match counts.
_OUTCOMES = (
    ("ruled_out", ("ruled out",)),
    ("partial", ("worked in part", "partial", "partly", "in part")),
    ("worked", ("worked", "fixed", "solved", "confirmed", "helped", "success")),
    ("not_helped", ("no change", "no effect", "same", "still", "no luck", "no difference", "nothing changed")),
    ("not_helped", ("failed", "did not", "error", "could not", "does not", "cannot", "not solved")),
    ("unknown", ("unknown", "not reported", "no report", "nobody", "applied", "waiting")),
    ("not_done", ("was not applied", "dismissed", "held back", "skipped", "never", "not done", "announced")),
)
_EXPECTED = {"failed": "not_helped", "no_change": "not_helped"}


def is_said(text: str) -> bool:
    """Worded as what somebody says, supposes, asks or plans. "Client: ..." alone does not count: client reports are read as facts."""
    return bool(_SAID.search(text) or _BY_A_HELPER.search(text))


def is_corrected(text: str) -> bool:
    return bool(_CORRECTED.search(text))


def class_of(outcome: str | None) -> str:
    """worked, partial, not_helped, ruled_out, not_done, unknown; `result` for a report without a verdict ("result: 3 lines")."""
    if not outcome or not outcome.strip():
        return "unknown"
    lowered = outcome.strip().lower()
    return next((name for name, starts in _OUTCOMES if lowered.startswith(starts)), "result")


def class_expected(outcome: str) -> str:
    """Failed and no change are one class: either way, it did not help."""
    return _EXPECTED.get(outcome, outcome)
