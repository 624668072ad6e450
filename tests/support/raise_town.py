"""A town in which a fund with a NAV is raised: what is offered, who subscribes and what they are given."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from bill_town import MONDAY, Person
from fund_town import FundTown, operator
from nav_town import NAV_FUND, shelve_nav_fund
from raise_files import sell_raise

from tapwealth.flows.funds import subscription
from tapwealth.flows.funds.subscription import Placing, Subscribed, SubscribeFund
from tapwealth.funds import raise_store
from tapwealth.funds.raise_store import Raise
from tapwealth.funds.raising import Offering
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.sandbox.registrar import raises as at_registrar

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
OPENS, CLOSES = shanghai(MONDAY, 10), shanghai(TUESDAY, 15)
OFFER = Offering(NAV_FUND, OPENS, CLOSES, 10_000_00, 1_000_00, 500_00, 6_000_00, 5_000_00, 3_500)


async def sell(place: FundTown, offer: Offering) -> Refusal | None:
    return await sell_raise(place.house, lambda login: operator(place, login), offer)


async def offered(place: FundTown, offer: Offering = OFFER, *, open_it: bool = True) -> None:
    """The raise is on the shelf, approved by two, and known to the registrar; its fund has a NAV. It opens now."""
    await shelve_nav_fund(place)
    assert await sell(place, offer) is None
    with place.registrar.store.tx() as tx:
        at_registrar.put(tx, at_registrar.Terms(offer.fund, TUESDAY, offer.target, offer.least, offer.rate))
    if open_it:
        await place.clock(offer.opens_at)


async def people(place: FundTown, *names: str, money: int = 20_000_00) -> list[Person]:
    return [await place.person(name, money) for name in names]


def wants(place: FundTown, person: Person, amount: int, at: datetime | None = None, key: UUID | None = None) -> Placing:
    return Placing(place.envelope(person, at, key), SubscribeFund(NAV_FUND, amount))


async def subscribe(place: FundTown, *placings: Placing) -> list[Subscribed | Refusal]:
    """As the writer does."""
    async with place.house.database.transaction() as tx:
        return await subscription.subscribe(place.house, tx, placings)


def gave(answers: Sequence[Subscribed | Refusal]) -> list[int | str]:
    return [one.code.name if isinstance(one, Refusal) else one.amount for one in answers]


async def stands(place: FundTown) -> Raise:
    async with place.house.database.read() as tx:
        return (await raise_store.raises(tx))[NAV_FUND]
