"""The network's files: what is written is read, and whatever is torn, altered or lying is refused with its line."""

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.clearing_file import Direction, Item, ItemKind, NetworkFile, position_of, write_network_file

HOUSE, OTHER = "04031000", "01020000"
DAY = date(2014, 2, 24)
CODE = "ABCDEFGHJK0123456789"


def text(length: int, alphabet: str = CODE) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=length, max_size=length)


ITEMS = st.builds(
    Item,
    st.sampled_from(ItemKind),
    text(12),
    st.sampled_from((HOUSE, OTHER)),
    text(15),
    text(8),
    text(6, "0123456789"),
    text(6),
    text(4, "0123456789"),
    st.integers(1, 10**12),
    st.dates(date(2010, 1, 1), date(2030, 12, 31)),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.one_of(st.just(""), text(12)),
)


def item(amount: int, **changes: object) -> Item:
    sale = {
        "kind": ItemKind.PRESENTMENT, "rrn": "000000000017", "acquirer": HOUSE, "merchant_number": "898110058120001",
        "terminal_number": "11000001", "stan": "000001", "authorisation_code": "123456", "category_code": "5812", "amount": amount,
        "original_date": DAY, "interchange": 10, "issuer_fee": 1, "acquirer_fee": 2,
    }  # fmt: skip
    return Item(**{**sale, **changes})  # type: ignore[arg-type] # the fields of an item


def read(content: bytes) -> tuple[NetworkFile, list[Item]]:
    file = NetworkFile(BytesIO(content))
    return file, list(file)


def refusal_of(content: bytes) -> str:
    """Why it is refused; empty if it is not. Anything but BadInput escapes."""
    try:
        read(content)
    except BadInput as error:
        return str(error)
    return ""


TWO = write_network_file(Direction.CLEARED, HOUSE, DAY, 1, [item(28_50), item(50_00, stan="000002")])


def relabelled(content: bytes, line: int, cell: int, value: str) -> bytes:
    """One field changed and the hash made anew: a lie, not damage."""
    lines = content.decode().splitlines()
    cells = lines[line].split("|")
    cells[cell] = value
    lines[line] = "|".join(cells)
    body = "".join(f"{one}\n" for one in lines[:-1]).encode()
    return body + f"{lines[-1].rpartition('|')[0]}|{hashlib.sha256(body).hexdigest()}\n".encode()


@given(st.sampled_from(Direction), st.lists(ITEMS, max_size=8), st.integers(1, 9_999), st.dates(date(2010, 1, 1), date(2030, 12, 31)))
def test_what_is_written_is_read(direction: Direction, items: Sequence[Item], sequence: int, day: date) -> None:
    file, found = read(write_network_file(direction, HOUSE, day, sequence, items))
    assert found == list(items)
    assert (file.header.direction, file.header.institution, file.header.day) == (direction, HOUSE, day)
    assert (file.header.sequence, file.header.count, file.header.total) == (sequence, len(items), sum(one.amount for one in items))
    assert file.position == position_of(direction, HOUSE, items)


@given(st.lists(ITEMS, max_size=4), st.data())
def test_a_file_that_is_cut_anywhere_is_refused(items: Sequence[Item], data: st.DataObject) -> None:
    content = write_network_file(Direction.CLEARED, HOUSE, DAY, 1, items)
    assert "line" in refusal_of(content[: data.draw(st.integers(0, len(content) - 1))])


@given(st.lists(ITEMS, max_size=4), st.data())
def test_a_file_with_one_byte_changed_is_refused(items: Sequence[Item], data: st.DataObject) -> None:
    content = bytearray(write_network_file(Direction.CLEARED, HOUSE, DAY, 1, items))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    assert refusal_of(bytes(content))


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(content: bytes) -> None:
    said = refusal_of(content)
    assert said
    assert "\n" not in said


@given(st.lists(ITEMS, min_size=2, max_size=5), st.data())
def test_a_line_too_few_or_too_many_is_refused(items: Sequence[Item], data: st.DataObject) -> None:
    lines = write_network_file(Direction.CLEARED, HOUSE, DAY, 1, items).splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    assert refusal_of(b"".join(lines[:at] + lines[at + 1 :]))
    assert refusal_of(b"".join([*lines[:at], lines[at], *lines[at:]]))


@pytest.mark.parametrize(
    ("line", "cell", "value", "said"),
    [
        (0, 7, "3", "line 4: 2 items, but the header says 3 and the trailer 2"),
        (0, 8, "7851", "line 4: 7850 fen in all, but the header says 7851 and the trailer 7850"),
        (1, 8, "2851", "line 4: 7851 fen in all"),
        (3, 1, "1", "line 4: 2 items, but the header says 2 and the trailer 1"),
        (3, 2, "7849", "line 4: 7850 fen in all"),
        (3, 3, "-6", "line 4: the items come to a position of 6 fen, but the trailer says -6"),
        (1, 13, "3", "line 4: the items come to a position of 7 fen, but the trailer says 6"),
        (1, 0, "Q", "line 2 kind: 'Q' is no kind"),
        (1, 8, "0", "line 2 amount: 0 is not from 1"),
        (1, 8, "28.50", "line 2 amount: '28.50' is no amount"),
        (1, 8, str(MAX_AMOUNT + 1), "line 2 amount: "),
        (1, 9, "840", "line 2 currency: '840' is no currency"),
        (1, 10, "20140230", "line 2 original date: '20140230' is no date"),
        (1, 1, "17", "line 2 reference: '17' is no reference"),
        (0, 0, "TWNG", "line 1: this is no header of a network file"),
        (0, 1, "2", "line 1: this is no header of a network file"),
        (0, 2, "X", "line 1 direction: 'X' is no direction"),
        (0, 6, "0000", "line 1 sequence: 0 is not from 1"),
    ],
)
def test_a_lie_is_refused_with_its_place(line: int, cell: int, value: str, said: str) -> None:
    assert said in refusal_of(relabelled(TWO, line, cell, value))


def test_damage_is_told_from_a_lie() -> None:
    assert "the file was altered on its way" in refusal_of(TWO.replace(b"|2850|", b"|2851|"))
    assert "torn: it ends without its trailer" in refusal_of(TWO[:-1])
    assert "something follows the trailer" in refusal_of(TWO + b"\n")


def test_reading_takes_no_more_than_a_line_at_a_time() -> None:
    """A line without an end is not read to its end."""

    class Endless(BytesIO):
        taken = 0

        def readline(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert 0 < size < 1_000
            self.taken += size
            return b"7" * size

    endless = Endless()
    with pytest.raises(BadInput, match="longer than 256 bytes"):
        NetworkFile(endless)
    assert endless.taken < 1_000


def test_who_owes_whom_by_an_item() -> None:
    """On both sides of one house the amount evens out, and both fees are left; of another acquirer's sale the issuer keeps interchange."""
    own, others = item(100_00), item(100_00, acquirer=OTHER)
    assert own.due(HOUSE) == 1 + 2
    assert others.due(HOUSE) == 100_00 - 10 + 1
    assert [item(100_00, kind=kind, acquirer=OTHER).due(HOUSE) for kind in ItemKind] == [99_91, -99_91, -99_91, 99_91]
    assert position_of(Direction.PRESENTED, HOUSE, [own, others]) == 0


def test_the_file_on_the_page_is_one() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/reference/clearing-file.md").read_text()
    (example,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    file, (found,) = read(example.encode())
    assert (found.amount, file.position) == (28_50, 2)
