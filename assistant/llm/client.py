"""One call to the provider. No retries, no pauses, no database."""

import asyncio
import functools
import importlib
import queue
import ssl
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

# Far larger than any valid answer.
LARGEST_ANSWER = 2 * 1024 * 1024
_TOOL = "answer"
# The library's names for the supported APIs, by ASSISTANT_PROVIDER.
_KINDS = {"anthropic": "anthropic", "openai": "openai-chat"}


class AnswerTooLarge(Exception):
    """The server sent more than any valid answer could be."""


@dataclass(slots=True)
class ModelAnswer:
    """The result of one call: the raw JSON text, why it ended, what it cost."""

    text: str
    finish: str
    input_tokens: int
    output_tokens: int
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`about` is data, never instructions. `shape` is the schema of the answer."""

    instructions: str
    about: str
    shape: type[BaseModel]
    # Longest answer, in tokens.
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


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Reading the certificates takes 40 ms, so every call shares what the first one read."""
    return httpx2.create_ssl_context()


class _Bounded(httpx2.AsyncHTTPTransport):
    """Stops reading when an answer gets too large, compressed answers included."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # The limit counts bytes on the wire, so compressed answers are neither requested nor accepted.
        request.headers["Accept-Encoding"] = "identity"
        answer = await super().handle_async_request(request)
        if answer.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            await answer.aclose()
            raise AnswerTooLarge
        answer.stream = _Counted(answer.stream)
        return answer


def ask(config: Config, model: str, question: Question, *, seconds: float, on_json: Callable[[str], None] | None = None) -> ModelAnswer:
    """One call, stopped after `seconds` whatever the server does. `on_json` gets the answer's JSON text so far, in the caller's own thread.
    Raises the libraries' exceptions, `TimeoutError` and `AnswerTooLarge`; `errors.fault_of` classifies them."""
    # Loading the provider's library can take a second the first time; that must not count against the call.
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

    # The event loop runs in another thread, so that `on_json` can use this thread's database connection.
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
    """Structured output in the way the model supports best: by schema if it can, otherwise as the arguments of one forced tool call."""
    schema = shape.model_json_schema()
    if model.profile.get("supports_json_schema_output", False):
        wanted = OutputObjectDefinition(json_schema=schema, name=_TOOL, strict=None)
        return ModelRequestParameters(output_mode="native", output_object=wanted)
    tool = ToolDefinition(name=_TOOL, description="Gives the answer.", parameters_json_schema=schema, kind="output")
    return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)


@asynccontextmanager
async def _model(config: Config, name: str, seconds: float) -> AsyncIterator[Model]:
    """The provider's client without its own retries (ours are counted) or redirects, and with the size limit."""
    async with httpx2.AsyncClient(transport=_Bounded(verify=_trusted()), timeout=httpx2.Timeout(seconds, connect=min(10, seconds))) as http:

        def provider(kind: str) -> Any:
            made: Any = infer_provider_class(kind)
            made = made(api_key=config.key or "none", base_url=config.url, http_client=http)
            made.client.max_retries = 0
            return made

        # By name, so that only the configured provider's SDK is loaded, and only when used.
        yield infer_model(f"{_KINDS[config.provider]}:{name}", provider_factory=provider)


def _price(answer: messages.ModelResponse) -> float | None:
    """US dollars by the library's price list; None for unknown models, such as those on your own server."""
    try:
        return float(answer.cost().total_price)
    except (LookupError, AssertionError, ValueError):
        return None
