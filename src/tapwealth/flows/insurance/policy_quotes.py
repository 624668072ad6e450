"""What a policy would cost, and what would come back of one, before anything is bought or cancelled: looked at, and nothing is moved."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.catalogue.sale import Offer
from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Envelope, House, Moment, moment, once
from tapwealth.flows.insurance.applicants import InsuredPerson
from tapwealth.flows.insurance.insured import above_minors_cap
from tapwealth.flows.insurance.policies import BuyPolicy, InsuredPhone, cancellable, in_free_look, prepared, refund_by_rule
from tapwealth.flows.insurance.policy_offer import policy_offer
from tapwealth.insurance.applicant import CONSENT
from tapwealth.insurance.buy import quote as quoted
from tapwealth.insurance.phone import INSPECTION
from tapwealth.insurance.policy import back_in_free_look
from tapwealth.insurance.product import OccupationClass
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx

ASKED_LATER = [CONSENT, INSPECTION]
"""What a buyer confirms when they buy, and is not asked for a quote."""


class QuotePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What would it cost? Asked with what it would be bought with."""

    product: str
    occupation: OccupationClass = OccupationClass.ONE
    from_day: date | None = None
    phone: InsuredPhone | None = None
    answers: dict[str, str] = {}
    insured: InsuredPerson | None = None
    application: UUID | None = None


class PolicyQuoted(msgspec.Struct, frozen=True):
    """Fen for the first year, or for all of a shorter one; `permille`: what answers add to it. `offer`: what its buyer is shown.
    `free_look_refund`: fen that come back of that premium in the free look, None without one."""

    product: str
    version: int
    premium: int
    permille: int
    sum_insured: int
    from_day: date
    to_day: date
    paid_until: date
    offer: Offer
    free_look_refund: int | None = None


class RefundQuoted(msgspec.Struct, frozen=True):
    """Fen that come back if the policy is cancelled on `day`."""

    policy: UUID
    day: date
    refund: int
    free_look: bool
    free_look_until: date | None


async def quote(house: House, envelope: Envelope, command: QuotePolicy) -> PolicyQuoted | Refusal:
    """By the prices of the day of the request; whether the wallet holds it is asked when it is bought."""
    book, _ = who(envelope)
    bought = BuyPolicy(
        command.product, ASKED_LATER, command.occupation, command.from_day, None, command.phone, command.answers, command.insured,
        application=command.application,
    )  # fmt: skip

    async def act(tx: Tx, at: Moment, _actor: int) -> PolicyQuoted | Refusal:
        wanted = await prepared(house, tx, at, envelope, bought)
        if isinstance(wanted, Refusal):
            return wanted
        made = quoted(wanted.wish, wanted.facts)
        if isinstance(made, Refusal):
            return made
        capped = await above_minors_cap(house, tx, wanted.wish, wanted.insures)
        if capped is not None:
            return capped
        product = wanted.wish.product
        return PolicyQuoted(
            product.code, product.version, made.premium, made.permille, product.terms.sum_insured, made.from_day, made.to_day,
            made.paid_until, policy_offer(wanted.version, envelope.language),
            back_in_free_look(product.terms, made.premium) if product.terms.free_look_days else None,
        )  # fmt: skip

    return await once(house, [book], envelope, command, act, PolicyQuoted)


async def refund_on(tx: Any, book: int, person: UUID, policy: UUID, day: date | None) -> RefundQuoted | Refusal:
    """What cancelling it on that day (None: today) would bring back, or why it cannot be cancelled now. Raises BadInput for a day that is
    over."""
    today = business_date_of((await moment(tx)).now)
    day = day or today
    if day < today:
        raise BadInput(f"{day} is over", where="date", hint=f"give {today} or later")
    row = await cancellable(tx, (book, policy), person)
    if isinstance(row, Refusal):
        return row
    refund = await refund_by_rule(tx, row, day)
    if isinstance(refund, Refusal):
        return refund
    return RefundQuoted(policy, day, refund, in_free_look(row, day), row.free_look_until)
