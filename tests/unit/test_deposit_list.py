"""The files that platform and bank give each other of deposits: written, read, and refused in words when they are not whole."""

from datetime import date

import httpx
import pytest
from deposit_lists import ByPieces, answers_in, list_of
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.bank import depository_http
from tapwealth.bank.deposit_list import Answer, AnswerLine, DepositLine, ListEvent, read_list
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.sealed_csv import SealedCsv

DAY = date(2014, 2, 24)
OPENED = DepositLine("s1", "D1", ListEvent.OPENED, "TERM1", "fixed_term", "3m", 10_000_00, 0, DAY)
MATURED = DepositLine("s2", "D2", ListEvent.MATURED, "TERM1", "fixed_term", "3m", 10_000_00, 65_00, DAY)
WHOLE = list_of([OPENED, MATURED])


def test_a_list_reads_as_it_was_written() -> None:
    assert WHOLE.splitlines()[:2] == [
        b"serial,deposit,event,product,form,term,amount,interest,value_date",
        b"s1,D1,opened,TERM1,fixed_term,3m,1000000,0,2014-02-24",
    ]
    assert WHOLE.splitlines()[-1].startswith(b"END,2,2000000,6500,")
    assert read_list(WHOLE) == (OPENED, MATURED)
    assert read_list(list_of([])) == ()


BROKEN = {
    b"": "end line is missing or torn",
    WHOLE[:-1]: "end line is missing or torn",
    WHOLE[:-20]: "end line is missing or torn",
    WHOLE[: len(WHOLE) // 2]: "end line is missing or torn",
    WHOLE + WHOLE: "is doubled",
    WHOLE + b"\r\n": "end line is missing or torn",
    WHOLE.replace(b"\r\n", b"\n"): "end line is missing or torn",
    WHOLE.replace(b"D1", b"D3"): "hash is not that of what stands before it: it was altered",
    WHOLE.replace(b",6500,2014", b",6501,2014"): "it says 6500 for interest, but it is 6501",
    WHOLE.replace(b"END,2,", b"END,3,"): "it says 3 for records, but it is 2",
    WHOLE.replace(b",6500,2014", b",-6500,2014"): "'-6500' is not a whole number",
    WHOLE.replace(b"D1", b"\xff1"): "not UTF-8 at octet",
    WHOLE.replace(b"D1", b'"D1'): "is not CSV",
    WHOLE.replace(b"serial,", b"number,"): "its header is not",
    WHOLE.replace(b"D1,", b"D1,,"): "10 fields instead of 9",
    list_of([OPENED, OPENED]): "'s1' stands there twice",
}


@pytest.mark.parametrize("content", BROKEN, ids=list(BROKEN.values()))
def test_what_is_not_whole_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match=BROKEN[content]) as refused:
        read_list(content)
    assert "\n" not in str(refused.value)


@given(place=st.integers(0, len(WHOLE) - 1), octet=st.integers(0, 255))
def test_any_octet_altered_is_seen(place: int, octet: int) -> None:
    altered = WHOLE[:place] + bytes([octet]) + WHOLE[place + 1 :]
    if altered != WHOLE:
        with pytest.raises(BadInput):
            read_list(altered)


@given(st.binary(max_size=200))
def test_nothing_else_escapes(content: bytes) -> None:
    for read in (read_list, answers_in):
        with pytest.raises(BadInput):
            read(content)


def test_words_that_are_none_are_refused() -> None:
    columns = ("serial", "deposit", "event", "product", "form", "term", "amount", "interest", "value_date")
    shape = SealedCsv("deposit list", columns, ("amount", "interest"))
    with pytest.raises(BadInput, match="'lost' is no event"):
        read_list(shape.write([["s1", "D1", "lost", "TERM1", "fixed_term", "3m", "1", "0", "2014-02-24"]]))
    with pytest.raises(BadInput, match="'2014-2-24' is not a day"):
        read_list(shape.write([["s1", "D1", "opened", "TERM1", "fixed_term", "3m", "1", "0", "2014-2-24"]]))
    answered = SealedCsv("deposit answer", ("serial", "answer", "interest", "paid_by", "reason"), ("interest",))
    said = answered.write([["s2", "accepted", "0", "", ""], ["s1", "differs", "7", "", "two\nlines"]])
    assert answers_in(said) == [AnswerLine("s1", Answer.DIFFERS, 7, "", "two lines"), AnswerLine("s2", Answer.ACCEPTED, 0, "", "")]
    with pytest.raises(BadInput, match="'perhaps' is no answer"):
        answers_in(answered.write([["s1", "perhaps", "7", "", ""]]))


async def test_the_bank_is_given_time_for_each_line_of_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of settlement has a line of every demand deposit; what is small is waited for as for any call."""
    given: list[int] = []
    came: list[tuple[str, int]] = []

    def bank(asked: httpx.Request) -> httpx.Response:
        came.append((asked.headers["Content-Length"], len(asked.content)))
        return httpx.Response(202)

    def client(_url: str, _token: str, timeout_ms: int) -> httpx.AsyncClient:
        given.append(timeout_ms)
        return httpx.AsyncClient(base_url="http://bank", transport=httpx.MockTransport(bank))

    monkeypatch.setattr(depository_http, "partner_client", client)
    port = depository_http.DepositoryHttp("http://bank", "token")
    for octets in (100, 100_000_000):
        assert await port.list_deposits(date(2014, 3, 21), ByPieces(bytes(octets))) == ""
    assert came == [("100", 100), ("100000000", 100_000_000)]
    assert given == [30_000, 430_000]
