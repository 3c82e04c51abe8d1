"""The assistant that uses a language model: Anthropic, OpenAI, or any server with an OpenAI-compatible API.

Raises `Unavailable` if the model returned nothing usable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from assistant.analysis.assess import assess as assess_offline
from assistant.analysis.notes import notes as notes_offline
from assistant.analysis.update import as_mail
from assistant.analysis.verify import verify
from assistant.case import Case
from assistant.faults import Fault, Unavailable
from assistant.llm import prompts, reading, retry, schemas
from assistant.llm.client import Question
from assistant.llm.config import Config, configured
from assistant.llm.grounding import grounded, grounding_of
from assistant.llm.language import is_another
from assistant.llm.merging import merged
from assistant.results import Assessment, Notes, Reply, Update
from assistant.usage import Caller


@dataclass(frozen=True, slots=True)
class Llm:
    config: Config
    caller: Caller

    @classmethod
    def configured(cls, caller: Caller) -> "Llm":
        """Raises `ImproperlyConfigured` if the settings name no model."""
        return cls(configured(), caller)

    @property
    def name(self) -> str:
        return self.config.strong

    def reply(self, case: Case, *, on_text: Callable[[str], None] | None = None) -> Reply:
        said = self._ask(
            "reply",
            self.config.quick,
            Question(prompts.REPLY, prompts.document(case, playbooks=prompts.knowledge(case)), schemas.ReplyShape, longest=2_500),
            schemas.ReplyShape,
            seconds=self.config.reply_seconds,
            check=lambda made: _wrong(made.text, case) if reading.inert(made.text, 4000) else Fault.BAD_ANSWER,
            on_json=_stream_text(on_text) if on_text else None,
        )
        return reading.reply_of(said, case)

    def assess(self, case: Case) -> Assessment:
        base = assess_offline(case)
        said = self._ask(
            "assessment",
            self.config.strong,
            Question(prompts.ASSESSMENT, prompts.document(case), schemas.AssessmentShape),
            schemas.AssessmentShape,
            seconds=self.config.total_seconds,
            check=lambda made: _wrong(_words_of(made), case) or (None if _has_content(made, case) else Fault.UNPROVEN),
        )
        return verify(merged(base, grounded_assessment(said, case), case), case)

    def notes(self, case: Case) -> Notes:
        said = self._ask(
            "notes",
            self.config.strong,
            Question(prompts.NOTES, prompts.document(case), schemas.NotesShape),
            schemas.NotesShape,
            seconds=self.config.total_seconds,
            check=lambda made: None if reading.notes_of(made, case).problem else Fault.UNPROVEN,
        )
        made, base = reading.notes_of(said, case), notes_offline(case)
        # The lane knows what solved it, even if the model does not mention it.
        return made.model_copy(
            update={
                "confirmed": made.confirmed or base.confirmed,
                "root_cause": made.root_cause or base.root_cause,
                "resolution": made.resolution or base.resolution,
            }
        )

    def update(self, case: Case, *, context: str, audience: str, length: str, prose: str = "") -> Update:
        for_client = audience != "ticket"
        said = self._ask(
            "update",
            self.config.quick,
            Question(
                prompts.UPDATE,
                prompts.document(case, audience=audience, length=length, context=context, summary=prose),
                schemas.UpdateShape,
                longest=1_500,
            ),
            schemas.UpdateShape,
            seconds=self.config.update_seconds,
            # Someone is waiting for the page.
            tries=1,
            check=lambda made: None if reading.update_of(made, case, for_client=for_client) else Fault.UNPROVEN,
        )
        made = reading.update_of(said, case, for_client=for_client)
        if made is None:
            raise Unavailable(Fault.UNPROVEN)
        return Update(text=as_mail(made.text)) if audience == "email" else made

    def _ask[Shape: BaseModel](
        self,
        job: str,
        model: str,
        question: Question,
        shape: type[Shape],
        *,
        seconds: float,
        check: Callable[[Shape], Fault | None],
        tries: int = 3,
        on_json: Callable[[str], None] | None = None,
    ) -> Shape:
        return retry.ask(
            self.config,
            question,
            shape,
            job=job,
            model=model,
            caller=self.caller,
            total_seconds=seconds,
            tries=tries,
            check=check,
            on_json=on_json,
        )


def grounded_assessment(said: schemas.AssessmentShape, case: Case) -> Assessment:
    """The parts of the model's assessment that the session supports, with a summary of its supported sentences ("-" if none)."""
    made = grounded(verify(reading.assessment_of(said), case), case)
    summary = " ".join(reading.grounded_sentences(said.summary[:6], grounding_of(case)))[:2400]
    return made.model_copy(update={"summary_prose": summary or "-"})


def _has_content(said: schemas.AssessmentShape, case: Case) -> bool:
    made = grounded_assessment(said, case)
    return bool(made.what_we_know or made.tried or made.likely_cause or made.summary_prose != "-")


def _words_of(said: schemas.AssessmentShape) -> str:
    return " ".join([*(e.text for e in said.summary), *(e.text for e in said.what_we_know), *(e.action for e in said.tried)])


def _wrong(text: str, case: Case) -> Fault | None:
    return Fault.OTHER_LANGUAGE if is_another(text, " ".join(step.text for step in case.steps[:40])) else None


def _stream_text(on_text: Callable[[str], None]) -> Callable[[str], None]:
    """Streams the `text` field of a JSON answer that is still incomplete."""

    def tell(raw: str) -> None:
        try:
            so_far: Any = from_json(raw, allow_partial="trailing-strings")
        except ValueError:
            return
        text = so_far.get("text") if isinstance(so_far, dict) else None
        if isinstance(text, str) and (shown := reading.inert(text, 4000)):
            on_text(shown)

    return tell
