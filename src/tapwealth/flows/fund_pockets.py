"""What funds can pay right now for whoever names one: units that are free, as far as the bank's line and the day's cap reach.

Loaded for a whole batch and drawn down as its decisions fall, so that what one payment takes is gone for the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tapwealth.flows import instant_cap
from tapwealth.flows.advance_line import line_of
from tapwealth.flows.frame import House, Moment
from tapwealth.flows.pocket import holding_of
from tapwealth.funds import store
from tapwealth.kernel.clock import business_date_of

Named = tuple[int, UUID, str]
"""Book, person, code of the fund."""


@dataclass(slots=True)
class Pockets:
    """Free units by pocket, and the free line by book."""

    units: dict[Named, int]
    lines: dict[int, int]

    def left(self, book: int, person: UUID, fund: str) -> int | None:
        """Fen that the fund can pay; None if there is no such fund."""
        units = self.units.get((book, person, fund))
        return None if units is None else max(min(units, self.lines[book]), 0)

    def take(self, book: int, person: UUID, fund: str, units: int) -> None:
        """So much is gone for the next."""
        if units:
            self.units[book, person, fund] -= units
            self.lines[book] -= units


async def open_pockets(house: House, tx: Any, at: Moment, named: Sequence[Named]) -> Pockets:
    """Under the locks of the books, of money funds alone, which pay at 1.0000, and while the registrar redeems them. No statement if no
    fund is named."""
    if not named:
        return Pockets({}, {})
    shelf = {code: fund for code, fund in (await store.funds(tx)).items() if fund.pays}
    known = [one for one in named if one[2] in shelf]
    holdings = [holding_of(book, person, shelf[fund].asset) for book, person, fund in known]
    accounts = dict(zip(known, await house.ledger.find_accounts(tx, holdings), strict=True))
    lines = {book: line_of(book) for book, *_ in known}
    free = await house.ledger.free(tx, at.now, [*lines.values(), *(account for account in accounts.values() if account)])
    units = {one: free.get(account, 0) if account else 0 for one, account in accounts.items()}
    await _keep_within_the_cap(house, tx, at, units)
    return Pockets(units, {book: free.get(line, 0) for book, line in lines.items()})


async def _keep_within_the_cap(house: House, tx: Any, at: Moment, units: dict[Named, int]) -> None:
    for fund in sorted({code for *_, code in units}):
        people = [(book, person) for book, person, code in units if code == fund]
        left: Mapping[UUID, int] = await instant_cap.left_to_spend(tx, house.rule_set, people, fund, business_date_of(at.now))
        units.update({(*one, fund): min(units[*one, fund], left[one[1]]) for one in people if one[1] in left})
