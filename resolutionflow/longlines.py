"""Answers a request line or headers that are too long for Daphne's HTTP parser (16 KB). Twisted hangs up without a word where one line is
too long, and sends a bare 400 where many are too long together."""

import re
from functools import wraps
from typing import Any

from twisted.web.http import HTTPChannel

_REQUEST_LINE = re.compile(rb"[A-Za-z]+ [^ ]")
# Closing at once, with the rest of the request unread, would make the kernel throw the answer away.
_SECONDS_TO_READ_ON = 2.0


def answer_long_lines() -> None:
    """Gives Twisted's HTTP channel what `LineReceiver` leaves open. Daphne has no option for it, and builds its channels itself."""
    HTTPChannel.lineLengthExceeded = _refuse  # type: ignore[method-assign]
    HTTPChannel.lineReceived = _within_the_limit(HTTPChannel.lineReceived)  # type: ignore[method-assign]


def _within_the_limit(receive: Any) -> Any:
    @wraps(receive)
    def line_received(channel: Any, line: bytes) -> Any:
        if channel._receivedHeaderSize + len(line) <= channel.totalHeadersSize:
            return receive(channel, line)
        channel.clearLineBuffer()
        return _refuse(channel, b"")

    return line_received


def _refuse(channel: Any, line: bytes) -> None:
    if _REQUEST_LINE.match(line):
        status, sentence = (
            b"414 URI Too Long",
            b"The address is too long. Shorten what you are looking for, or remove parts of the address.\n",
        )
    else:
        status, sentence = (
            b"431 Request Header Fields Too Large",
            b"The request's headers are too large. Delete this site's cookies and try again.\n",
        )
    head = [
        b"HTTP/1.1 " + status,
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Length: %d" % len(sentence),
        b"Cache-Control: private, no-store",
        b"X-Content-Type-Options: nosniff",
        b"Connection: close",
    ]
    channel.transport.write(b"\r\n".join([*head, b"", sentence]))
    channel.dataReceived = _ignore
    channel.callLater(_SECONDS_TO_READ_ON, channel.loseConnection)


def _ignore(data: bytes) -> None:
    """What is left of a request that was refused."""
