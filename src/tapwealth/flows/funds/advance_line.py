"""The bank's advance line over the books: levelled by the worker, and for a book that is asked for more than it has.

Each book judges by its own share, so that nobody waits for another book; what is free of the line moves between books with its cover, and
at the bank nothing moves. What was used comes back to the book that used it (`advance_outcomes`).
"""

from collections.abc import Mapping
from typing import Any

from tapwealth.bank import entries
from tapwealth.bank.advance_line import Move, levelled
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, must_post
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import Kind, house_account


def line_of(book: int) -> int:
    """The ledger account of a book's share; of the house's book, what no book has."""
    return house_account(book, Kind.ADVANCE_PAYABLE, Asset.CNY)


async def level(house: House, need: Mapping[int, int] | None = None) -> list[str]:
    """Move what is free to the books that have little, or less than is asked of them (`need`, fen by book). Returns what was moved, in
    words; looks before it takes any lock."""
    async with house.database.read() as tx:
        if not await _moves(house, tx, await moment(tx), need or {}):
            return []
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        moves = await _moves(house, tx, at, need or {})
        day, actor = at.open_date(business_date_of(at.now)), await actor_number(tx, HOUSE_BOOK, PLATFORM)
        moved = {account: one.totals.debits for account, one in (await house.ledger.balances(tx, _lines(house))).items()}
        for one in moves:
            giver, taker = line_of(one.giver), line_of(one.taker)
            key = named(at.now, HOUSE_BOOK, f"advance line:{one.giver}:{one.taker}:{moved.get(giver, 0)}")
            await must_post(house, tx, at, entries.allotted(giver, taker, NUMBER_OF[Kind.ADVANCE], one.amount, key, day, actor))
            moved[giver] = moved.get(giver, 0) + one.amount
    return [f"{format_minor(one.amount)} yuan of the advance line from book {one.giver} to {one.taker}" for one in moves]


def _lines(house: House) -> list[int]:
    return [line_of(book) for book in (HOUSE_BOOK, *house.all_books)]


async def _moves(house: House, tx: Any, at: Moment, need: Mapping[int, int]) -> list[Move]:
    free = await house.ledger.free(tx, at.now, _lines(house))
    return levelled(max(free.get(line_of(HOUSE_BOOK), 0), 0), {book: max(free.get(line_of(book), 0), 0) for book in house.all_books}, need)
