"""A model's server that does what a script says, over a real socket: OpenAI's chat completions, whole and streamed.

It listens on loopback, keeps what it was asked, and never leaves the machine.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Act = Callable[["Call"], None]


class Call:
    """One request, and the means to answer it badly."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any], number: int, stop: threading.Event) -> None:
        self.handler, self.body, self.number, self.stop = handler, body, number, stop

    @property
    def document(self) -> dict[str, Any]:
        """What was asked about: the user's message is one JSON document."""
        return json.loads(next(m["content"] for m in self.body["messages"] if m["role"] == "user"))

    @property
    def wants_stream(self) -> bool:
        return bool(self.body.get("stream"))

    def send(self, status: int, body: bytes, *, kind: str = "application/json", **headers: str) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def error(self, status: int, word: str = "error", **headers: str) -> None:
        self.send(status, json.dumps({"error": {"message": word, "type": word, "code": word}}).encode(), **headers)

    def say(self, text: str, finish: str = "stop", refusal: str | None = None) -> None:
        """A well-formed completion that says `text`, in the way that was asked for."""
        if self.wants_stream:
            self.handler.send_response(200)
            self.handler.send_header("Content-Type", "text/event-stream")
            self.handler.end_headers()
            size = max(1, len(text) // 12)
            for start in range(0, len(text), size):
                self.chunk({"content": text[start : start + size]})
            if refusal:
                self.chunk({"refusal": refusal})
            self.chunk({}, finish)
            self.handler.wfile.write(b"data: [DONE]\n\n")
            return
        message = {"role": "assistant", "content": text, "refusal": refusal}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        self.send(200, json.dumps({**self.frame("chat.completion"), "choices": [choice], "usage": USAGE}).encode())

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        frame = {**self.frame("chat.completion.chunk"), "choices": [choice], **({"usage": USAGE} if finish else {})}
        self.handler.wfile.write(f"data: {json.dumps(frame)}\n\n".encode())
        self.handler.wfile.flush()

    def frame(self, kind: str) -> dict[str, Any]:
        return {"id": "c1", "object": kind, "created": 1, "model": "scripted"}

    def answer(self, answer: dict[str, Any] | list[Any], **more: Any) -> None:
        self.say(json.dumps(answer, ensure_ascii=False), **more)

    def hang(self) -> None:
        """Nothing more comes, until the test is over."""
        self.stop.wait(60)

    def drip(self, every: float = 0.05) -> None:
        """A byte now and then, for ever: each read is in time, the whole never is."""
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "application/json")
        self.handler.end_headers()
        ends = time.monotonic() + 60
        while time.monotonic() < ends and not self.stop.wait(every):
            try:
                self.handler.wfile.write(b" ")
                self.handler.wfile.flush()
            except OSError:
                return


USAGE = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}


class Scripted:
    """The server: `script` answers each call; `calls` holds what was asked."""

    def __init__(self) -> None:
        self.script: Act = lambda call: call.error(500)
        self.calls: list[Call] = []
        self.headers: list[dict[str, str]] = []
        self._stop = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
                outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                call = Call(self, body, len(outer.calls) + 1, outer._stop)
                outer.calls.append(call)
                with suppress(BrokenPipeError, ConnectionResetError):
                    outer.script(call)

            def log_message(self, *args: Any) -> None:
                """Quiet: the tests say what matters."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    try:
        yield server
    finally:
        server.close()


def settings_for(url: str, **changes: Any) -> dict[str, Any]:
    """`ASSISTANT_LLM` for a server, with deadlines that a busy machine keeps; a test of a time-out sets its own."""
    return {
        "provider": "openai",
        "base_url": url,
        "key": "sk-test-0123456789abcdefABCDEF",
        "quick": "scripted-quick",
        "strong": "scripted-strong",
        "try_seconds": 10.0,
        "tries": 3,
        "total_seconds": 30.0,
        "reply_seconds": 30.0,
        "update_seconds": 10.0,
        "calls_per_day": 0,
        "tokens_per_day": 0,
        "trips_after": 50,
        "rest_seconds": 30.0,
        **changes,
    }
