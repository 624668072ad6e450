"""Funds of the catalogue: what a version of one must be, and how it comes onto the shelf."""

import re

from tapwealth.bank.bank_number import check_account_number
from tapwealth.catalogue.definition import Definition, ProductKind
from tapwealth.catalogue.version import ProductRefusal, Version
from tapwealth.flows.catalogue.kind import Kind
from tapwealth.flows.frame import House, Moment
from tapwealth.flows.funds.advancer import open_advancer
from tapwealth.flows.funds.fund_shapes import SHAPES
from tapwealth.funds import conditions_store, orders_store, store
from tapwealth.funds.conditions import check
from tapwealth.funds.product import MoneyFundParameters, conditions_of
from tapwealth.funds.store import Fund, SalesChannel
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.install import house_accounts
from tapwealth.storage.database import Tx

_DISTRIBUTOR = re.compile(r"[0-9A-Z]{3,9}", re.ASCII)


def check_fund(definition: Definition) -> None:
    """Raises BadInput whose `where` is the path of what is wrong."""
    if not re.fullmatch(r"[0-9]{6}", definition.product, re.ASCII):
        raise BadInput(f"{definition.product!r} is no fund's code", where="product", hint="a fund has 6 digits")
    eligible = definition.eligibility
    if eligible.risk_level is None:
        raise BadInput("a fund has a risk level", where="eligibility.risk_level", hint="give 1 to 5, for R1 to R5")
    if eligible.regions:
        raise BadInput("where somebody lives is not known here", where="eligibility.regions", hint="leave it out")
    parameters = definition.parameters
    check_account_number(parameters.custody_account, "parameters.custody_account")
    if parameters.parent == definition.product:
        raise BadInput("a fund is no class of itself", where="parameters.parent", hint="name the fund whose class it is, or leave it empty")
    _check_channels(definition)
    try:
        check(conditions_of(parameters, definition.channels))
    except BadInput as error:
        raise BadInput(error.what, where=f"parameters.{error.where}", hint=error.hint) from None


def _check_channels(definition: Definition) -> None:
    for code, one in definition.channels.items():
        at = f"channels.{code}"
        if not _DISTRIBUTOR.fullmatch(code):
            raise BadInput(f"{code[:40]!r} is no distributor's code", where=at, hint="3 to 9 capital letters and digits")
        if one.minimum_purchase == 0:
            raise BadInput("nothing can be bought for 0.00", where=f"{at}.minimum_purchase", hint="give more")
        if not 0 <= one.remains <= 1_000_000:
            raise BadInput("more than the whole rate remains", where=f"{at}.remains", hint="give percent, 0 to 100: 10 is a tenth of it")
        if one.remains != 1_000_000 and isinstance(definition.parameters, MoneyFundParameters):
            raise BadInput("a money fund charges nothing", where=f"{at}.remains", hint="leave it out")


async def wrong(_house: House, tx: Tx, _at: Moment, version: Version) -> Refusal | None:
    """Why that fund cannot be on the shelf as this version has it."""
    said, shelf = version.definition, await store.funds(tx)
    if said.parameters.parent and said.parameters.parent not in shelf:
        return Refusal(ProductRefusal.UNKNOWN, f"there is no fund {said.parameters.parent[:20]} on the shelf; /view/funds lists them")
    registrars = {known.registrar for known in shelf.values()} - {said.parameters.registrar}
    if registrars:
        text = f"holders have their accounts at {', '.join(registrars)}, not at {said.parameters.registrar}; name that registrar"
        return Refusal(ProductRefusal.EXISTS, text)
    gone = {code for code, fund in await store.channels(tx) if fund == said.product} - set(said.channels)
    if gone:
        text = f"holders may have bought it from {', '.join(sorted(gone))}; name every channel that has sold it"
        return Refusal(ProductRefusal.EXISTS, text)
    return None


async def bring_about(house: House, tx: Tx, at: Moment, version: Version) -> Refusal | None:
    """What the version says stands from now on. A new fund gets the next number of units in the ledger."""
    said, shelf = version.definition, await store.funds(tx)
    new = said.product not in shelf
    asset = Asset(max((known.asset for known in shelf.values()), default=Asset.CNY) + 1) if new else shelf[said.product].asset
    await _begin_to_cap(house, tx, said)
    await store.put_fund(tx, _fund(version, asset), _channels(said), said.sale.opens, said.sale.closes)
    await conditions_store.add_conditions(tx, said.product, version.version, conditions_of(said.parameters, said.channels), at.now)
    if new:
        await house.ledger.open_accounts(tx, house_accounts(house.books, asset))
        await open_advancer(house, tx, at)
    return None


async def _begin_to_cap(house: House, tx: Tx, said: Definition) -> None:
    """What holders of a channel have under way counts against its first cap too. Whoever places or answers orders of other channels holds
    the house's book, as this does."""
    before = await store.channels(tx)
    capped = [one for one in _channels(said) if one.holding_cap and not one.own]
    fresh = [one.code for one in capped if (known := before.get((one.code, one.fund))) and not known.holding_cap]
    if fresh:
        await orders_store.mark_under_way(tx, house.all_books, fresh, said.product)


async def end(_house: House, tx: Tx, _at: Moment, version: Version) -> Refusal | None:
    """It is bought no more; who holds it keeps it, earns and redeems."""
    await store.close_fund(tx, version.product)
    return None


def _fund(version: Version, asset: Asset) -> Fund:
    one = version.definition
    said, risk = one.parameters, one.eligibility.risk_level
    assert risk is not None, "a fund has a risk level"
    named = (one.product, asset, one.name.zh, one.name.en, said.registrar, risk, said.cut_off_hour, said.custody_account)
    who = one.eligibility
    return Fund(*named, version=version.version, kyc_class=who.kyc_class, youngest=who.youngest, oldest=who.oldest)


def _channels(one: Definition) -> list[SalesChannel]:
    return [SalesChannel(code, one.product, of.own, of.minimum_purchase, of.day_cap, of.holding_cap) for code, of in one.channels.items()]


MONEY_FUND = Kind(SHAPES[ProductKind.MONEY_FUND], check_fund, wrong, bring_about, end)
FUND = Kind(SHAPES[ProductKind.FUND], check_fund, wrong, bring_about, end)
