"""Journal entries of what the parties have of the card fees. Each function's docstring is the recipe."""

from collections.abc import Mapping
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.acquiring.share_contract import Party
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class AcquiringEntry(IntEnum):
    """Kinds 350 to 399."""

    SHARED = 350


SHARE = {Party.BANK: Kind.SHARE_BANK, Party.PHONE_MAKER: Kind.SHARE_PHONE_MAKER}


def shared(book: int, key: UUID, amounts: Mapping[Party, int], day: date, actor: int) -> JournalEntry:
    """Dr fees_own / Cr share_bank, share_phone_maker: what each has of the day's fees. The other way round where it is a loss."""
    fees = house_account(book, Kind.FEES_OWN, Asset.CNY)
    lines = []
    for party, amount in sorted(amounts.items()):
        share = house_account(book, SHARE[party], Asset.CNY)
        debit, credit = (fees, share) if amount > 0 else (share, fees)
        if amount:
            lines.append(Line(Op.POST, debit, credit, Asset.CNY, abs(amount)))
    return JournalEntry(book, key, AcquiringEntry.SHARED, day, actor, key, tuple(lines))
