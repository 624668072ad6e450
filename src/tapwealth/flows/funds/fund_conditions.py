"""A fund's conditions: the product manager drafts them, another operator approves, and every version stays; and the shelf, as shown."""

from collections import defaultdict
from enum import Enum, auto
from typing import Any

import msgspec

from tapwealth.flows.frame import Moment
from tapwealth.funds import conditions_store, store
from tapwealth.funds.conditions import Conditions, FundStatus, check
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.approvals import Approval
from tapwealth.storage.database import Tx


class ConditionsRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_FUND = auto()
    KIND_STANDS = auto()


class ProposeFundConditions(Conditions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Conditions for a fund on the shelf, in place of all those that stand."""

    fund: str

    @property
    def conditions(self) -> Conditions:
        return Conditions(**{name: getattr(self, name) for name in Conditions.__struct_fields__})


def check_draft(command: ProposeFundConditions) -> None:
    """Raises BadInput."""
    check(command.conditions)
    if command.conditions.parent == command.fund:
        raise BadInput("a fund is no class of itself", where="parent", hint="name the fund whose class it is, or leave it empty")


async def wrong(tx: Tx, command: ProposeFundConditions) -> Refusal | None:
    """Why these conditions cannot be those of that fund."""
    shelf = await store.funds(tx)
    for code in filter(None, (command.fund, command.conditions.parent)):
        if code not in shelf:
            return Refusal(ConditionsRefusal.UNKNOWN_FUND, f"there is no fund {code[:20]} on the shelf; /view/funds lists them")
    _, stands = (await conditions_store.conditions(tx)).get(command.fund, (0, Conditions()))
    if stands.kind is not command.conditions.kind and await conditions_store.was_ordered(tx, command.fund):
        text = f"{command.fund} has been ordered as a {stands.kind} fund, and stays one; put another fund on the shelf"
        return Refusal(ConditionsRefusal.KIND_STANDS, text)
    return None


async def bring_about(tx: Tx, at: Moment, made: Approval, command: ProposeFundConditions) -> Refusal | None:
    refusal = await wrong(tx, command)
    if refusal is None:
        version, _ = (await conditions_store.conditions(tx)).get(command.fund, (0, Conditions()))
        await conditions_store.add_conditions(tx, command.fund, version + 1, command.conditions, made.id, at.now)
    return refusal


class SoldAt(msgspec.Struct, frozen=True):
    """What a distributor lets its holders do: fen, 0 for no cap; `remains`: millionths of the purchase rate."""

    code: str
    own: bool
    minimum_purchase: int
    day_cap: int
    holding_cap: int
    remains: int


class FundShown(msgspec.Struct, frozen=True):
    """A fund on the shelf. `version` 0: the conditions are those that hold where nobody has decided any."""

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
        version, conditions = standing.get(fund.code, (0, Conditions()))
        status = states.get(fund.code, FundStatus.OPEN)
        named = (fund.code, fund.name, fund.name_en, fund.registrar, fund.risk_level, fund.cut_off_hour)
        shown.append(FundShown(*named, status.name.lower(), *status.words, version, conditions, sold[fund.code]))
    return shown
