"""The bank's wealth products of the catalogue: what a version of one must be, how it comes before people, and how a raise is found.

A product is raised once. Until it opens a later version may say otherwise; once it has begun it is sold to its end as it is, and closed
early by two people (`raise_proposals`).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tapwealth.bank.partner import BANK_WORDS, at_partner
from tapwealth.catalogue import store
from tapwealth.catalogue.definition import Definition, ProductKind, Shape
from tapwealth.catalogue.version import ProductRefusal, State, Version
from tapwealth.deposits import raise_store
from tapwealth.deposits.product import WORDS as DEPOSIT_WORDS
from tapwealth.deposits.product import ChartPart, Demand, DepositParameters
from tapwealth.deposits.raise_product import WORDS, WealthParameters, check
from tapwealth.deposits.raise_rules import Raise, WealthShelfRefusal
from tapwealth.deposits.raise_store import Standing
from tapwealth.flows.catalogue.kind import Kind
from tapwealth.flows.deposits.deposit_terms import charts_of
from tapwealth.flows.frame import House, Moment
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx

APP = "app"
"""The channel by which people buy with their phone."""
_SHAPE = Shape(WealthParameters, words={**WORDS, **BANK_WORDS})
_DEPOSIT = Shape(DepositParameters, words=DEPOSIT_WORDS)
_GONE = (State.REJECTED, State.WITHDRAWN)


class Found(NamedTuple):
    """A raise, the version on which it is sold, and what is due of it."""

    version: Version
    one: Raise
    standing: Standing


def check_wealth(definition: Definition) -> None:
    """Raises BadInput whose `where` is the path of what is wrong."""
    sale, buyers = definition.sale, definition.eligibility
    for code in definition.channels:
        if code != APP:
            raise BadInput(f"the bank's products are not sold by {code[:20]!r}", where=f"channels.{code}", hint=f"write `{APP}: {{}}`")
    if buyers.risk_level is None:
        raise BadInput("a wealth product has a risk level", where="eligibility", hint="give `risk_level`, 1 to 5")
    if buyers.regions:
        raise BadInput("where somebody lives is not known here", where="eligibility.regions", hint="leave it out")
    if sale.opens is None or sale.closes is None:
        raise BadInput("a raise has its window", where="sale", hint="give `opens` and `closes`")
    at_partner(definition.parameters.bank, where="parameters.bank")
    try:
        check(definition.parameters, buyers.risk_level, business_date_of(sale.opens))
    except BadInput as error:
        raise BadInput(error.what, where=f"parameters.{error.where}", hint=error.hint) from None


async def wrong(_house: House, tx: Tx, at: Moment, version: Version) -> Refusal | None:
    """Why it cannot be brought about as things stand."""
    said = version.definition
    code = said.parameters.demand
    if not await _is_demand(tx, code):
        return Refusal(ProductRefusal.UNKNOWN, f"there is no demand deposit {code[:40]}; draft it first, or name another one")
    found = await find(tx, version.product)
    if found is not None and (found.one.arrivals or found.one.opens_at <= at.now):
        text = f"{version.product} has begun, and is sold to its end as it is; it can only be closed early (propose_wealth_close)"
        return Refusal(WealthShelfRefusal.RAISE_EXISTS, text)
    assert said.sale.opens is not None, "a raise has its window"
    if said.sale.opens <= at.now:
        return Refusal(WealthShelfRefusal.HAS_BEGUN, "it would have opened before it is approved; let it open later")
    return None


async def bring_about(_house: House, tx: Tx, at: Moment, version: Version) -> Refusal | None:
    """On the shelf; what its money earns while it is raised is posted by then."""
    code = version.definition.parameters.demand
    if not await demand_chart(tx, code):
        text = f"the demand deposit {code} never was on sale, so nobody could tell what the raise earns; put it there first"
        return Refusal(ProductRefusal.NOT_NOW, f"{text}; it stays {version.state.words[1]}")
    await raise_store.put(tx, version.product, version.version, at.now)
    return None


async def end(_house: House, tx: Tx, at: Moment, version: Version) -> Refusal | None:
    """One that nobody has subscribed to takes no more. What has been subscribed to is closed by two people."""
    found = await find(tx, version.product)
    if found is None or at.now >= found.one.over_at:
        return None
    if found.one.arrivals:
        text = f"people have subscribed to {version.product}: two people close it early (propose_wealth_close), or it ends by itself"
        return Refusal(WealthShelfRefusal.HAS_BEGUN, text)
    await raise_store.close_early(tx, version.product, at.now)
    return None


WEALTH = Kind(_SHAPE, check_wealth, wrong, bring_about, end)


# ---- how a raise is found


async def find(tx: Tx, product: str) -> Found | None:
    """The raise of that product."""
    return (await found(tx, await raise_store.raises(tx, [product]))).get(product)


async def found(tx: Tx, standings: Sequence[Standing]) -> Mapping[str, Found]:
    """By product, these as they stand and as their versions say."""
    keys = [(one.product, one.version) for one in standings]
    versions = await store.versions_at(tx, keys, lambda _kind: _SHAPE) if keys else {}
    return {one.product: _found(versions[one.product, one.version], one) for one in standings}


def _found(version: Version, one: Standing) -> Found:
    sale = version.definition.sale
    assert sale.opens is not None, "a raise has its window"
    assert sale.closes is not None, "a raise has its window"
    stands = Raise(
        one.product, one.version, sale.opens, sale.closes, version.definition.parameters, one.sold, one.arrivals,
        one.full_at, one.closed_at, one.ended, one.begins_on, one.matures_on, one.yields,
    )  # fmt: skip
    return Found(version, stands, one)


# ---- what money earns while it is raised


async def demand_chart(tx: Tx, code: str) -> Sequence[ChartPart]:
    """What the bank posts for that demand deposit, day by day and by amount (`deposits.deposit.posted`)."""
    return (await charts_of(tx, [code])).get(code, ())


async def _is_demand(tx: Tx, code: str) -> bool:
    """Whether a demand deposit of that code is there, if only as a draft."""
    if await store.kind_of(tx, code) is not ProductKind.DEPOSIT:
        return False
    versions = (await store.versions_of(tx, [code], lambda _kind: _DEPOSIT))[code]
    return any(one.state not in _GONE and isinstance(one.definition.parameters.form, Demand) for one in versions)
