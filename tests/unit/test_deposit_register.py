"""The bank's register of deposits is read in lots: whole, by number, and with no more in memory than a lot."""

import tracemalloc
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.bank.deposit_register import Register, read_register
from tapwealth.flows.deposits.depository import side_by_side
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire import sorted_csv
from tapwealth.wire.sealed_csv import SealedCsv

SHAPE = SealedCsv("deposit register", ("deposit", "balance"), ("balance",))
LINES = [("D1", 100), ("D2", 0), ("D3", 7), ("D存", 9), ("d,1", 4)]


def written(lines: list[tuple[str, int]]) -> bytes:
    return SHAPE.write([(deposit, str(balance)) for deposit, balance in lines])


WHOLE = written(LINES)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_csv, "LOT", 2)


def read(content: bytes, folder: Path) -> Register:
    return read_register(BytesIO(content), folder)


def test_lines_come_by_number_however_they_are_written(tmp_path: Path) -> None:
    register = read(WHOLE, tmp_path)
    assert (list(register), len(register.records.runs)) == (LINES, 1)
    assert list(register) == LINES, "it is read as often as one likes"
    for order in ([4, 3, 2, 1, 0], [0, 2, 1, 4, 3]):
        assert list(read(written([LINES[place] for place in order]), tmp_path)) == LINES
    assert list(read(written([]), tmp_path)) == []


@pytest.mark.parametrize("places", [(0, 0, 1), (0, 1, 1, 2), (0, 1, 2, 3, 0)])
def test_a_number_that_stands_there_twice_is_refused_wherever(tmp_path: Path, places: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match=r"deposit register: deposit 'D[12]' stands there twice"):
        read(written([LINES[place] for place in places]), tmp_path)


BROKEN = {
    b"": "end line is missing or torn",
    WHOLE[:-1]: "end line is missing or torn",
    WHOLE[:-20]: "end line is missing or torn",
    WHOLE + WHOLE: "is doubled",
    WHOLE.replace(b"D2", b"D4"): "hash is not that of what stands before it: it was altered",
    WHOLE.replace(b"D1,100", b"D1,101"): "it says 120 for balance, but it is 121",
    WHOLE.replace(b"END,5,", b"END,6,"): "it says 6 for records, but it is 5",
    WHOLE.replace(b"D3,7", b"D3,-7"): "record 4 balance: '-7' is not a whole number",
    WHOLE.replace(b"D3", b"\xff3"): "not UTF-8 at octet 31 of its text",
    WHOLE.replace(b"D3", b'"D3'): "is not CSV",
    WHOLE.replace(b"deposit,", b"number,"): "its header is not",
    WHOLE.replace(b"D3,", b"D3,,"): "record 4: 3 fields instead of 2",
}


@pytest.mark.parametrize("content", BROKEN, ids=list(BROKEN.values()))
def test_what_is_not_whole_is_refused_in_the_same_words_as_if_it_were_read_at_once(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadInput, match=BROKEN[content]) as refused:
        read(content, tmp_path)
    with pytest.raises(BadInput) as at_once:
        SHAPE.read(content)
    assert str(refused.value) == str(at_once.value)


@given(place=st.integers(0, len(WHOLE) - 1), octet=st.integers(0, 255))
def test_any_octet_altered_is_seen(place: int, octet: int) -> None:
    altered = WHOLE[:place] + bytes([octet]) + WHOLE[place + 1 :]
    if altered != WHOLE:
        with pytest.raises(BadInput):
            list(SHAPE.lots(BytesIO(altered), 2))


@given(st.binary(max_size=200))
def test_nothing_else_escapes(content: bytes) -> None:
    with pytest.raises(BadInput):
        list(SHAPE.lots(BytesIO(content), 2))


def test_a_line_without_end_is_not_held(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="its end line is missing or torn"):
        read(b"x" * 1_000_000, tmp_path)


def test_what_is_in_memory_does_not_grow_with_the_register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_csv, "LOT", 100)
    assert _peak(tmp_path, 8_000) < 1.1 * _peak(tmp_path, 4_000)


def _peak(folder: Path, count: int) -> int:
    file = folder / "register"
    file.write_bytes(written([(f"DEP-{number:012}", number) for number in range(count)]))
    with file.open("rb") as content:
        tracemalloc.start()
        try:
            assert sum(1 for _ in read_register(content, folder)) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


numbers = st.dictionaries(st.text("ABC", min_size=1, max_size=2), st.integers(1, 3), max_size=8)


@given(ours=numbers, theirs=numbers)
async def test_both_sides_are_compared_by_number_and_held_one_at_a_time(ours: dict[str, int], theirs: dict[str, int]) -> None:
    taken = [0, 0]

    async def here() -> AsyncIterator[tuple[str, int]]:
        for line in sorted(ours.items()):
            taken[0] += 1
            yield line

    def there() -> Iterator[tuple[str, int]]:
        for line in sorted(theirs.items()):
            taken[1] += 1
            yield line

    found = []
    async for deposit, one, other in side_by_side(here(), there()):
        found.append((deposit, one, other))
        passed = [sum(number <= deposit for number in side) for side in (ours, theirs)]
        assert all(count <= before + 1 for count, before in zip(taken, passed, strict=True)), "nothing is read ahead"
    assert found == [(deposit, ours.get(deposit), theirs.get(deposit)) for deposit in sorted(ours.keys() | theirs.keys())]
