"""A fund with a NAV for the fund town: on our shelf under its conditions, at the sandbox's registrar under the same terms."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from bill_town import Person
from fund_files import a_fund, decide, put_on_sale
from fund_town import CHANNELS, OWN, REGISTRAR, FundTown, operator

from tapwealth.flows import setup
from tapwealth.funds import lots_store, store
from tapwealth.funds.conditions import Conditions, Discount, FundKind, PurchaseFee, RedemptionFee
from tapwealth.funds.product import FundChannel
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.sandbox.registrar import shelf

NAV_FUND, NAV_UNITS = "110022", Asset(3)
CONDITIONS = Conditions(
    deviation_gate=5_000,
    kind=FundKind.NAV,
    purchase_fees=[PurchaseFee(0, 15_000), PurchaseFee(5_000_000_00, fixed=1_000_00)],
    redemption_fees=[RedemptionFee(7, 15_000), RedemptionFee(30, 5_000), RedemptionFee(None, 0)],
    discounts=[Discount(OWN, 100_000)],
)
"""1.5 % outside, of which ours take a tenth; 1.5 % of what is younger than seven days, 0.5 % below thirty."""


async def agreed(place: FundTown, proposal: Any, key: str = "", by: str = "pm.zhou", approver: str = "ops.chen") -> None:
    """Proposed by one, approved by another."""
    proposed = await setup.propose(place.house, operator(place, by, f"propose {key}" if key else ""), proposal)
    assert not isinstance(proposed, Refusal), proposed
    approved = await setup.approve(
        place.house, operator(place, approver, f"approve {key}" if key else ""), setup.Approve(proposed.proposal)
    )
    assert not isinstance(approved, Refusal), approved


async def shelve_nav_fund(
    place: FundTown,
    conditions: Conditions = CONDITIONS,
    code: str = NAV_FUND,
    asset: Asset = NAV_UNITS,
    channels: Mapping[str, FundChannel] = CHANNELS,
    risk_level: int = 1,
) -> None:
    """R1, so that nobody is asked first. Its units are the ledger's next."""
    custody = f"02000000{int(asset):02d}"
    named = (code, f"消费行业{code}", "Consumption", channels, conditions)
    fund = a_fund(*named, risk_level=risk_level, custody_account=custody, registrar=REGISTRAR)
    assert await put_on_sale(place.house, lambda login: operator(place, login), fund) is None
    async with place.house.database.read() as tx:
        assert (await store.funds(tx))[code].asset == asset
    _told_to_the_registrar(place, conditions, code)


async def decided(place: FundTown, conditions: Conditions, code: str = NAV_FUND) -> None:
    """The conditions stand here, and their terms at the registrar."""
    assert await decide(place.house, lambda login: operator(place, login), code, conditions) is None
    _told_to_the_registrar(place, conditions, code)


def _told_to_the_registrar(place: FundTown, conditions: Conditions, code: str) -> None:
    with place.registrar.store.tx() as tx:
        shelf.put(tx, terms_at_registrar(conditions, code))


def terms_at_registrar(conditions: Conditions, code: str) -> shelf.Terms:
    """The same terms, as the sandbox's registrar takes them."""
    return msgspec.convert(
        {
            "code": code, "name": f"消费行业{code}", "confirmation_days": conditions.confirmation_days,
            "rounding": str(conditions.rounding),
            "purchase_fees": msgspec.to_builtins(conditions.purchase_fees),
            "redemption_fees": msgspec.to_builtins(conditions.redemption_fees),
            "discounts": {one.channel: one.remains for one in conditions.discounts},
        },
        shelf.Terms,
    )  # fmt: skip


def quote(place: FundTown, day: date, nav: int, code: str = NAV_FUND) -> None:
    """The registrar knows the price of a day; it tells it with the next morning's 07."""
    with place.registrar.store.tx() as tx:
        shelf.quote(tx, code, day, nav)


async def holding_of(place: FundTown, person: Person, asset: Asset = NAV_UNITS) -> int:
    """Units (1/100) in the ledger."""
    wanted = [NewAccount(person.book, Kind.HOLDING, person.id, asset, Limit.DEBITS_WITHIN_CREDITS)]
    async with place.house.database.read() as tx:
        (account,) = await place.house.ledger.find_accounts(tx, wanted)
    return 0 if account is None else (await place.owed(account))[0]


async def lots_of(place: FundTown, person: Person, code: str = NAV_FUND) -> list[tuple[date, int]]:
    """What is left of each lot, and since when it is held."""
    async with place.house.database.read() as tx:
        left = (await lots_store.lots_left(tx, [(person.book, person.id, code)]))[person.id, code]
    return [(one.lot.confirmed_on, one.lot.units) for one in left]
