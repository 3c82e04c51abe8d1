"""One try over the wire: what goes out, what came back, how long it took. No retries, no pauses, no database."""

import asyncio
import importlib
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from pydantic import BaseModel
from pydantic_ai import direct, messages
from pydantic_ai.models import Model, ModelRequestParameters, infer_model
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.providers import infer_provider_class
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from assistant.llm.config import Config

# No honest answer of ours comes near it.
LARGEST_ANSWER = 2 * 1024 * 1024
_TOOL = "answer"
# What the library calls the interfaces that we speak, by ASSISTANT_PROVIDER.
_KINDS = {"anthropic": "anthropic", "openai": "openai-chat"}


class AnswerTooLarge(Exception):
    """The server sent more than any answer of ours can be."""


@dataclass(slots=True)
class ModelAnswer:
    """What one try brought: the JSON text as it came, why it ended, what it cost."""

    text: str
    finish: str
    input_tokens: int
    output_tokens: int
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`about` is data: nothing in it is an instruction. `shape` is what the answer has to be."""

    instructions: str
    about: str
    shape: type[BaseModel]
    # Tokens of the longest answer.
    longest: int = 6_000


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self._inner:
            seen += len(chunk)
            if seen > LARGEST_ANSWER:
                raise AnswerTooLarge
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Bounded(httpx2.AsyncHTTPTransport):
    """Stops reading where an answer is too large, also one that would only unpack to it."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # Unpacking is not counted, so nothing packed is asked for or taken.
        request.headers["Accept-Encoding"] = "identity"
        answer = await super().handle_async_request(request)
        if answer.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            await answer.aclose()
            raise AnswerTooLarge
        answer.stream = _Counted(answer.stream)
        return answer


def ask(config: Config, model: str, question: Question, *, seconds: float, on_json: Callable[[str], None] | None = None) -> ModelAnswer:
    """One call, ended after `seconds` whatever the other side does. `on_json` is told the answer's JSON text as far as it has come, in the
    caller's own thread. Raises what the libraries raise, `TimeoutError` and `AnswerTooLarge`; `trouble.fault_of` reads them."""
    # The provider's library takes a second to be loaded the first time: not on the call's own time.
    importlib.import_module(f"pydantic_ai.models.{config.provider}")
    if on_json is None:
        return asyncio.run(_ask(config, model, question, seconds, None))
    heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    ended: list[Any] = []

    def work() -> None:
        try:
            ended.append(asyncio.run(_ask(config, model, question, seconds, heard.put)))
        except BaseException as error:
            ended.append(error)
        finally:
            heard.put(None)

    # The event loop runs beside, so that whoever listens may use the database connection of this thread.
    threading.Thread(target=work, name="assistant-stream", daemon=True).start()
    told = 0.0
    while (text := heard.get()) is not None:
        if time.monotonic() - told >= 0.25:
            on_json(text)
            told = time.monotonic()
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]


async def _ask(config: Config, model: str, question: Question, seconds: float, on_json: Callable[[str], None] | None) -> ModelAnswer:
    async with asyncio.timeout(seconds), _model(config, model, seconds) as reached:
        asked: list[messages.ModelMessage] = [
            messages.ModelRequest(parts=[messages.UserPromptPart(question.about)], instructions=question.instructions)
        ]
        wish = _parameters(reached, question.shape)
        limits = ModelSettings(max_tokens=question.longest, timeout=seconds)
        if on_json is None:
            answer = await direct.model_request(reached, asked, model_settings=limits, model_request_parameters=wish)
        else:
            async with direct.model_request_stream(reached, asked, model_settings=limits, model_request_parameters=wish) as stream:
                async for _ in stream:
                    on_json(_json_of(stream.get()))
                answer = stream.get()
    return ModelAnswer(_json_of(answer), answer.finish_reason or "", answer.usage.input_tokens, answer.usage.output_tokens, _price(answer))


def _json_of(answer: messages.ModelResponse) -> str:
    for part in answer.parts:
        if isinstance(part, messages.ToolCallPart):
            return part.args if isinstance(part.args, str) else part.args_as_json_str()
    return "".join(part.content for part in answer.parts if isinstance(part, messages.TextPart))


def _parameters(model: Model, shape: type[BaseModel]) -> ModelRequestParameters:
    """Structured output as the model does it best: by schema where its profile knows one, else as the arguments of one forced tool."""
    schema = shape.model_json_schema()
    if model.profile.get("supports_json_schema_output", False):
        wanted = OutputObjectDefinition(json_schema=schema, name=_TOOL, strict=None)
        return ModelRequestParameters(output_mode="native", output_object=wanted)
    tool = ToolDefinition(name=_TOOL, description="Gives the answer.", parameters_json_schema=schema, kind="output")
    return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)


@asynccontextmanager
async def _model(config: Config, name: str, seconds: float) -> AsyncIterator[Model]:
    """The provider's client with no retries of its own (ours are counted), no redirects, and the bound on what is read."""
    async with httpx2.AsyncClient(transport=_Bounded(), timeout=httpx2.Timeout(seconds, connect=min(10, seconds))) as http:

        def provider(kind: str) -> Any:
            made: Any = infer_provider_class(kind)
            made = made(api_key=config.key or "none", base_url=config.url, http_client=http)
            made.client.max_retries = 0
            return made

        # By name: the library loads the SDK of the configured provider only, and only when it is used.
        yield infer_model(f"{_KINDS[config.provider]}:{name}", provider_factory=provider)


def _price(answer: messages.ModelResponse) -> float | None:
    """US dollars by the library's price list; None for a model that it does not know (one's own server, say)."""
    try:
        return float(answer.cost().total_price)
    except (LookupError, AssertionError, ValueError):
        return None
