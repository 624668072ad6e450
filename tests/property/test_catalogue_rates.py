"""Tables of rates by date: whatever rows are written, they are taken if and only if each day from the first on has exactly one value; and a
file that is taken comes out as one that reads the same."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from product_files import FUND_FILE

from tapwealth.catalogue.definition import rate_on
from tapwealth.catalogue.reading import write_definition
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.catalogue.products import read_file
from tapwealth.kernel.refusal import BadInput

FIRST = date(2014, 1, 1)
HEAD, _, REST = FUND_FILE.partition("  - {from: 2014-01-01")
TAIL = REST[REST.index("eligibility:") :]
Row = tuple[int, int, int]
"""First and last day, counted from `FIRST`, and millionths."""


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    """Mostly one row after the other, with a slip here and there; the last one has no end."""
    rows, day = [], 0
    for _ in range(draw(st.integers(1, 5))):
        first = day + draw(st.sampled_from([0, 0, 0, 0, 1, -1]))
        last = first + draw(st.integers(0, 4))
        rows.append((first, last, draw(st.integers(0, 2_000_000))))
        day = last + 1
    return rows


def file(rows: list[Row]) -> bytes:
    lines = []
    for number, (first, last, rate) in enumerate(rows, 1):
        until = "" if number == len(rows) else f"until: {FIRST + timedelta(days=last)}, "
        lines.append(f"  - {{from: {FIRST + timedelta(days=first)}, {until}value: {rate // 10_000}.{rate % 10_000:04d}}}\n")
    return (HEAD + "".join(lines) + TAIL.replace("2014-01-02", "2014-02-01")).encode()


def holding(rows: list[Row], day: int) -> list[int]:
    """What each row says of a day, the last one without an end."""
    return [rate for number, (first, last, rate) in enumerate(rows, 1) if first <= day and (day <= last or number == len(rows))]


@given(tables())
def test_a_table_is_taken_if_each_day_has_one_value(rows: list[Row]) -> None:
    days = range(rows[0][0], max(last for _, last, _ in rows) + 2)
    whole = all(len(holding(rows, day)) == 1 for day in days) and [one[0] for one in rows] == sorted(one[0] for one in rows)
    if not whole:
        with pytest.raises(BadInput, match=r"^line \d+, column \d+ \(rates\.management_fee\["):
            read_file(file(rows))
        return
    definition = read_file(file(rows)).definition
    table = definition.rates["management_fee"]
    assert [[rate_on(table, FIRST + timedelta(days=day))] for day in days] == [holding(rows, day) for day in days]
    written = write_definition(definition, KINDS[definition.kind].shape)
    assert read_file(written).definition == definition
