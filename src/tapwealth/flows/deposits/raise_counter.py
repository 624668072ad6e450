"""What a customer's pages show of the bank's wealth products: one of them with its terms, and what an order of it would be."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from tapwealth.catalogue.sale import Offer
from tapwealth.deposits import raise_rules, raise_store
from tapwealth.flows.deposits import raise_catalogue, raise_sale
from tapwealth.flows.deposits.raise_catalogue import Found
from tapwealth.flows.deposits.raise_offer import wealth_offer
from tapwealth.flows.deposits.raise_sale import SubscribeWealth
from tapwealth.flows.deposits.raise_shown import WealthShown, shown_of
from tapwealth.flows.frame import Envelope, House, moment
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import platform_clock


class OnShelf(NamedTuple):
    """A product as it stands, and what who subscribes to it agrees to."""

    shown: WealthShown
    offer: Offer


async def one(tx: Any, product: str, language: str) -> OnShelf | None:
    """None where no raise is of that code."""
    found = await raise_catalogue.find(tx, product)
    return found and OnShelf(shown_of(found, await platform_clock.read(tx)), wealth_offer(found.version, language))


async def planned(house: House, tx: Any, products: Sequence[str]) -> dict[str, date]:
    """When what was formed and has not matured is credited, by the working days as they are known; a year that is not is left out."""
    found = await raise_catalogue.found(tx, await raise_store.raises(tx, products)) if products else {}
    days = {product: _planned(house.calendar, one) for product, one in found.items()}
    return {product: day for product, day in days.items() if day is not None}


def _planned(calendar: Calendar, found: Found) -> date | None:
    one, standing = found.one, found.standing
    if one.matures_on is None or standing.back_on is None or standing.credit_on is not None:
        return None
    try:
        return raise_rules.credit_day(calendar, one.matures_on, one.terms.credit_within, standing.back_on)
    except BadInput:
        return None


class WealthQuoted(NamedTuple):
    """Fen that would be taken of those `asked`, and what they would gain by the expected yield, which nobody promises."""

    asked: int
    given: int
    gain: int
    shelf: OnShelf


async def quote(house: House, envelope: Envelope, command: SubscribeWealth) -> WealthQuoted | Refusal:
    """As the command would be decided at this instant; nothing is moved."""
    async with house.database.read() as tx:
        decided = await raise_sale.decide(house, tx, await moment(tx), envelope, command)
        if isinstance(decided, Refusal):
            return decided
        found, terms = decided.found, decided.found.one.terms
        shelf = OnShelf(shown_of(found, envelope.received_at), wealth_offer(found.version, envelope.language))
    return WealthQuoted(command.amount, decided.given, raise_rules.gain(decided.given, terms.expected, terms.days), shelf)
