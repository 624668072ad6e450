"""Journal entries of what the parties have of the house's revenue. Each function's docstring is the recipe."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from enum import IntEnum
from uuid import UUID

from tapwealth.acquiring.share_contract import Party, Revenue
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Line, Op


class AcquiringEntry(IntEnum):
    """Kinds 350 to 399."""

    SHARED = 350


SHARE = {Party.BANK: Kind.SHARE_BANK, Party.PHONE_MAKER: Kind.SHARE_PHONE_MAKER}
EARNED = {Revenue.ISSUER: Kind.FEES_OWN, Revenue.ACQUIRER: Kind.FEES_OWN, Revenue.COMMISSION: Kind.COMMISSION_OWN}
"""Where a revenue stands that is shared."""


def shared(book: int, key: UUID, amounts: Mapping[tuple[Revenue, Party], int], day: date, actor: int) -> JournalEntry:
    """Dr fees_own, commission_own / Cr share_bank, share_phone_maker: what each has of the day's fees, and of its commission. The other way
    round where it is a loss."""
    sums: dict[tuple[Party, Kind], int] = defaultdict(int)
    for (revenue, party), amount in amounts.items():
        sums[party, EARNED[revenue]] += amount
    lines = []
    for (party, kind), amount in sorted(sums.items(), key=lambda one: (one[0][1], one[0][0])):
        earned, share = house_account(book, kind, Asset.CNY), house_account(book, SHARE[party], Asset.CNY)
        debit, credit = (earned, share) if amount > 0 else (share, earned)
        if amount:
            lines.append(Line(Op.POST, debit, credit, Asset.CNY, abs(amount)))
    return JournalEntry(book, key, AcquiringEntry.SHARED, day, actor, key, tuple(lines))
