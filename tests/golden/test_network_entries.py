"""The journal entries between the house and the card network, written out for an accountant: all of it the house's own money."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from tapwealth.clearing import entries
from tapwealth.clearing.entries import ClearingEntry
from tapwealth.kernel.ids import book_of, named
from tapwealth.kernel.money import format_minor
from tapwealth.ledger.chart import BY_KIND, Kind
from tapwealth.ledger.port import JournalEntry

DAY = date(2014, 2, 24)
KEY = named(datetime(2014, 2, 24, tzinfo=UTC), 0, "dispute")


def shown(entry: JournalEntry) -> str:
    (line,) = entry.lines
    debit, credit = (BY_KIND[Kind((account & ((1 << 48) - 1)) % 1000)] for account in (line.debit, line.credit))
    assert debit.mirror is credit.mirror is Kind.OWN_MONEY
    assert entry.book == book_of(entry.key) == 0
    return f"{ClearingEntry(entry.kind).name} Dr {debit.name} / Cr {credit.name} {format_minor(line.amount)}"


@pytest.mark.parametrize(
    ("recipe", "due", "line"),
    [
        (entries.network_fees, 20, "NETWORK_FEES Dr fees in our own money / Cr owed to the card network 0.20"),
        (entries.network_fees, -20, "NETWORK_FEES Dr owed to the card network / Cr fees in our own money 0.20"),
        (entries.disputed, 49_84, "DISPUTED Dr disputed with the card network / Cr owed to the card network 49.84"),
        (entries.disputed, -49_84, "DISPUTED Dr owed to the card network / Cr disputed with the card network 49.84"),
        (entries.mended, 49_84, "MENDED Dr owed to the card network / Cr disputed with the card network 49.84"),
        (entries.mended, -49_84, "MENDED Dr disputed with the card network / Cr owed to the card network 49.84"),
        (entries.conceded, 7, "CONCEDED Dr fees in our own money / Cr disputed with the card network 0.07"),
        (entries.conceded, -7, "CONCEDED Dr disputed with the card network / Cr fees in our own money 0.07"),
    ],
)
def test_what_is_owed_to_the_network(recipe: Callable[[UUID, int, date, int], JournalEntry], due: int, line: str) -> None:
    """Below zero the network owes us, and the entry is the other way round."""
    assert shown(recipe(KEY, due, DAY, 9)) == line


def test_what_is_mended_is_as_if_it_had_not_been_disputed() -> None:
    (there,), (back,) = entries.disputed(KEY, 49_84, DAY, 9).lines, entries.mended(KEY, 49_84, DAY, 9).lines
    assert (there.debit, there.credit, there.amount) == (back.credit, back.debit, back.amount)
