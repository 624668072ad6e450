"""A sealed file is written in pieces: the same octets as at once, and no more records held than a piece."""

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox import messages
from tapwealth.sandbox.messages import Gate, answer_error, body_into, file_answer
from tapwealth.wire import sealed_csv, sorted_csv
from tapwealth.wire.sealed_csv import Sealed, SealedCsv, SealedWriter
from tapwealth.wire.sorted_csv import sort_records

SHAPE = SealedCsv("list of sizes", ("name", "size"), ("size",))
PIECE = 3


def at_once(records: list[tuple[str, str]]) -> bytes:
    """By the format's own words."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("name", "size"), *records])
    content = text.getvalue().encode()
    total = sum(int(size) for _, size in records)
    return content + f"END,{len(records)},{total},{hashlib.sha256(content).hexdigest()}\r\n".encode()


class Pieces(io.BytesIO):
    """Knows the most lines that came at once."""

    most = 0

    def write(self, octets: Any) -> int:
        self.most = max(self.most, octets.count(b"\n"))
        return super().write(octets)


@pytest.mark.parametrize("count", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1])
def test_pieces_make_the_same_file_as_the_whole(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(sealed_csv, "PIECE", PIECE)
    records = [(f"存,{number}", str(number)) for number in range(count)]
    file = Pieces()
    writer = SealedWriter[tuple[str, str]](SHAPE, file, lambda record: record)
    for record in records:
        writer.add(record)
    sealed, whole = writer.end(), at_once(records)
    assert file.getvalue() == whole == SHAPE.write(records)
    assert sealed == Sealed(count, (sum(range(count)),), hashlib.sha256(whole).hexdigest())
    assert file.most <= PIECE
    assert [record for lot in SHAPE.lots(io.BytesIO(whole), PIECE) for record in lot] == [list(record) for record in records]


def test_records_are_put_by_all_that_names_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sorted_csv, "LOT", 2)
    shape = SealedCsv("list of events", ("event", "serial", "size"), ("size",), named_by=2)
    records = [["b", "2", "9"], ["a", "1", "8"], ["b", "1", "7"], ["c", "1", "6"], ["a", "2", "5"]]
    found = sort_records(shape, io.BytesIO(shape.write(records)), tmp_path / "sorted")
    assert list(found) == list(found) == sorted(records)
    with pytest.raises(BadInput, match="list of events: event 'a' serial '2' stands there twice"):
        sort_records(shape, io.BytesIO(shape.write([*records, ["a", "2", "0"]])), tmp_path / "sorted")


async def test_a_partner_takes_and_gives_files_that_are_longer_than_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_BODY_BYTES", 10)
    monkeypatch.setattr(messages, "MAX_FILE_BYTES", 20)
    monkeypatch.setattr(messages, "_PIECE", 7)

    async def message(request: Request) -> Response:
        return Response(await request.body())

    async def file(request: Request) -> Response:
        content = io.BytesIO()
        await body_into(request, content)
        return file_answer(content, "text/csv")

    routes = [Route("/message", message, methods=["PUT"]), Route("/file", file, methods=["PUT"])]
    app = Gate(Starlette(routes=routes, exception_handlers={Exception: answer_error}), "")
    async with httpx.AsyncClient(base_url="http://bank", transport=httpx.ASGITransport(app)) as client:
        given = {path: [await client.put(path, content=b"x" * size) for size in (10, 20, 21)] for path in ("/message", "/file")}
    assert [answer.status_code for answer in given["/message"]] == [200, 413, 413]
    assert [answer.status_code for answer in given["/file"]] == [200, 200, 413]
    assert given["/file"][1].content == b"x" * 20
    assert given["/file"][1].headers["Content-Length"] == "20"
