"""The journal entry that seals records of sales. Its function's docstring is the recipe."""

from collections.abc import Sequence
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.catalogue.sale import seal_of
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class SaleEntry(IntEnum):
    """Kinds 800 to 809."""

    SALES_SEALED = 800
    SALES_OF_BEFORE_SEALED = 801


def seal_key(first: UUID) -> UUID:
    """The key of the entry that seals sales, the first of which, by id, is that one."""
    return derived(first, "sealed")


def sales_sealed(book: int, first: UUID, digests: Sequence[bytes], day: date, actor: int) -> JournalEntry:
    """Dr sales_recorded / Cr sales_sealed and back, a fen for each record: no money moves. The reference is the seal, so that the records
    hang on the chain."""
    lines = _there_and_back(book, len(digests))
    return JournalEntry(book, seal_key(first), SaleEntry.SALES_SEALED, day, actor, seal_of(digests), lines)


def sales_of_before_sealed(book: int, first: UUID, sales: int, reference: UUID, day: date, actor: int) -> JournalEntry:
    """As `sales_sealed`, once in a book, for the records from before there were seals."""
    key = derived(first, "sealed later")
    return JournalEntry(book, key, SaleEntry.SALES_OF_BEFORE_SEALED, day, actor, reference, _there_and_back(book, sales))


def _there_and_back(book: int, sales: int) -> tuple[Line, Line]:
    recorded, sealed = house_account(book, Kind.SALES_RECORDED, Asset.CNY), house_account(book, Kind.SALES_SEALED, Asset.CNY)
    there = Line(Op.POST, recorded, sealed, Asset.CNY, sales)
    return there, Line(Op.POST, sealed, recorded, Asset.CNY, sales)
