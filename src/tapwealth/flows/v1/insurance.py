"""Policies over /v1: what can be bought, what a policy would cost, and one policy whole; commands need their shapes alone."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tapwealth.catalogue.sale import shown_documents
from tapwealth.catalogue.version import Version
from tapwealth.flows.frame import Caller, Envelope, House, moment
from tapwealth.flows.insurance import policy_product, policy_quotes
from tapwealth.flows.insurance.policy_quotes import QuotePolicy
from tapwealth.flows.reports import policy_counter
from tapwealth.flows.v1.deposits import day_of
from tapwealth.flows.v1.insurance_shapes import (
    AskedChoice,
    AskedQuestion,
    InsuranceProduct,
    InsuredIllness,
    NewPolicyQuote,
    Policy,
    PolicyQuote,
    Price,
    RefundQuote,
)
from tapwealth.flows.v1.sales import ShownFile, shown_offer
from tapwealth.flows.v1.shapes import yuan
from tapwealth.flows.v1.translation import as_command, found, told
from tapwealth.insurance.product import Health, OccupationClass, PolicyParameters, Product
from tapwealth.insurance.questions import Question
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx

_BY_CLASS = {one.table: one for one in OccupationClass}


async def products(tx: Tx) -> list[InsuranceProduct]:
    """What is on sale now, by code."""
    at = await moment(tx)
    day = at.date_of(at.now)
    return [_product(one, policy_product.product_of(one, day)) for one in await policy_product.sold(tx, at.now)]


def _product(version: Version, product: Product) -> InsuranceProduct:
    said: PolicyParameters = product.terms
    buyers, documents = version.definition.eligibility, shown_documents(version.definition.documents, "zh")
    return told(
        InsuranceProduct,
        said,
        product=product.code,
        version=product.version,
        name=product.name,
        name_en=product.name_en,
        cover=str(said.cover.__struct_config__.tag),
        limit_per_loss=yuan(said.limit_per_loss) if said.limit_per_loss else None,
        youngest=buyers.youngest,
        oldest=buyers.oldest,
        questions=[_question(one) for one in said.questions],
        illnesses=[told(InsuredIllness, one) for one in said.cover.illnesses] if isinstance(said.cover, Health) else [],
        prices=_prices(product),
        documents=[ShownFile(one.title, one.sha256) for one in documents],
    )


def _question(one: Question) -> AskedQuestion:
    choices = [AskedChoice(of.answer, of.says.zh, of.says.en) for of in one.choices]
    return AskedQuestion(one.question, one.asks.zh, one.asks.en, choices)


def _prices(product: Product) -> list[Price]:
    known = [(name, price) for name, price in product.prices.items() if price is not None and (name == "premium" or name in _BY_CLASS)]
    return [Price(_BY_CLASS[name].value if name in _BY_CLASS else None, yuan(price)) for name, price in sorted(known)]


async def quote(house: House, envelope: Envelope, asked: NewPolicyQuote) -> PolicyQuote | Refusal:
    """What it would cost, with what the customer has to be shown."""
    answer = await policy_quotes.quote(house, envelope, as_command(QuotePolicy, asked))
    if isinstance(answer, Refusal):
        return answer
    return told(PolicyQuote, answer, offer=shown_offer(answer.offer))


async def policy(house: House, caller: Caller, identifier: UUID) -> Policy | Refusal:
    """One of theirs, as it stands."""

    async def read(tx: Tx, book: int, person: UUID) -> Any:
        return await policy_counter.shown(tx, book, person, identifier, "zh")

    return await found(house, caller, read, Policy, "policy")


async def refund(house: House, caller: Caller, identifier: UUID, filters: Mapping[str, str]) -> RefundQuote | Refusal:
    """What cancelling it would bring back. Raises BadInput for a day that is over."""
    day = day_of(filters)

    async def read(tx: Tx, book: int, person: UUID) -> Any:
        return await policy_quotes.refund_on(tx, book, person, identifier, day)

    return await found(house, caller, read, RefundQuote, "policy")
