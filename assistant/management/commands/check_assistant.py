"""Tests the model configuration: gets a structured answer from both models and prints time and cost."""

import time
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from assistant.faults import SENTENCES, Fault
from assistant.llm import client, errors, prompts, schemas
from assistant.llm.config import configured

_HINTS = {
    Fault.UNREACHABLE: "Check ASSISTANT_BASE_URL, and that the server is running and reachable from here.",
    Fault.KEY_REFUSED: "Check ASSISTANT_KEY, and that your account with the provider has credit.",
    Fault.UNKNOWN_MODEL: "Check ASSISTANT_QUICK_MODEL and ASSISTANT_STRONG_MODEL against the provider's list.",
    Fault.TIMED_OUT: "Try a larger ASSISTANT_TRY_SECONDS or a smaller model.",
    Fault.BAD_ANSWER: "The model does not follow a JSON schema, so it cannot be used here.",
    Fault.REJECTED: "The server may not support structured output (response_format json_schema), which is required.",
}


class Command(BaseCommand):
    help = (
        "Asks both configured models for a minimal structured answer and prints seconds, tokens and, for models with a known price, "
        "dollars. Prints the configuration without the key. Works whatever ASSISTANT is set to and does not use the database. "
        "Exit code 1 if a model gave no usable answer, 2 if the configuration is incomplete."
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
            answer = None
            try:
                answer = client.ask(config, model, question, seconds=config.try_seconds)
                fault = errors.fault_in(answer)
                if fault is None:
                    schemas.CheckShape.model_validate_json(answer.text)
            except ValueError:
                fault = Fault.BAD_ANSWER
            except Exception as error:
                fault = errors.fault_of(error)
            took = f"{time.monotonic() - began:.1f} s"
            if fault or answer is None:
                failed = True
                fault = fault or Fault.UNREADABLE
                self.stderr.write(f"{job}: {model}: {SENTENCES[fault]} ({took}) {_HINTS.get(fault, '')}".rstrip())
                continue
            price = "price unknown" if answer.price is None else f"${answer.price:.6f}"
            self.stdout.write(f"{job}: {model}: answered in {took}, {answer.input_tokens} + {answer.output_tokens} tokens, {price}")
        if failed:
            raise CommandError(
                "The model can't be used with this configuration. Until it is fixed, the offline assistant answers from playbooks.",
                returncode=1,
            )
        self.stdout.write("The model is ready to use.")
