"""Whether a model answered in another language than the session's: told by the small words, which no two languages share."""

from assistant.analysis.language import lexicon

# Below this many words nothing can be told.
FEWEST = 12
# English prose has some 40 % of them, other languages next to none.
ENGLISH, FOREIGN = 0.2, 0.06


def is_another(answer: str, session: str) -> bool:
    """True where the session is in English and the answer is not. Other sessions are not judged."""
    return _share(session) >= ENGLISH and _share(answer) <= FOREIGN


def _share(text: str) -> float:
    words = lexicon.words(text[:20_000])
    if len(words) < FEWEST:
        # Too little to judge: neither English nor foreign.
        return (ENGLISH + FOREIGN) / 2
    small = lexicon.word_set("stopwords")
    return sum(word in small for word in words) / len(words)
