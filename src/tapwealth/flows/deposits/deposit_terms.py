"""On what terms deposits stand: the version of their product, the version that is sold now, and the demand rate."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from tapwealth.catalogue import store
from tapwealth.catalogue.definition import ProductKind
from tapwealth.catalogue.version import State, Version
from tapwealth.deposits.deposit import Deposit, DepositRefusal, Renewal, posted, renewed_at
from tapwealth.deposits.product import ChartPart, DepositParameters
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
    """The versions of some deposits, what is on sale now of their products, and by demand product the chart of its rates."""

    versions: Mapping[Key, Version]
    sold: Mapping[str, Version]
    charts: Mapping[str, Sequence[ChartPart]]

    def of(self, one: Deposit) -> DepositParameters:
        said: DepositParameters = self.versions[one.product, one.version].definition.parameters
        return said

    def demand(self, said: DepositParameters, day: date, amount: int) -> int:
        """Millionths a year that a demand deposit of so much earns on that day."""
        return posted(self.charts.get(said.demand, said.chart), day, amount)

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
    codes = sorted({one.definition.parameters.demand for one in versions.values()} - {""})
    return Terms(versions, sold, await charts_of(tx, codes))


async def charts_of(tx: Any, codes: Sequence[str]) -> dict[str, Sequence[ChartPart]]:
    """Of demand deposits, by code: the chart on sale, or else the last that was. One that never was on sale posts nothing."""
    found = await store.versions_of(tx, list(codes), lambda _kind: SHAPE) if codes else {}
    of_sale = {code: [one for one in versions if one.state in _SOLD] for code, versions in found.items()}
    chosen = {code: next((one for one in some if one.state is State.ON_SALE), some[-1]) for code, some in of_sale.items() if some}
    return {code: one.definition.parameters.chart for code, one in chosen.items()}
