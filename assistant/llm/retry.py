"""Retries one question within a total deadline. Checks the circuit breaker and the limits before each call, and records each call."""

import random
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from django.utils import timezone
from pydantic import BaseModel, ValidationError

from assistant.faults import RETRIED, Fault, Unavailable
from assistant.llm import breaker, client, errors
from assistant.llm.client import ModelAnswer, Question
from assistant.llm.config import Config
from assistant.models import AssistantCall
from assistant.usage import Caller, add_tokens, take_call

# Seconds before the second call; doubled before each further one, and jittered.
FIRST_PAUSE = 0.5

log = structlog.get_logger("flowpilot")


def ask[Shape: BaseModel](
    config: Config,
    question: Question,
    shape: type[Shape],
    *,
    job: str,
    model: str,
    caller: Caller,
    total_seconds: float,
    tries: int = 3,
    check: Callable[[Shape], Fault | None] = lambda made: None,
    on_json: Callable[[str], None] | None = None,
) -> Shape:
    """The parsed answer, within `total_seconds` and at most `tries` calls. Raises `Unavailable` with the last fault."""
    ends = time.monotonic() + total_seconds
    fault = Fault.TIMED_OUT
    for turn in range(min(tries, config.tries)):
        left = ends - time.monotonic()
        if left <= 0.05:
            break
        now = timezone.now()
        if caller.account_id is not None:
            breaker.pass_or_raise(config, at=now)
        if not take_call(caller, calls_per_day=config.calls_per_day, tokens_per_day=config.tokens_per_day, at=now):
            raise Unavailable(Fault.CAPPED)
        made, fault, wait = _once(config, question, shape, job, model, caller, min(config.try_seconds, left), check, on_json)
        if made is not None:
            return made
        if fault not in RETRIED:
            break
        pause = max(wait, FIRST_PAUSE * 2**turn * random.uniform(0.5, 1))  # noqa: S311 - jitter, not a secret
        if turn + 1 < min(tries, config.tries):
            # Don't wait if there would be no time left for another call.
            if time.monotonic() + pause >= ends:
                break
            time.sleep(pause)
    raise Unavailable(fault)


def _once[Shape: BaseModel](
    config: Config,
    question: Question,
    shape: type[Shape],
    job: str,
    model: str,
    caller: Caller,
    seconds: float,
    check: Callable[[Shape], Fault | None],
    on_json: Callable[[str], None] | None,
) -> tuple[Shape | None, Fault, float]:
    began, said, made, wait = time.monotonic(), None, None, 0.0
    try:
        said = client.ask(config, model, question, seconds=seconds, on_json=on_json)
        made, fault = _read(said, shape, check)
    except Exception as error:
        fault, wait = errors.fault_of(error), errors.wait_of(error)
    took = time.monotonic() - began
    if caller.account_id is not None:
        _count(config, fault, said, job, model, caller, took, wait)
    if fault:
        # Only the fault's name; nothing that was sent or answered.
        log.warning("assistant call failed", job=job, model=model, fault=fault.value, seconds=round(took, 2))
    return made, fault or Fault.BAD_ANSWER, wait


def _count(
    config: Config, fault: Fault | None, said: ModelAnswer | None, job: str, model: str, caller: Caller, took: float, wait: float
) -> None:
    ended = timezone.now()
    AssistantCall.objects.create(
        account_id=caller.account_id,
        session_id=caller.session_id,
        job=job,
        provider=config.provider,
        model=model[:120],
        outcome=fault.value if fault else "ok",
        input_tokens=said.input_tokens if said else 0,
        output_tokens=said.output_tokens if said else 0,
        seconds=round(took, 3),
        at=ended,
    )
    if said:
        add_tokens(caller, said.input_tokens + said.output_tokens, at=ended - timedelta(seconds=took))
    breaker.note(config, fault, at=ended, wait=wait)


def _read[Shape: BaseModel](
    said: ModelAnswer, shape: type[Shape], check: Callable[[Shape], Fault | None]
) -> tuple[Shape | None, Fault | None]:
    fault = errors.fault_in(said)
    if fault:
        return None, fault
    try:
        made = shape.model_validate_json(_unfenced(said.text))
    except ValidationError:
        return None, Fault.BAD_ANSWER
    fault = check(made)
    return (None, fault) if fault else (made, None)


def _unfenced(text: str) -> str:
    """Some models wrap their JSON in a code fence even with a schema."""
    text = text.strip()
    if text.startswith("```"):
        text = text.partition("\n")[2].rpartition("```")[0]
    return text
