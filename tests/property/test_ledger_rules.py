"""What is malformed is decided once by entry and once, for speed, by column: of every list the two say the same."""

from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.ledger.port import HOUSE, JournalEntry, Line, Op
from tapwealth.ledger.rules import MAX_BIG, MAX_LINES, MAX_SMALL, malformed, plain_and_well_formed

BOOKS = 4
KEY, DAY, LATER = UUID(int=7), date(2014, 2, 24), datetime(2014, 3, 1, tzinfo=UTC)
GOOD = Line(Op.POST, 1, 2, 1, 1)


def about(least: int, most: int) -> st.SearchStrategy[int]:
    """Mostly inside the range, at its ends, and just beyond them."""
    return st.sampled_from([least - 1, least, least, least + 1, most, most + 1])


LINES = st.builds(
    Line,
    st.sampled_from([Op.POST, Op.POST, Op.POST, Op.POST, Op.HOLD, Op.CAPTURE]),
    about(1, MAX_BIG),
    about(2, MAX_BIG),
    about(1, MAX_SMALL),
    about(1, MAX_AMOUNT),
    st.sampled_from([None, None, None, KEY, HOUSE]),
    st.sampled_from([None, None, None, LATER]),
)
ENTRIES = st.builds(
    JournalEntry,
    about(0, BOOKS),
    st.sampled_from([KEY, KEY, KEY, HOUSE]),
    about(1, MAX_SMALL),
    st.just(DAY),
    about(0, MAX_BIG),
    st.none(),
    st.one_of(
        st.lists(LINES, max_size=3).map(tuple),
        st.just((GOOD,)),
        st.sampled_from([MAX_LINES, MAX_LINES + 1]).map(lambda count: (GOOD,) * count),
    ),
)


def entry(*lines: Line, book: int = 1, key: UUID = KEY, kind: int = 1, actor: int = 0) -> JournalEntry:
    return JournalEntry(book, key, kind, DAY, actor, None, lines)


@given(st.lists(ENTRIES, min_size=1, max_size=4))
@example([entry(GOOD), entry(GOOD, GOOD)])
@example([entry(GOOD), entry()])
@example([entry(GOOD), entry(GOOD, book=BOOKS + 1)])
@example([entry(GOOD), entry(GOOD, book=-1)])
@example([entry(GOOD), entry(GOOD, key=HOUSE)])
@example([entry(GOOD), entry(GOOD, kind=0)])
@example([entry(GOOD), entry(GOOD, actor=-1)])
@example([entry(GOOD), entry(GOOD, GOOD._replace(amount=0))])
@example([entry(GOOD), entry(GOOD, GOOD._replace(amount=MAX_AMOUNT + 1))])
@example([entry(GOOD), entry(GOOD._replace(credit=1))])
@example([entry(GOOD), entry(GOOD._replace(asset=0))])
@example([entry(GOOD), entry(GOOD._replace(debit=0))])
@example([entry(GOOD), entry(GOOD._replace(credit=MAX_BIG + 1))])
@example([entry(GOOD), entry(GOOD._replace(hold=KEY))])
@example([entry(GOOD), entry(GOOD._replace(expires_at=LATER))])
@example([entry(*(GOOD,) * MAX_LINES)])
@example([entry(*(GOOD,) * (MAX_LINES + 1))])
def test_a_list_is_judged_by_column_as_entry_by_entry(entries: list[JournalEntry]) -> None:
    only_posting = all(line.op == Op.POST for one in entries for line in one.lines)
    assert plain_and_well_formed(entries, BOOKS) == (only_posting and not any(malformed(one, BOOKS) for one in entries))
