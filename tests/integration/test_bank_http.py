"""The bank's HTTP as another bank may speak it: any 2xx is stored, everything else is sent again, whatever a proxy variable says."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tapwealth.bank.bank_http import BankHttp
from tapwealth.kernel.refusal import Outage

DAY = date(2014, 2, 24)


@contextmanager
def bank_that_answers(status: int, content: bytes = b"") -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and what it got."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            got.append(self.rfile.read(int(self.headers.get("content-length", 0))))
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET = _answer

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_2xx_means_stored(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with bank_that_answers(status, b"thanks") as (address, got):
        await BankHttp(address, "token").send(b"<Document/>")
    assert got == [b"<Document/>"]


@pytest.mark.parametrize("status", [302, 400, 409, 500, 503])
async def test_anything_else_is_to_be_sent_again(status: int) -> None:
    with (
        bank_that_answers(status, b"no\nnot now") as (address, _),
        pytest.raises(Outage, match=f"the bank does not take the message .{status}"),
    ):
        await BankHttp(address, "token").send(b"<Document/>")


async def test_a_statement_is_there_or_not_yet_or_it_is_an_outage() -> None:
    with bank_that_answers(200, b"<Document/>") as (address, _):
        assert await BankHttp(address, "token").statement("0100000001", DAY) == b"<Document/>"
    with bank_that_answers(404) as (address, _):
        assert await BankHttp(address, "token").statement("0100000001", DAY) is None
    with bank_that_answers(500) as (address, _), pytest.raises(Outage, match="no statement of 0100000001 for 2014-02-24"):
        await BankHttp(address, "token").statement("0100000001", DAY)
    with pytest.raises(Outage, match="cannot be reached"):
        await BankHttp("http://127.0.0.1:9", "token").statement("0100000001", DAY)
