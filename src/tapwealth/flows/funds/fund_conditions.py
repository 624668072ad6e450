"""The shelf of funds, as shown: each with the conditions of the version that stands."""

from collections import defaultdict
from typing import Any

import msgspec

from tapwealth.funds import conditions_store, store
from tapwealth.funds.conditions import Conditions, FundStatus


class SoldAt(msgspec.Struct, frozen=True):
    """What a distributor lets its holders do: fen, 0 for no cap; `remains`: millionths of the purchase rate."""

    code: str
    own: bool
    minimum_purchase: int
    day_cap: int
    holding_cap: int
    remains: int


class FundShown(msgspec.Struct, frozen=True):
    """A fund on the shelf; `version`: of the catalogue."""

    code: str
    name: str
    name_en: str
    registrar: str
    risk_level: int
    cut_off_hour: int
    status: str
    status_zh: str
    status_en: str
    version: int
    on_sale: bool
    conditions: Conditions
    channels: list[SoldAt]


async def shelf(tx: Any) -> list[FundShown]:
    """By code."""
    standing, states = await conditions_store.conditions(tx), await conditions_store.statuses(tx)
    sold = defaultdict(list)
    for one in (await store.channels(tx)).values():
        _, conditions = standing.get(one.fund, (0, Conditions()))
        remains = next((of.remains for of in conditions.discounts if of.channel == one.code), 1_000_000)
        sold[one.fund].append(SoldAt(one.code, one.own, one.minimum_purchase, one.day_cap, one.holding_cap, remains))
    shown = []
    for fund in (await store.funds(tx)).values():
        _, conditions = standing.get(fund.code, (0, Conditions()))
        status = states.get(fund.code, FundStatus.OPEN)
        named = (fund.code, fund.name, fund.name_en, fund.registrar, fund.risk_level, fund.cut_off_hour)
        shown.append(FundShown(*named, status.name.lower(), *status.words, fund.version, fund.on_sale, conditions, sold[fund.code]))
    return shown
