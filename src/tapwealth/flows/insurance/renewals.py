"""A policy for a year that goes on: another one is bought for the next year as its policyholder has agreed, at the price of the day and as
the product is sold then, by the same decision as any purchase. The insurer is told which policy it goes on from."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from tapwealth.flows.end_of_day import end_of
from tapwealth.flows.frame import Caller, Envelope, House, moment
from tapwealth.flows.insurance import policies
from tapwealth.flows.insurance.applicants import beneficiary_again, insured_again
from tapwealth.flows.insurance.policies import BuyPolicy
from tapwealth.insurance import beneficiary_store, insured_store, premium_store, store
from tapwealth.insurance.applicant import CONSENT, Relation
from tapwealth.insurance.premium_store import Mandate
from tapwealth.insurance.product import Accident, AccountLoss, Product
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.actors import ActorKind


@dataclass(frozen=True, slots=True)
class Renewed:
    """The policy that was bought, or had been; fen."""

    policy: UUID
    premium: int


def renewable(product: Product) -> bool:
    """Whether such a cover goes on: that of a trip is over with it, a phone grows too old for that of its screen, and questions are
    answered anew."""
    lasts = isinstance(product.terms.cover, Accident | AccountLoss) and product.terms.days is None
    return lasts and not product.terms.questions


async def renew(house: House, day: date, row: PolicyRow, mandate: Mandate) -> Renewed | Refusal:
    """Buy the next policy at the end of a date, once whoever tries; a later try is made only if the insurer did not take
    an earlier one on, and none if its policyholder has cancelled it."""
    key = (row.book, row.id)
    async with house.database.read() as tx:
        following = (await premium_store.renewals_of(tx, [key])).get(key, [])
        found = await store.policies(tx, [(row.book, one) for one in following])
        insured = (await insured_store.insured(tx, [key]))[key]
        named = (await beneficiary_store.beneficiaries(tx, [key]))[key]
        now = (await moment(tx)).now
    stands = [one for one in found.values() if one.refused_on is None]
    if stands:
        return Renewed(stands[0].id, stands[0].premium)
    caller = Caller(ActorKind.PLATFORM, "renewal", "agreement", row.person, row.book)
    envelope = Envelope(derived(row.id, f"renewal:{day}"), caller, min(now, end_of(day) - timedelta(seconds=1)))
    confirmed = [policies.TERMS] if insured.relation is Relation.SELF else [policies.TERMS, CONSENT]
    wish = BuyPolicy(
        row.product,
        confirmed,
        insured.occupation,
        row.to_day,
        insured=insured_again(house, insured),
        beneficiaries=[beneficiary_again(house, one) for one in named],
    )
    answer = await policies.buy(house, envelope, wish, most=mandate.most, renews=row.id, fund=mandate.fund)
    return answer if isinstance(answer, Refusal) else Renewed(UUID(answer.policy), answer.premium)
