"""Policies of the catalogue: what a version of one must be, and how policies find the version on which they were bought."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

import msgspec

from tapwealth.catalogue import store
from tapwealth.catalogue.definition import Definition, ProductKind, Shape, rate_on
from tapwealth.catalogue.version import ProductRefusal, Version
from tapwealth.flows.catalogue.kind import Kind
from tapwealth.flows.frame import House, Moment
from tapwealth.insurance.buy import BuyRefusal
from tapwealth.insurance.insurer import CONNECTED
from tapwealth.insurance.mortality import LAST_AGE, Sex
from tapwealth.insurance.product import (
    MOST_INTEREST,
    OLDEST_OF_HEALTH,
    TABLES,
    WORDS,
    Accident,
    Every,
    Health,
    PolicyParameters,
    Product,
    TermLife,
    check_terms,
    table_by_age,
    tables_of,
)
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.kernel.units import WHOLE, Unit
from tapwealth.storage.database import Tx

APP = "app"
"""The channel by which people buy with their phone."""
_SHAPE = Shape(PolicyParameters, rates=TABLES, words=WORDS)


def check_policy(definition: Definition) -> None:
    """Raises BadInput whose `where` is the path of what is wrong."""
    try:
        check_terms(definition.parameters)
    except BadInput as error:
        raise BadInput(error.what, where=f"parameters.{error.where}", hint=error.hint) from None
    for code in definition.channels:
        if code != APP:
            raise BadInput(f"policies are not sold by {code[:20]!r}", where=f"channels.{code}", hint=f"write `{APP}: {{}}`")
    _check_buyers(definition)
    _check_tables(definition)


def _check_buyers(definition: Definition) -> None:
    said, cover = definition.eligibility, definition.parameters.cover
    if msgspec.structs.replace(said, risk_level=None, regions=[]) != said:
        text = "a policy has no risk level, and where somebody lives is not known here"
        raise BadInput(text, where="eligibility", hint="leave all but kyc_class, youngest and oldest out")
    if isinstance(cover, TermLife) and (said.oldest is None or said.oldest + cover.years > LAST_AGE):
        text = f"the mortality table ends at {LAST_AGE} years"
        hint = f"give the greatest age at which it is bought, at most {LAST_AGE - cover.years}"
        raise BadInput(text, where="eligibility.oldest", hint=hint)
    if isinstance(cover, Health) and (said.youngest is None or said.oldest is None or said.oldest > OLDEST_OF_HEALTH):
        where = "eligibility.youngest" if said.youngest is None else "eligibility.oldest"
        text = f"a health cover has its price by age, up to {OLDEST_OF_HEALTH} years"
        raise BadInput(text, where=where, hint="give the youngest and the oldest age at which it is bought")


def _check_tables(definition: Definition) -> None:
    cover, rates = definition.parameters.cover, definition.rates
    priced = tables_of(cover)
    for name in rates:
        if name not in (*priced, "commission"):
            hint = f"give {priced[0]} to {priced[-1]}" if isinstance(cover, Health) else f"give {' or '.join(priced)}"
            raise BadInput(f"such a policy is not priced by {name!r}", where=f"rates.{name}", hint=hint)
    if isinstance(cover, Health):
        _check_ages(definition)
    elif not any(name in rates for name in priced):
        least = "at least one of " if isinstance(cover, Accident) else ""
        raise BadInput("its price is missing", where="rates", hint=f"give {least}{', '.join(priced)}, from its first day")
    for name, rows in rates.items():
        for number, row in enumerate(rows):
            _check_price(f"rates.{name}[{number}].value", name, row.value, definition.parameters.every)


def _check_ages(definition: Definition) -> None:
    said = definition.eligibility
    assert said.youngest is not None, "checked before"
    assert said.oldest is not None, "checked before"
    wanted = [table_by_age(sex, age) for sex in Sex for age in range(said.youngest, said.oldest + 1)]
    missing = [name for name in wanted if name not in definition.rates]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise BadInput("the price of an age is missing", where="rates", hint=f"give {missing[0]}{more}, from its first day")


def _check_price(where: str, name: str, value: int, every: Every) -> None:
    least = format_minor(12 // every.months - 1)
    if TABLES[name] is Unit.YUAN and value < 12 // every.months:
        raise BadInput("a policy is not given away", where=where, hint=f"give yuan above {least}")
    if name == "interest" and value > MOST_INTEREST:
        raise BadInput("nobody earns that much", where=where, hint=f"give percent a year, at most {MOST_INTEREST // 10_000}")
    if name == "commission" and value > WHOLE:
        raise BadInput("it is more than the premium", where=where, hint="give percent of the premium, 0 to 100")


async def wrong(_house: House, _tx: Tx, _at: Moment, version: Version) -> Refusal | None:
    """Why nobody could give that cover."""
    insurer = version.definition.parameters.insurer
    if insurer not in CONNECTED:
        text = f"no insurer {insurer} is connected to this house; name one of {', '.join(CONNECTED)}"
        return Refusal(ProductRefusal.UNKNOWN, text)
    return None


async def bring_about(_house: House, _tx: Tx, _at: Moment, _version: Version) -> Refusal | None:
    """Buyers find what is on sale in the catalogue itself."""
    return None


POLICY = Kind(_SHAPE, check_policy, wrong, bring_about)


def product_of(version: Version, day: date | None = None) -> Product:
    """As policies are judged by it, with the prices of that day."""
    said = version.definition
    prices = {} if day is None else {name: rate_on(rows, day) for name, rows in said.rates.items()}
    return Product(
        code=version.product, version=version.version, name=said.name.zh, name_en=said.name.en, terms=said.parameters, prices=prices
    )


async def on_sale(tx: Any, code: str, now: datetime) -> Version | Refusal:
    """The version of a policy that is sold at that instant."""
    found = await store.sold_as(tx, ProductKind.INSURANCE, code, _SHAPE)
    if found is not None and found.definition.sale.covers(now):
        return found
    if found is None and await store.kind_of(tx, code) is not ProductKind.INSURANCE:
        return Refusal(BuyRefusal.UNKNOWN_PRODUCT, "this policy is not sold here; look at the shelf for those that are")
    return Refusal(BuyRefusal.NOT_SOLD_NOW, f"{code} is not on sale now; look at the shelf for what is")


async def sold(tx: Any, now: datetime) -> list[Version]:
    """What is on sale at that instant, by code."""
    found = await store.on_sale_of_kinds(tx, [ProductKind.INSURANCE], lambda _kind: _SHAPE)
    return sorted((one for one in found.values() if one.definition.sale.covers(now)), key=lambda one: one.product)


async def products_of(tx: Any, rows: Iterable[PolicyRow]) -> dict[tuple[str, int], Product]:
    """By code and version, those on which these policies were bought."""
    return {key: product_of(version) for key, version in (await versions_of(tx, rows)).items()}


async def versions_of(tx: Any, rows: Iterable[PolicyRow]) -> dict[tuple[str, int], Version]:
    """By code and version, those on which these policies were bought."""
    keys = {(row.product, row.version) for row in rows}
    return await store.versions_at(tx, sorted(keys), lambda _kind: _SHAPE) if keys else {}


async def commission_rates(tx: Any, rows: Iterable[PolicyRow]) -> dict[tuple[str, int], Callable[[date], int]]:
    """By code and version, what of a premium of a day is the house's, in millionths; 0 where the version says nothing."""
    return {key: _commission(version) for key, version in (await versions_of(tx, rows)).items()}


def _commission(version: Version) -> Callable[[date], int]:
    table = version.definition.rates.get("commission", ())
    return lambda day: rate_on(table, day) or 0
