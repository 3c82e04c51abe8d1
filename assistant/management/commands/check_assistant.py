"""Proves the configuration of the model: reaches it, gets a structured answer from both models, prints time and cost."""

import time
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from assistant.faults import SENTENCES, Fault
from assistant.llm import client, errors, prompts, schemas
from assistant.llm.config import configured

_HINTS = {
    Fault.UNREACHABLE: "Check ASSISTANT_BASE_URL, and whether the server runs and may be reached from here.",
    Fault.KEY_REFUSED: "Check ASSISTANT_KEY, and that the provider's account has credit.",
    Fault.UNKNOWN_MODEL: "Check ASSISTANT_QUICK_MODEL and ASSISTANT_STRONG_MODEL against the provider's list.",
    Fault.TIMED_OUT: "A larger ASSISTANT_TRY_SECONDS, or a smaller model, may help.",
    Fault.BAD_ANSWER: "The model does not keep to a JSON schema: it cannot be used here.",
    Fault.REJECTED: "The server may not know structured output (response_format json_schema): it cannot be used here then.",
}


class Command(BaseCommand):
    help = (
        "Asks both models of the settings for the smallest structured answer and prints what came: seconds, tokens and, for models with a "
        "known price, dollars. The configuration is printed without the key. Works whatever ASSISTANT is set to; reads and writes no "
        "database. Exit code 1 where a model gave no usable answer, 2 where the configuration is not whole."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            config = configured()
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=2) from None
        self.stdout.write(f"Provider: {config.where}, key {'set' if config.key else 'not set'}")
        question = client.Question(prompts.CHECK, "{}", schemas.CheckShape, longest=200)
        failed = False
        for job, model in (("quick", config.quick), ("strong", config.strong)):
            began = time.monotonic()
            fault: Fault | None
            said = None
            try:
                said = client.ask(config, model, question, seconds=config.try_seconds)
                fault = errors.fault_in(said)
                if fault is None:
                    schemas.CheckShape.model_validate_json(said.text)
            except ValueError:
                fault = Fault.BAD_ANSWER
            except Exception as error:
                fault = errors.fault_of(error)
            took = f"{time.monotonic() - began:.1f} s"
            if fault or said is None:
                failed = True
                fault = fault or Fault.UNREADABLE
                self.stderr.write(f"{job}: {model}: {SENTENCES[fault]} ({took}) {_HINTS.get(fault, '')}".rstrip())
                continue
            price = "price unknown" if said.price is None else f"${said.price:.6f}"
            self.stdout.write(f"{job}: {model}: a structured answer in {took}, {said.input_tokens} + {said.output_tokens} tokens, {price}")
        if failed:
            raise CommandError("The model cannot be used as it is set. Until then playbooks answer.", returncode=1)
        self.stdout.write("The model can be used.")
