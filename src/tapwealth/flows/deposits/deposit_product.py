"""Deposits of the catalogue: what a version of one must be, and when it may be put on sale."""

from typing import Any

import msgspec

from tapwealth.bank.partner import BANK_WORDS, at_partner
from tapwealth.catalogue import store
from tapwealth.catalogue.definition import Definition, ProductKind, Shape, check_days, check_sold_days
from tapwealth.catalogue.version import ProductRefusal, State, Version
from tapwealth.deposits.product import WORDS, Demand, DepositParameters, check
from tapwealth.flows.catalogue.kind import Kind
from tapwealth.flows.frame import House, Moment
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx

APP = "app"
SHAPE = Shape(DepositParameters, words={**WORDS, **BANK_WORDS})
_GONE, _SOLD = (State.REJECTED, State.WITHDRAWN), (State.ON_SALE, State.REPLACED, State.CLOSED)


def check_deposit(definition: Definition) -> None:
    """Raises BadInput whose `where` is the path of what is wrong."""
    said: DepositParameters = definition.parameters
    for code in definition.channels:
        if code != APP:
            raise BadInput(f"deposits are not taken by {code[:20]!r}", where=f"channels.{code}", hint=f"write `{APP}: {{}}`")
    if msgspec.structs.replace(definition.eligibility, risk_level=None, regions=[]) != definition.eligibility:
        text = "a deposit has no risk level, and where somebody lives is not known here"
        raise BadInput(text, where="eligibility", hint="leave all but kyc_class, youngest and oldest out")
    at_partner(said.bank, where="parameters.bank")
    check_days("parameters.chart", said.chart)
    check_sold_days("parameters.chart", said.chart, definition.sale)
    try:
        check(said)
    except BadInput as error:
        raise BadInput(error.what, where=f"parameters.{error.where}", hint=error.hint) from None


async def wrong(_house: House, tx: Tx, _at: Moment, version: Version) -> Refusal | None:
    """Why nobody could tell what is withdrawn early earns, or what was opened before."""
    code, former = version.definition.parameters.demand, await _former(tx, version)
    if former is not None and _worked_by(former) != _worked_by(version):
        text = f"{former.name} was sold, and how its interest is worked out stays: bank, form, days, demand deposit; take another code"
        return Refusal(ProductRefusal.OTHER_KIND, text)
    if not code:
        return None
    known = await store.kind_of(tx, code) is ProductKind.DEPOSIT
    found = (await store.versions_of(tx, [code], lambda _kind: SHAPE))[code] if known else []
    if any(isinstance(one.definition.parameters.form, Demand) and one.state not in _GONE for one in found):
        return None
    return Refusal(ProductRefusal.UNKNOWN, f"there is no demand deposit {code[:40]}; draft it first, or name another one")


async def _former(tx: Tx, version: Version) -> Version | None:
    """That which came on sale last."""
    known = (await store.versions_of(tx, [version.product], lambda _kind: SHAPE))[version.product]
    return next((one for one in reversed(known) if one.state in _SOLD), None)


def _worked_by(version: Version) -> tuple[Any, ...]:
    """By what the bank, which has one set of terms for a product, works out what is earned."""
    said: DepositParameters = version.definition.parameters
    names = ("method", "days", "least_withdrawal", "settles_on")
    return said.bank, said.demand, type(said.form), *(getattr(said.form, name, None) for name in names)


async def bring_about(_house: House, tx: Tx, _at: Moment, version: Version) -> Refusal | None:
    """Depositors find what is on sale in the catalogue itself."""
    said = version.definition.parameters
    stays = f"it stays {version.state.words[1]}"
    if said.demand and said.demand not in await store.on_sale_of(tx, [said.demand], lambda _kind: SHAPE):
        text = f"the demand deposit {said.demand} is not on sale, so nobody could tell what is withdrawn early earns; put it there first"
        return Refusal(ProductRefusal.NOT_NOW, f"{text}; {stays}")
    return None


DEPOSIT = Kind(SHAPE, check_deposit, wrong, bring_about)
