"""What of the premiums was earned at the end of a date, by product: the accountant's figure, reckoned from what has happened to policies.

Nothing is kept by day: premiums of the same days and amount are reckoned as one, whatever their number.
"""

from datetime import date
from typing import Any

import msgspec

from tapwealth.flows.frame import House
from tapwealth.insurance import policy_event_store
from tapwealth.insurance.earning import Earned, unearned


class EarnedShown(msgspec.Struct, frozen=True):
    """Fen: `premium` (taken on less what came back) = `earned` + `unearned`; the same of the house's commission on it, as far as it is
    settled with the insurer."""

    product: str
    premium: int
    earned: int
    unearned: int
    commission: int
    commission_earned: int
    commission_unearned: int


async def earned_on(house: House, tx: Any, day: date) -> list[EarnedShown]:
    """By product."""
    books = list(house.all_books)
    taken, running = await policy_event_store.taken_on(tx, books, day), await policy_event_store.running(tx, books, day)
    shown = []
    for product, (premium, commission) in taken.items():
        left, commission_left = unearned(running.get(product, ()), day)
        one = Earned(premium, left, commission, commission_left)
        shown.append(EarnedShown(product, premium, one.earned, one.unearned, commission, one.commission_earned, one.commission_unearned))
    return shown
