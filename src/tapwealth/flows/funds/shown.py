"""The audit of what a holder sees: cost, income and return are made of orders, dividends and income, and each of these must be what the
ledger moved.

A holding is worth its units, which the ledger has. What was paid in and what came back is by orders and dividends: of each holding the
units, by what they were for, and of each own customer's order the money. Income is what was posted for the holder, and its share of each
spread: here that every spread of income is one day of a fund's, and no other; the shares themselves are the ledger's audit's. So is an
archived year whose file is lost: units that need it are then not compared. What of a money fund's growth is kept by month is what its days
give.
"""

from collections import Counter, defaultdict
from typing import Any

from tapwealth.flows.frame import HOUSE_BOOK
from tapwealth.funds import quotation_store, shown_store
from tapwealth.ledger.archives import Archives, Year
from tapwealth.ledger.findings import Finding, Wrong, at_line
from tapwealth.storage.archive_folder import ArchiveLost


async def shown_findings(tx: Any, book: int, archives: Archives) -> list[Finding]:
    """What a book's holders are shown otherwise than the ledger moved it. Raises Outage if files are needed and nobody knows where."""

    def wrong(detail: str) -> Finding:
        return Finding(Wrong.SHOWN_CHANGED, book, None, None, detail)

    archived = await _archived(tx, book, archives)
    units = [] if archived is None else await shown_store.units(tx, book, archived)
    found = [
        wrong(f"account {row['account']}: the ledger moved {row['moved']} as {row['what']}, orders, dividends and income say {row['said']}")
        for row in units
    ]
    found += [
        wrong(f"order {row['serial']}: the ledger moved {row['moved']} fen for it, it says {row['said']}")
        for row in await shown_store.money(tx, book)
    ]
    if book == HOUSE_BOOK:
        found += [
            wrong(f"{fund}: what a yuan had become by {month} is not what its quotations give")
            for fund, month in await quotation_store.growth_differs(tx)
        ]
    return found + [
        at_line(Wrong.SHOWN_CHANGED, book, no, "it is not the day of income that is noted of it")
        for no in await shown_store.income_spreads(tx, book)
    ]


async def _archived(tx: Any, book: int, archives: Archives) -> Counter[int] | None:
    """By account, the units that spreads of archived years gave for orders; None: a file of these is lost."""
    lines: dict[Year, set[int]] = defaultdict(set)
    for asset, year, no in await shown_store.archived_purchases(tx, book):
        lines[Year(book, asset, year)].add(no)
    units: Counter[int] = Counter()
    try:
        for name, numbers in lines.items():
            with archives.reading(name) as file:
                places = [place for place, one in enumerate(file.spreads) if one.no in numbers]
                for part in file.parts():
                    for slot, amounts in enumerate(part.amounts):
                        units[(part.number << 8) + slot] += sum(amounts[place] or 0 for place in places)
    except ArchiveLost:
        return None
    return +units
