"""What an action was done to: the device, service, account or program it names, without guessing; "" if none."""

import re

from assistant.analysis.language import lexicon

# "RDS02", "PC-KES-07", "LT-044", "FS01.corp.local": how machines are called.
_HOST = re.compile(r"\b(?!KB\d|UTF|SHA|TLS|IPV|HTTP|WIN\d|V\d)[A-Za-z]{2,}[\w-]*-?\d{2,}(?:\.[a-z][\w.-]+)?\b|\b[A-Z]{2,}(?:-[A-Z0-9]+)+\b")
_MACHINE_OF = re.compile(r"\bon (?P<name>[A-Z]{2,}[\w-]*\d[\w-]*|[A-Z]{2,}(?:-[A-Z0-9]+)+)\b")
_ACCOUNT = re.compile(
    r"\b(?:account|user|mailbox|profile) (?:of )?(?P<name>[a-z]+\.[a-z]+|[\w.+-]+@[\w.-]+\w)\b|\b(?P<address>[\w.+-]+@[\w.-]+\.\w{2,})\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\b[\w@-]+\.(?:service|timer|socket|dll|exe|conf|ini|sys)\b")
_SPOKEN = re.compile(r"[\w'’.-]+")


def target_of(deed: str) -> str:
    """The name as written in the action, or ""."""
    deed = re.split(r"(?<=\w): |; ", deed)[0]
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
    spoken = list(_SPOKEN.finditer(deed))
    for index, found in enumerate(spoken):
        word = found.group(0).rstrip(".")
        singular = word.lower().removesuffix("s")
        if not {word.lower(), singular} & lexicon.word_set("things") or deed[: found.start()].endswith(("/", "\\", ".")):
            continue
        before = spoken[index - 1].group(0) if index else ""
        named = before.lower() not in lexicon.word_set("names_nothing") | lexicon.past_forms() | lexicon.base_forms()
        return f"{before} {word}" if before and named and f"{before} {word}" in deed else word
    product = lexicon.find("environment", deed)
    return product.group(0) if product else ""
