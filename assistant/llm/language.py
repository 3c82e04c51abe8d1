"""Whether a model answered in a different language from the session, judged by function words."""

from assistant.analysis.language import lexicon

# Fewer words than this are too few to judge.
FEWEST = 12
# About 40 % of English prose are function words; other languages have almost none of these.
ENGLISH, FOREIGN = 0.2, 0.06


def is_another(answer: str, session: str) -> bool:
    """True if the session is in English and the answer is not. Sessions in other languages are not judged."""
    return _share(session) >= ENGLISH and _share(answer) <= FOREIGN


def _share(text: str) -> float:
    words = lexicon.words(text[:20_000])
    if len(words) < FEWEST:
        # Too little to judge: neither English nor foreign.
        return (ENGLISH + FOREIGN) / 2
    small = lexicon.word_set("stopwords")
    return sum(word in small for word in words) / len(words)
