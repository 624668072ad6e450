"""Funds come onto a town's shelf as product managers put them there: a definition, drafted by one person, put on sale by another."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tapwealth.catalogue import store
from tapwealth.catalogue.definition import Definition, Eligibility, Names, ProductKind
from tapwealth.catalogue.reading import write_definition
from tapwealth.flows.catalogue import products
from tapwealth.flows.catalogue.kinds import KINDS, shape_of
from tapwealth.flows.frame import Envelope, House
from tapwealth.funds.conditions import Conditions, FundKind
from tapwealth.funds.product import FundChannel, FundParameters, MoneyFundParameters
from tapwealth.kernel.refusal import Refusal

MONEY = Conditions()
By = Callable[[str], Envelope]
"""A fresh command of an operator, by login."""


def a_fund(
    code: str,
    name: str,
    name_en: str,
    channels: Mapping[str, FundChannel],
    conditions: Conditions = MONEY,
    *,
    risk_level: int = 1,
    custody_account: str = "0200000001",
    registrar: str = "H0",
    cut_off_hour: int = 15,
) -> Definition:
    """A fund under these conditions."""
    plain = Definition(
        code,
        ProductKind.MONEY_FUND if conditions.kind is FundKind.MONEY else ProductKind.FUND,
        Names(name, name_en),
        MoneyFundParameters(registrar=registrar, custody_account=custody_account, cut_off_hour=cut_off_hour),
        dict(channels),
        eligibility=Eligibility(risk_level=risk_level),
    )
    return under(plain, conditions)


def under(one: Definition, conditions: Conditions) -> Definition:
    """The same fund under other conditions."""
    kind = MoneyFundParameters if conditions.kind is FundKind.MONEY else FundParameters
    known = {name: getattr(conditions, name) for name in kind.__struct_fields__ if hasattr(conditions, name)}
    master = {name: getattr(one.parameters, name) for name in ("registrar", "custody_account", "cut_off_hour")}
    left = {of.channel: of.remains for of in conditions.discounts}
    channels = {code: msgspec.structs.replace(terms, remains=left.get(code, 1_000_000)) for code, terms in one.channels.items()}
    return msgspec.structs.replace(one, parameters=kind(**known, **master), channels=channels)


async def put_on_sale(house: House, by: By, definition: Definition, maker: str = "pm.zhou", checker: str = "ops.chen") -> Refusal | None:
    """By two people; the first refusal there is."""
    file = write_definition(definition, KINDS[definition.kind].shape).decode()
    made: Any = await products.draft(house, by(maker), products.DraftProduct(file))
    if isinstance(made, Refusal):
        return made
    for flow, command in ((products.review, products.ReviewProduct), (products.approve, products.ApproveProduct)):
        answer = await flow(house, by(checker), command(made.product, made.version))
        if isinstance(answer, Refusal):
            return answer
    return None


async def decide(house: House, by: By, fund: str, conditions: Conditions) -> Refusal | None:
    """A later version of a fund, under these conditions."""
    return await put_on_sale(house, by, under(await standing(house, fund), conditions))


async def standing(house: House, fund: str) -> Definition:
    """What its version on sale says."""
    async with house.database.read() as tx:
        return (await store.on_sale_of(tx, [fund], shape_of))[fund].definition
