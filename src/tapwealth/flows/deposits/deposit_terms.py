"""On what terms deposits stand: the version of their product, the one that is sold on a day, and the demand rate."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from tapwealth.catalogue import store
from tapwealth.catalogue.definition import ProductKind
from tapwealth.catalogue.version import State, Version
from tapwealth.deposits.deposit import Deposit, DepositRefusal, Renewal, joined, posted, renewed_at
from tapwealth.deposits.notice import Rates
from tapwealth.deposits.product import ChartPart, DepositParameters
from tapwealth.flows.deposits.deposit_product import SHAPE
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.refusal import Refusal

_SOLD = (State.ON_SALE, State.REPLACED, State.CLOSED)
Key = tuple[str, int]
"""Product and version."""


async def on_sale(tx: Any, code: str, now: datetime) -> Version | Refusal:
    """The version of a deposit that is sold at that instant."""
    found = await store.sold_as(tx, ProductKind.DEPOSIT, code, SHAPE)
    if found is not None and found.definition.sale.covers(now):
        return found
    if found is None and await store.kind_of(tx, code) is not ProductKind.DEPOSIT:
        return Refusal(DepositRefusal.UNKNOWN_PRODUCT, "this deposit is not sold here; look at the shelf for those that are")
    return Refusal(DepositRefusal.NOT_SOLD_NOW, f"{code} is not on sale now; look at the shelf for what is")


class Terms(NamedTuple):
    """The versions that ever were on sale of the products of some deposits, by product the oldest first, and the rates that are posted: of
    demand deposits and of those at notice, which earn what is posted on a day whatever was when they were opened."""

    versions: Mapping[Key, Version]
    sold: Mapping[str, Sequence[Version]]
    charts: Mapping[str, Sequence[ChartPart]]

    def of(self, one: Deposit) -> DepositParameters:
        said: DepositParameters = self.versions[one.product, one.version].definition.parameters
        return said

    def demand(self, one: Deposit, day: date, amount: int) -> int:
        """Millionths a year that a demand deposit of so much earns on that day, for such a deposit."""
        said = self.of(one)
        return posted(self.charts.get(said.demand or one.product, said.chart), day, amount)

    def at_notice(self, one: Deposit, day: date) -> Rates:
        """What is posted on that day for a deposit at notice."""
        notice = posted(self.charts.get(one.product, self.of(one).chart), day, one.balance)
        return Rates(notice, self.demand(one, day, one.balance))

    def renewal(self, one: Deposit) -> Renewal | None:
        """On what it goes on from its due day: on what was sold and posted that day, whatever has come on sale since, or has been closed.
        None where its product was not to be had for it on that day."""
        assert one.due is not None, "it is due"
        at = shanghai(one.due, 23, 59, 59)
        then = _sold_at(self.sold.get(one.product, ()), at)
        if then is None or not then.definition.sale.covers(at):
            return None
        rate = renewed_at(one, self.of(one).form, then.definition.parameters)
        return None if rate is None else Renewal(then.version, rate)

    def names(self, one: Deposit) -> tuple[str, str]:
        """Chinese, English."""
        said = self.versions[one.product, one.version].definition.name
        return said.zh, said.en


def _sold_at(versions: Sequence[Version], at: datetime) -> Version | None:
    """What was on sale of a product at that instant, or before that where the chart on sale began later; None if it was closed."""
    over = [one.state is not State.ON_SALE and one.since is not None and one.since <= at for one in versions]
    if all(over):
        return None
    until, day = over.index(False) + 1, business_date_of(at)
    posted_by = (one for one in reversed(versions[:until]) if one.definition.parameters.chart[0].first <= day)
    then = next(posted_by, None)
    return None if then is None or (over[versions.index(then)] and then.state is State.CLOSED) else then


async def terms_of(tx: Any, rows: Iterable[Deposit]) -> Terms:
    """Two questions to the catalogue, however many deposits."""
    products = sorted({one.product for one in rows})
    if not products:
        return Terms({}, {}, {})
    ever = await ever_sold(tx, products)
    versions = {(one.product, one.version): one for of in ever.values() for one in of}
    codes = {one.definition.parameters.demand for one in versions.values()} - {"", *products}
    return Terms(versions, ever, _charts({**ever, **await ever_sold(tx, sorted(codes))}))


async def ever_sold(tx: Any, codes: Sequence[str]) -> dict[str, list[Version]]:
    """By code the versions that came on sale, the oldest first."""
    found = await store.versions_of(tx, list(codes), lambda _kind: SHAPE) if codes else {}
    return {code: [one for one in versions if one.state in _SOLD] for code, versions in found.items()}


async def charts_of(tx: Any, codes: Sequence[str]) -> dict[str, Sequence[ChartPart]]:
    """By code, what was posted day by day: that of each version that came on sale, until the chart of a later one begins. A product that
    never was on sale posts nothing."""
    return _charts(await ever_sold(tx, codes))


def _charts(ever: Mapping[str, Sequence[Version]]) -> dict[str, Sequence[ChartPart]]:
    return {code: joined([one.definition.parameters.chart for one in versions]) for code, versions in ever.items() if versions}
