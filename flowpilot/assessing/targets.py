"""What something was done to: the device, service, account or program that the deed itself names. Nothing is guessed: "" where none is."""

import re

from flowpilot.assessing import cues

# "RDS02", "PC-KES-07", "LT-044", "FS01.corp.local": how machines are called.
_HOST = re.compile(r"\b(?!KB\d|UTF|SHA|TLS|IPV|HTTP|WIN\d|V\d)[A-Za-z]{2,}[\w-]*-?\d{2,}(?:\.[a-z][\w.-]+)?\b|\b[A-Z]{2,}(?:-[A-Z0-9]+)+\b")
_MACHINE_OF = re.compile(r"\bon (?P<name>[A-Z]{2,}[\w-]*\d[\w-]*|[A-Z]{2,}(?:-[A-Z0-9]+)+)\b")
_ACCOUNT = re.compile(r"\b(?:account|user|mailbox|profile) (?:of )?(?P<name>[a-z]+\.[a-z]+|[\w.+-]+@[\w.-]+\w)\b|\b(?P<address>[\w.+-]+@[\w.-]+\.\w{2,})\b", re.IGNORECASE)
_UNIT = re.compile(r"\b[\w@-]+\.(?:service|timer|socket|dll|exe|conf|ini|sys)\b")
_DETERMINERS = {"the", "my", "your", "our", "his", "her", "their", "a", "an", "this", "that", "it", "and", "to", "of", "in", "on", "with", "old", "same", "another", "new"}


def target_of(deed: str) -> str:
    """The name as it stands in the deed's words, or ""."""
    if found := _MACHINE_OF.search(deed):
        return found["name"]
    if found := _ACCOUNT.search(deed):
        return found["name"] or found["address"]
    if found := _HOST.search(deed):
        return found.group(0)
    if found := _UNIT.search(deed):
        return found.group(0)
    return _thing(deed)


def _thing(deed: str) -> str:
    """ "the print spooler", "PDF add-in", "Outlook": a kind of thing with the word that tells which, or a product."""
    spoken = re.findall(r"[\w'’.-]+", deed)
    for index, word in enumerate(spoken):
        if word.lower().rstrip(".s") in cues.word_set("things") or word.lower().rstrip(".") in cues.word_set("things"):
            before = spoken[index - 1] if index else ""
            which = before if before and before.lower() not in _DETERMINERS and before.lower() not in cues.past_forms() | cues.base_forms() else ""
            return f"{which} {word}".strip(" .") if f"{which} {word}".strip() in deed else word.strip(".")
    product = cues.find("environment", deed)
    return product.group(0) if product else ""
