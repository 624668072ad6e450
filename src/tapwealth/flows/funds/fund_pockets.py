"""What funds can pay right now for whoever names one, or names the pocket: units that are free, as far as the bank's line and the day's cap
reach.

Loaded for a whole batch and drawn down as its decisions fall, so that what one payment takes is gone for the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tapwealth.customers import store as customers
from tapwealth.flows.frame import House, Moment
from tapwealth.flows.funds import pocket
from tapwealth.flows.funds.advance_line import line_of
from tapwealth.flows.funds.pocket import Holding, holding_of
from tapwealth.funds import store
from tapwealth.kernel.parts import Parts, drawn

POCKET = "pocket"
"""In the place of a fund's code: the payer's funds, in their order of use."""
Named = tuple[int, UUID, str]
"""Book, person, and the code of a fund or `POCKET`."""


@dataclass(slots=True)
class Pockets:
    """Free units by holding, the free line by book, and of which funds whoever named something pays."""

    units: dict[Holding, int]
    lines: dict[int, int]
    orders: dict[Named, list[str]]

    def left(self, book: int, person: UUID, named: str) -> int | None:
        """Fen that can be paid; None if there is no such fund."""
        order = self.orders.get((book, person, named))
        if order is None:
            return None
        return max(min(sum(self.units[book, person, code] for code in order), self.lines[book]), 0)

    def take(self, book: int, person: UUID, named: str, units: int) -> Parts:
        """So much is gone for the next: of which funds, the first that covers it alone, else several in their order."""
        if not units:
            return ()
        parts = drawn({code: self.units[book, person, code] for code in self.orders[book, person, named]}, units)
        for code, part in parts:
            self.units[book, person, code] -= part
        self.lines[book] -= units
        return parts


async def open_pockets(house: House, tx: Any, at: Moment, named: Sequence[Named], days: pocket.Days) -> Pockets:
    """Under the locks of the books, of money funds alone, which pay at 1.0000, and while the registrar redeems them. No statement if
    nothing is named."""
    if not named:
        return Pockets({}, {}, {})
    shelf = await store.funds(tx)
    whole = [(book, person) for book, person, what in named if what == POCKET]
    payers = await customers.payers(tx, whole) if whole else {}
    behind = await pocket.behind(house, tx, {one: payers[one[1]].pocket for one in whole})
    alone = {one: holding_of(*one[:2], shelf[one[2]].asset) for one in named if one[2] in shelf and shelf[one[2]].pays}
    wanted = {**behind, **alone}
    accounts = dict(zip(wanted, await house.ledger.find_accounts(tx, list(wanted.values())), strict=True))
    lines = {book: line_of(book) for book, *_ in named}
    free = await house.ledger.free(tx, at.now, [*lines.values(), *(account for account in accounts.values() if account)])
    held = {name: free.get(account, 0) if account else 0 for name, account in accounts.items()}
    spendable = await pocket.spendable(house, tx, days, held, shelf)
    units = {(book, person, code): spendable[person][code] for book, person, code in held if code in spendable.get(person, {})}
    orders = {one: [one[2]] for one in alone}
    orders |= {(*one, POCKET): [name[2] for name in behind if name[:2] == one and name in units] for one in whole}
    return Pockets(units, {book: free.get(line, 0) for book, line in lines.items()}, orders)
