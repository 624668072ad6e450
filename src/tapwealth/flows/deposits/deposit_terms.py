"""On what terms deposits stand: the version of their product, the version that is sold now, and the demand rate."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from tapwealth.catalogue import store
from tapwealth.catalogue.definition import ProductKind
from tapwealth.catalogue.version import State, Version
from tapwealth.deposits.deposit import Deposit, DepositRefusal, Renewal, joined, posted, renewed_at
from tapwealth.deposits.notice import Rates
from tapwealth.deposits.product import ChartPart, Demand, DepositParameters, Notice
from tapwealth.flows.deposits.deposit_product import SHAPE
from tapwealth.kernel.clock import shanghai
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
    """The versions of some deposits, what is on sale now of their products, and by product the rates that are posted: of demand deposits
    and of those at notice, which earn what is posted on a day whatever was when they were opened."""

    versions: Mapping[Key, Version]
    sold: Mapping[str, Version]
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
        """On what it goes on from its due day; None where its product is not to be had for it on that day."""
        now = self.sold.get(one.product)
        assert one.due is not None, "it is due"
        if now is None or not now.definition.sale.covers(shanghai(one.due, 23, 59, 59)):
            return None
        rate = renewed_at(one, self.of(one).form, now.definition.parameters)
        return None if rate is None else Renewal(now.version, rate)

    def names(self, one: Deposit) -> tuple[str, str]:
        """Chinese, English."""
        said = self.versions[one.product, one.version].definition.name
        return said.zh, said.en


async def terms_of(tx: Any, rows: Iterable[Deposit]) -> Terms:
    """Three questions to the catalogue, however many deposits."""
    keys = {(one.product, one.version) for one in rows}
    if not keys:
        return Terms({}, {}, {})
    sold = await store.on_sale_of(tx, sorted({product for product, _ in keys}), lambda _kind: SHAPE)
    wanted = keys | {(one.product, one.version) for one in sold.values()}
    versions = await store.versions_at(tx, sorted(wanted), lambda _kind: SHAPE)
    codes = {one.definition.parameters.demand for one in versions.values()} - {""}
    codes |= {one.product for one in versions.values() if isinstance(one.definition.parameters.form, Demand | Notice)}
    return Terms(versions, sold, await charts_of(tx, sorted(codes)))


async def charts_of(tx: Any, codes: Sequence[str]) -> dict[str, Sequence[ChartPart]]:
    """By code, what was posted day by day: that of each version that came on sale, until the chart of a later one begins. A product that
    never was on sale posts nothing."""
    found = await store.versions_of(tx, list(codes), lambda _kind: SHAPE) if codes else {}
    of_sale = {code: [one.definition.parameters.chart for one in versions if one.state in _SOLD] for code, versions in found.items()}
    return {code: joined(charts) for code, charts in of_sale.items() if charts}
