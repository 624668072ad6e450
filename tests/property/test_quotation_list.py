"""A list of quotations: what is written is read, and whatever else is handed in is a clear refusal."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tapwealth.funds.quotation_list import DECIMALS, Listed, read_list
from tapwealth.kernel.refusal import BadInput

FIGURES = some.integers(1, 10**9)
LINES = some.lists(
    some.tuples(
        some.from_regex(r"[0-9]{6}", fullmatch=True),
        some.dates(date(2000, 1, 1), date(2099, 12, 31)),
        some.dictionaries(some.sampled_from(sorted(DECIMALS)), FIGURES, min_size=1),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda line: line[:2],
)


def written(value: int, decimals: int) -> str:
    return f"{value // 10**decimals}.{value % 10**decimals:0{decimals}d}"


@given(LINES, some.permutations(["fund", "day", *DECIMALS]), some.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read(lines: list[tuple[str, date, dict[str, int]]], columns: list[str], end: str) -> None:
    text = ",".join(columns) + end
    for fund, day, figures in lines:
        cells = {"fund": fund, "day": str(day), **{name: written(value, DECIMALS[name]) for name, value in figures.items()}}
        text += ",".join(cells.get(name, "") for name in columns) + end
    assert [(one.fund, one.day, one.figures) for one in read_list(text.splitlines(keepends=True))] == lines


@given(some.text(max_size=200) | some.text(alphabet='funday,nv0.1-"\n\r 2', max_size=200).map("fund,day,nav\n".__add__))
def test_anything_else_is_a_clear_refusal(text: str) -> None:
    try:
        found = read_list(text.splitlines())
    except BadInput as error:
        assert "lines" in str(error)  # noqa: PT017 - most of what is drawn is refused, and some is not
    else:
        assert all(isinstance(one, Listed) for one in found)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("110022,2014-02-24,1,0432", "4 columns, expected 3"),
        ("110022,2014-02-24,1.04321", "at most 4 decimals"),
        ("110022,2014-02-24,-1.0432", "without signs"),
        ("110022,2014-02-24,0.0000", "worth nothing"),
        ("110022,2014-02-24,１.0432", "at most 4 decimals"),
        ("11022,2014-02-24,1.0432", "six digits"),
        ("110022,20140224,1.0432", "write it like 2014-02-24"),
        ("110022,2014-02-30,1.0432", "write it like 2014-02-24"),
        ('110022,2014-02-24,"1.0432', "it is no CSV text"),
    ],
)
def test_a_wrong_line_is_named(line: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_list(["fund,day,nav", "110011,2014-02-24,1.0000", line])
    assert said in str(caught.value)
    assert "lines, 3" in str(caught.value)
