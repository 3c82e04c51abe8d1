"""Requests that no browser sends: never an answer of 500 and above, never a process that stops answering, never an error in its log."""

import json
import random
import re
import socket
import time
from functools import partial

import pytest

from tests.factories import hand_off, make_session
from tests.system.conftest import CSRF, SCALE, at_once

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

COUNT = 1000 * SCALE
AT_ONCE = 4
METHODS = ["GET", "GET", "POST", "POST", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW", "get", "G\xcbT"]
KINDS = [
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "application/json", "text/plain",
    "application/x-www-form-urlencoded; charset=utf-16", "multipart/form-data; boundary=" + "b" * 300, "\xff\xfe", "",
    "a/b; charset=nonsense",
]  # fmt: skip
FIELDS = [
    "text", "kind", "reason", "priority", "target", "note", "notes", "action", "answer", "outcome", "begin", "context", "audience", "title",
    "client", "ticket", "log", "step", "login", "password", "next", "name", "email", "role", "part", "entry", "verdict", "generation",
    "show", "q", "after", "limit", "period", "status", "page", "n", "handoff", "csrfmiddlewaretoken", "lane", "domain",
]  # fmt: skip
VALUES = [
    b"", b"x", b"0", b"-1", b"9" * 40, b"-" + b"9" * 40, b"1e309", b"NaN", b"%00", b"a%00b", b"%ff%fe", b"\xc3\x28", b"%", b"%zz",
    b"\xed\xa0\x80", b"%ED%A0%80", b"../../etc/passwd", b"'\";--", b"<script>", b"{{7*7}}", b"[" * 500, b'{"a":' * 300 + b"1" + b"}" * 300,
    b"\r\nSet-Cookie: a=b", b"%0d%0aX-A: b", "\N{RIGHT-TO-LEFT OVERRIDE}\N{FACE WITH TEARS OF JOY}".encode(), b"x" * 5000,
    b"true", b"[]", b"eyJ9", b"2026-99-99", b"7d", b"all", b"urgent", b"own", b"%2e%2e%2f",
]  # fmt: skip
COOKIES = ['sessionid="\\000"', "sessionid=" + "x" * 32, ";;=;", "csrftoken=\xff"]
# None: noise.
ODD_HEADERS = [
    (b"Host", b"evil.example"), (b"Host", b"127.0.0.1:x"), (b"Host", b"\xff"), (b"Content-Length", b"-1"), (b"Content-Length", b"9" * 20),
    (b"Content-Length", b"0x10"), (b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"nonsense"), (b"Accept", None),
    (b"X-Request-ID", None), (b"X-Forwarded-For", None), (b"HX-Current-URL", None), (b"Range", b"bytes=9-1"), (b"HX-Target", b"\x00"),
    (b"Accept-Encoding", b"gzip;q=x"), (b"Origin", b"null"), (b"Referer", None), (b"Expect", b"100-continue"),
    (b"If-None-Match", b'W/"\xff'),
    (b"If-Modified-Since", b"yesterday"), (b"Upgrade", b"websocket"), (b"Cookie", b"a=" + b"x" * 9000), (b"X-" + b"n" * 300, b"v"),
    (b"Authorization", b"Basic \xff"), (b"Content-Encoding", b"gzip"), (b"X-Forwarded-Proto", b"\x00"), (b"Accept-Language", b"\xff;q=9"),
]  # fmt: skip
NO_PLACES = [b"*", b"http://evil.example/", b"//evil.example//", b"", b"/%", b"/static/../../etc/passwd", b"/static/%00"]
NEVER = 599
SHAPES = ["form", "form", "json", "multipart", "noise", "none"]


class Forger:
    """Makes requests out of a seed."""

    def __init__(self, seed, places, cookies):
        self.random, self.places, self.cookies = random.Random(seed), places, cookies

    def noise(self, most=200):
        return self.random.randbytes(self.random.randrange(most))

    def value(self):
        return self.noise() if self.random.random() < 0.1 else self.random.choice(VALUES)

    def pairs(self):
        names = [self.random.choice(FIELDS).encode() for _ in range(self.random.randrange(1, 8))]
        # Some of them twice, and one sometimes made up.
        names += self.random.choices(names, k=self.random.randrange(3))
        return b"&".join(name + b"=" + self.value() for name in [*names, *([self.noise(20)] if self.random.random() < 0.2 else [])])

    def target(self):
        place = self.random.choice(self.places).encode()
        chance = self.random.random()
        if chance < 0.1:
            place = place.replace(b"-", self.random.choice([b"%00", b"%2f", b"\xff", b"-", b"/"]), 1)
        elif chance < 0.15:
            place = b"/" + self.noise(60)
        elif chance < 0.18:
            place = self.random.choice(
                [b"*", b"http://evil.example/", b"//evil.example//", b"", b"/%", b"/static/../../etc/passwd", b"/static/%00"]
            )
        if self.random.random() < 0.4:
            place += b"?" + self.pairs()
        return place

    def body(self):
        match self.random.choice(SHAPES):
            case "form":
                return self.pairs()
            case "json":
                deep = self.random.randrange(1, 3000)
                return self.random.choice(
                    [b"[" * deep, b'{"text":' * deep, json.dumps({"text": "x\x00", "n": 10**300}).encode(), b"null", b"\xff"]
                )
            case "multipart":
                head = b'Content-Disposition: form-data; name="' + self.random.choice(FIELDS).encode() + b'"' + self.noise(30)
                file = self.random.choice([b"", b'; filename="a\x00b"', b'; filename="../../x"', b"; filename*=utf-16''%00"])
                return b"--x\r\n" + head + file + b"\r\n\r\n" + self.value() + self.random.choice([b"\r\n--x--\r\n", b"", b"\r\n--x\r\n"])
            case "noise":
                return self.noise(2000)
        return b""

    def headers(self, body):
        """The lines, and whether the length that they state is right."""
        kind = self.random.choice(KINDS).encode("latin-1")
        sent = {b"Host": b"127.0.0.1", b"Content-Length": b"%d" % len(body), b"Content-Type": kind, b"X-CSRFToken": CSRF.encode()}
        cookie = self.random.choice([*self.cookies, *self.cookies, *COOKIES])
        sent[b"Cookie"] = f"{cookie}; csrftoken={CSRF}; messages=x".encode("latin-1")
        sent |= self.random.choice([{}, {b"Accept": b"application/json"}, {b"HX-Request": b"true"}])
        odd = self.random.sample(ODD_HEADERS, self.random.choice([0, 0, 1, 3]))
        sent |= {name: self.noise(60) if value is None else value for name, value in odd}
        lines = [name + b": " + value.replace(b"\n", b" ") for name, value in sent.items()]
        if self.random.random() < 0.05:
            lines += [b"X-Many-%d: %s" % (n, b"v" * 500) for n in range(self.random.choice([20, 60, 200]))]
        return lines, not {b"Content-Length", b"Transfer-Encoding", b"Upgrade"} & {name for name, _ in odd}

    def request(self):
        """The bytes, and whether that is a whole request, which must be answered."""
        chance = self.random.random()
        if chance < 0.03:
            return self.noise(3000) + self.random.choice([b"", b"\r\n\r\n"]), False
        method, body = self.random.choice(METHODS).encode("latin-1"), self.body()
        version = self.random.choice([b"HTTP/1.1"] * 12 + [b"HTTP/1.0", b"HTTP/9.9", b"", b"HTTP/0.9"])
        headers, sound = self.headers(body)
        line = method + b" " + self.target().replace(b" ", b"%20").replace(b"\n", b"%0a") + b" " + version
        several = b"\r\n".join([line, *headers, b"", body])
        whole = b"\r\n".join([line, *headers, b"Connection: close", b"", body])
        if chance < 0.06:
            return whole[: self.random.randrange(len(whole))], False
        if chance < 0.09:
            return several * 2 + whole, False
        return whole, sound and version == b"HTTP/1.1"


def statuses_of(port, request, whole):
    """Sends it, and reads whatever comes until the server hangs up; where that may be never, for a moment."""
    with socket.create_connection(("127.0.0.1", port), 30) as asked:
        asked.settimeout(60 if whole else 0.3)
        received = b""
        try:
            asked.sendall(request)
            while part := asked.recv(65536):
                received += part
        except ConnectionError:
            pass
        except TimeoutError:
            if whole:
                return [NEVER]
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", received)]


def test_whatever_is_sent_no_answer_is_an_error_of_ours(standing_site, ana, bo, eve):
    site = standing_site
    session = make_session(ana)
    handoff = hand_off(make_session(ana), ana)
    mine, theirs = f"/sessions/{session.pk}/", f"/handoffs/{handoff.pk}/"
    places = ["/", "/sessions/", "/sessions/new/", "/escalations/", "/escalations/rows/", "/escalations/metrics/", "/bell/", "/people/"]
    places += [
        "/people/add/",
        f"/people/{bo.pk}/",
        "/account/",
        "/account/password/",
        "/accounts/login/",
        "/admin/",
        "/admin/accounts/user/",
    ]
    places += ["/healthz", "/readyz", "/counts/", "/ws/escalations/", "/static/css/tokens.css", "/bell/1/", mine, theirs]
    places += [
        mine + tail for tail in ("messages/", "tasks/2/", "send/", "facts/", "fixes/1/", "status-update/", "park/", "escalate/", "notes/")
    ]
    places += [theirs + tail for tail in ("claim/", "release/", "return/", "judge/", "missing/", "summary/", "withdraw/")]
    cookies = [site.cookie(person) for person in (ana, bo, eve)]
    seed = random.randrange(1_000_000)
    bad, answered = [], [0] * AT_ONCE

    def send(number):
        forger = Forger(seed + number, places, cookies)
        for _ in range(COUNT // AT_ONCE):
            request, whole = forger.request()
            statuses = statuses_of(site.ports[number % 2], request, whole)
            answered[number] += bool(statuses)
            bad.extend((status, request[:3000]) for status in statuses if status >= 500)

    at_once(*[partial(send, number) for number in range(AT_ONCE)])

    assert bad == [], (seed, bad[:3])
    # Half requests and noise may end without one.
    assert sum(answered) > 0.85 * COUNT, (seed, answered)
    for port in site.ports:
        site.port = port
        assert site.get("/readyz") == 200
        assert site.get("/escalations/", cookies[1]) == 200


def test_no_request_keeps_a_connection_to_the_database(standing_site, ana):
    """More of them than one process's pool holds: pipelined ones, some whose client hangs up, and pages that do not exist. What is kept for
    ever is missed by the requests after."""
    site, cookie = standing_site, standing_site.cookie(ana)
    site.port = site.ports[0]
    request = f"GET /counts/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n"

    def pipeline():
        for _ in range(5):
            assert statuses_of(site.port, f"{request}\r\n{request}\r\n{request}Connection: close\r\n\r\n".encode(), True) == [200] * 3

    def hang_up():
        for moment in range(20):
            with socket.create_connection(("127.0.0.1", site.port), 30) as hanging_up:
                hanging_up.sendall(f"{request}\r\n".encode())
                time.sleep(0.001 * moment)

    at_once(pipeline, pipeline, hang_up)
    assert site.get_many("/nothing/is/here/", cookie, 8) == [404] * 8

    assert site.get_many("/counts/", cookie, 8) == [200] * 8
