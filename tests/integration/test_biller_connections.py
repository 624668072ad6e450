"""Requests to a biller over real sockets: connections are kept and replaced, and nothing that is not an answer is taken for one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tapwealth.app.event_loop import runner
from tapwealth.bills import biller_connections
from tapwealth.bills.biller import Paid, Unknown
from tapwealth.bills.biller_connections import Answered, BillerSilent, Connections
from tapwealth.bills.biller_http import BillerHttp

Answering = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Counts connections and requests; what it answers is up to the test."""

    def __init__(self) -> None:
        self.connections, self.requests = 0, list[bytes]()
        self.url = ""


@asynccontextmanager
async def served(answer: Answering) -> AsyncIterator[Server]:
    server = Server()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                body = await reader.readexactly(int(length[0].partition(b":")[2])) if length else b""
                server.requests.append(head + body)
                await answer(server.requests[-1], writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(client, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()


def said(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def always(answer: bytes) -> Answering:
    async def write(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return write


async def test_one_connection_serves_one_after_another_and_many_serve_many_at_once() -> None:
    async with served(always(said(b"yes"))) as server:
        to = Connections(server.url + "/base/", {"Authorization": "Bearer t"}, 3_000)
        for _ in range(5):
            assert await to.ask("POST", "/bills/pay", b"{}") == Answered(200, b"yes")
        assert server.connections == 1
        assert server.requests[0].startswith(b"POST /base/bills/pay HTTP/1.1\r\nHost: 127.0.0.1:")
        assert b"Authorization: Bearer t\r\n" in server.requests[0]
        assert server.requests[0].endswith(b"\r\n\r\n{}")
        answers = await asyncio.gather(*(to.ask("GET", f"/{number}") for number in range(50)))
        assert answers == [Answered(200, b"yes")] * 50
        assert 2 <= server.connections <= 50
        await to.close()


def test_it_works_on_the_loop_that_the_program_runs_in() -> None:
    async def asked() -> Answered:
        async with served(always(said(b"yes"))) as server:
            to = Connections(server.url, {}, 3_000)
            answer = await to.ask("GET", "/")
            await to.close()
            return answer

    with runner() as loop:
        assert loop.run(asked()) == Answered(200, b"yes")


async def test_a_connection_that_was_closed_while_idle_is_replaced() -> None:
    async def once(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(said(b"yes"))
        writer.close()

    async with served(once) as server:
        to = Connections(server.url, {}, 3_000)
        assert [(await to.ask("GET", "/")).content for _ in range(3)] == [b"yes"] * 3
        assert server.connections == 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"this is not HTTP at all\r\n\r\n", "HttpParser"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HttpParser"),
        (b"", "ReadTimeout"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "ReadTimeout"),
    ],
)
async def test_what_is_no_answer_is_silence_and_costs_the_connection(answer: bytes, why: str) -> None:
    async with served(always(answer)) as server:
        to = Connections(server.url, {}, 200)
        for _ in range(2):
            with pytest.raises(BillerSilent, match=why):
                await to.ask("GET", "/")
        assert server.connections == 2, "what comes late on the first belongs to nobody"


async def test_an_answer_that_comes_late_is_not_the_next_ones() -> None:
    later = asyncio.Event()

    async def slow(request: bytes, writer: asyncio.StreamWriter) -> None:
        if b"GET /first" in request:
            await later.wait()
        writer.write(said(request.split(b" ")[1]))

    async with served(slow) as server:
        to = Connections(server.url, {}, 200)
        with pytest.raises(BillerSilent):
            await to.ask("GET", "/first")
        later.set()
        assert await to.ask("GET", "/second") == Answered(200, b"/second")


async def test_an_answer_nobody_asked_for_ends_the_connection() -> None:
    async with served(always(said(b"yes") + said(b"and no"))) as server:
        to = Connections(server.url, {}, 3_000)
        for _ in range(3):
            assert (await to.ask("GET", "/")).content == b"yes"
        assert server.connections == 3


async def test_an_endless_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(biller_connections, "MOST_BYTES", 1_000)
    async with served(always(said(b"x" * 1_001))) as server:
        with pytest.raises(BillerSilent):
            await Connections(server.url, {}, 3_000).ask("GET", "/")


async def test_who_is_not_there_is_silent() -> None:
    async with served(always(b"")) as server:
        url = server.url
    with pytest.raises(BillerSilent, match="no answer"):
        await Connections(url, {}, 1_000).ask("GET", "/")


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        (said(b'{"serial": "S1", "state": "paid", "biller_reference": "E1"}'), Paid("E1")),
        (said(b'{"serial": "S2", "state": "paid", "biller_reference": "E1"}'), Unknown("the answer belongs to another serial")),
        (said(b'{"serial": "S1", "state": "paid"}'), Unknown("the biller says 'paid'")),
        (said(b"\xff\xfe{{{"), Unknown("the answer cannot be read")),
        (said(b"[" * 100_000), Unknown("the answer cannot be read")),
        (said(b"gone", b"410 Gone"), Unknown("HTTP status 410")),
        (said(b"", b"302 Found", b"Location: /\r\n"), Unknown("HTTP status 302")),
    ],
)
async def test_only_a_whole_answer_to_this_very_payment_decides_it(answer: bytes, means: Paid | Unknown) -> None:
    async with served(always(answer)) as server:
        port = BillerHttp(server.url, "token", 2_000)
        assert await port.pay("S1", "B1", "1234567890", 100) == means
        assert await port.inquire_payment("S1") == means
        await port.close()
