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


def seal_key(first: UUID) -> UUID:
    """The key of the entry that seals sales, the first of which, by id, is that one."""
    return derived(first, "sealed")


def sales_sealed(book: int, first: UUID, digests: Sequence[bytes], day: date, actor: int) -> JournalEntry:
    """Dr sales_recorded / Cr sales_sealed and back, a fen for each record: no money moves. The reference is the seal, so that the records
    hang on the chain."""
    recorded, sealed = house_account(book, Kind.SALES_RECORDED, Asset.CNY), house_account(book, Kind.SALES_SEALED, Asset.CNY)
    there = Line(Op.POST, recorded, sealed, Asset.CNY, len(digests))
    back = Line(Op.POST, sealed, recorded, Asset.CNY, len(digests))
    return JournalEntry(book, seal_key(first), SaleEntry.SALES_SEALED, day, actor, seal_of(digests), (there, back))
