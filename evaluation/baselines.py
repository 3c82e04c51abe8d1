"""Plain ways of summing up, to be beaten: the first and last turns, and the summaries of `sumy` (a development dependency)."""

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import nupunkt

from assistant.conversations import Conversation
from evaluation.entries import Report, report_of_sentences
from evaluation.places import words_of

Sentences = list[tuple[int, str]]
_SUMMARIZERS = {
    "textrank": ("sumy.summarizers.text_rank", "TextRankSummarizer"),
    "lexrank": ("sumy.summarizers.lex_rank", "LexRankSummarizer"),
    "lsa": ("sumy.summarizers.lsa", "LsaSummarizer"),
}


def sentences_of(conversation: Conversation) -> Sentences:
    """Every sentence with its turn, verbatim; a line break ends one, too (chats)."""
    return [
        (index, sentence)
        for index, turn in enumerate(conversation.turns)
        for line in turn.text.splitlines()
        for sentence in _split(line)
        if any(char.isalnum() for char in sentence)
    ]


def _split(text: str) -> list[str]:
    return [str(piece).strip() for piece in nupunkt.sent_tokenize(text)]


def first_and_last(sentences: Sentences, words: int) -> Report:
    """Sentences from the beginning for one half of the words, from the end for the other."""
    first: list[int] = []
    last: list[int] = []
    for order, chosen in ((range(len(sentences)), first), (reversed(range(len(sentences))), last)):
        spent = 0
        for index in order:
            spent += words_of(sentences[index][1])
            if spent > words / 2 and chosen:
                break
            chosen.append(index)
    return report_of_sentences([sentences[index] for index in sorted({*first, *last})])


def available() -> dict[str, Callable[[Sentences, int], Report]]:
    """The library's summaries by name, each for a number of sentences; empty where the library is not installed."""
    if not all(importlib.util.find_spec(module) for module in ("sumy", "numpy")):
        return {}
    return {name: _Extractive(*where) for name, where in _SUMMARIZERS.items()}


class _Tokenizer:
    """Stands in for the library's own, which wants data files that it would have to fetch."""

    language = "english"

    def to_sentences(self, paragraph: str) -> list[str]:
        return _split(paragraph)

    def to_words(self, sentence: str) -> list[str]:
        return [word for raw in sentence.lower().split() if (word := raw.strip(".,;:!?()[]\"'“”"))]


class _Extractive:
    def __init__(self, module: str, name: str) -> None:
        self._summarize: Any = getattr(importlib.import_module(module), name)()
        self._dom: Any = importlib.import_module("sumy.models.dom")

    def __call__(self, sentences: Sentences, count: int) -> Report:
        tokenizer = _Tokenizer()
        each = [self._dom.Sentence(text, tokenizer) for _, text in sentences]
        # By identity: the same sentence may stand in several turns.
        index_of = {id(sentence): index for index, sentence in enumerate(each)}
        document = self._dom.ObjectDocumentModel([self._dom.Paragraph(each)])
        with warnings.catch_warnings():
            # Short chats are less than the library likes (it divides by zero and says so).
            warnings.simplefilter("ignore")
            chosen = each if len(each) <= count else self._summarize(document, count)
        return report_of_sentences([sentences[index] for index in sorted(index_of[id(sentence)] for sentence in chosen)])
