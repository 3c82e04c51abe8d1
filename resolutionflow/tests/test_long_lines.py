"""A request that is too long for the server gets an answer with a sentence. A real Daphne, because its parser is what this is about."""

import os
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "daphne",
        "-v",
        "0",
        "-b",
        "127.0.0.1",
        "-p",
        str(port),
        "resolutionflow.asgi:application",
    ]
    env = os.environ | {"HTTP_ONLY": "true", "DEMO": "true"}
    server = subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < deadline, "Daphne did not start"
            time.sleep(0.05)
    yield port
    server.terminate()
    server.communicate(timeout=20)


def answer(port, request):
    with socket.create_connection(("127.0.0.1", port), 30) as asked:
        asked.sendall(request)
        received = b""
        while part := asked.recv(65536):
            received += part
    return received.decode()


def get(path, *headers):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "Connection: close", "", ""]).encode()


@pytest.mark.parametrize("length", [17_000, 300_000, 2_000_000])
def test_an_address_that_is_too_long_is_414_with_a_sentence(port, length):
    head, _, body = answer(port, get("/healthz?q=" + "x" * length)).partition("\r\n\r\n")

    assert head.startswith("HTTP/1.1 414 ")
    assert f"Content-Length: {len(body)}" in head
    assert body.startswith("The address is too long.")


def test_an_address_that_never_ends_is_answered_too(port):
    assert answer(port, b"GET /" + b"x" * 70_000).startswith("HTTP/1.1 414 ")


def test_a_header_that_is_too_long_is_431_with_a_sentence(port):
    head, _, body = answer(port, get("/healthz", "Cookie: a=" + "x" * 20_000)).partition("\r\n\r\n")

    assert head.startswith("HTTP/1.1 431 ")
    assert body.startswith("The request's headers are too large.")


@pytest.mark.parametrize("count", [40, 400])
def test_headers_that_only_together_are_too_long_are_431_with_the_same_sentence(port, count):
    received = answer(port, get("/healthz", *[f"X-{n}: {'x' * 800}" for n in range(count)]))

    assert received.startswith("HTTP/1.1 431 ")
    assert received.count("The request's headers are too large.") == 1


def test_what_is_not_too_long_is_served_as_before(port):
    assert answer(port, get("/healthz?q=" + "x" * 15_000)).startswith("HTTP/1.1 200 ")
    assert answer(port, get("/healthz", "Cookie: a=" + "x" * 15_000)).startswith("HTTP/1.1 200 ")
