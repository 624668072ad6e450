"""Claims in a town: a screen cover that is issued, its claim with its papers, what the insurer pays, a day's watch."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from bill_town import MONDAY, Person, Town
from evidence_files import jpeg, pdf
from four_eyes import operator
from policy_files import SCREEN_FILE, sell_policies

from tapwealth.flows.bank import receipts
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.insurance import (
    claim_assessment,
    claim_notification,
    claim_outcomes,
    claim_papers,
    claims,
    claims_days,
    insurers,
    policies,
)
from tapwealth.flows.insurance.claim_assessment import AssessClaim
from tapwealth.flows.insurance.claim_notification import NotifyClaim
from tapwealth.flows.insurance.claims import ClaimStands
from tapwealth.flows.insurance.policies import BuyPolicy, InsuredPhone, PolicyTaken
from tapwealth.flows.insurance.premium_views import PremiumsShown, premiums_shown
from tapwealth.insurance import claim_store, store
from tapwealth.insurance.claim import Claim, LossKind, Paper
from tapwealth.insurance.claim_store import PaymentRow
from tapwealth.insurance.policy import PolicyState
from tapwealth.kernel.clock import shanghai
from tapwealth.notices import store as notices

IMEI, OTHER_IMEI = "490154203237518", "352099001761481"
EXCESS_FILE = SCREEN_FILE.replace("waiting_days: 7", "waiting_days: 7\n  excess: 50.00\n  limit_per_loss: 1500.00")
NEXT_MONDAY = MONDAY + timedelta(days=7)
RESERVE = "0100000001"


async def insured(place: Town, person: Person, imei: str | None = IMEI, product: str = "SCREEN") -> UUID:
    """A policy that the insurer has issued."""
    phone = None if imei is None else InsuredPhone(imei, MONDAY)
    taken = await policies.buy(place.house, place.envelope(person), BuyPolicy(product, ["terms"], phone=phone))
    assert isinstance(taken, PolicyTaken), taken
    assert await place.work("insurer", policies.deliver) == []
    return UUID(taken.policy)


async def screens(place: Town, person: Person) -> UUID:
    """A cover of two screens bought and issued on Monday; it is the next one now."""
    two = EXCESS_FILE.replace("product: SCREEN", "product: SCREEN2").replace("replacements: 1", "replacements: 2")
    await sell_policies(place.house, two)
    return await since_monday(place, person, "SCREEN2")


async def since_monday(place: Town, person: Person, product: str = "SCREEN") -> UUID:
    """A screen cover bought and issued on Monday; it is the next one now."""
    made = await insured(place, person, product=product)
    await insurers.sweep_premiums(place.house, MONDAY)
    await place.clock(shanghai(NEXT_MONDAY, 9))
    await insurers.begin_cover(place.house, NEXT_MONDAY)
    return made


async def crack(place: Town, person: Person, policy: UUID, day: date = NEXT_MONDAY, loss: int = 80_000, imei: str = IMEI) -> Any:
    said = NotifyClaim(policy, LossKind.SCREEN, "it fell on the stairs", day, loss, imei)
    return await claim_notification.notify(place.house, place.envelope(person), said)


async def give(place: Town, person: Person, claim: UUID, paper: Paper, content: bytes, media_type: str = "image/jpeg") -> Any:
    return await claim_papers.give(place.house, place.envelope(person), claim, paper, media_type, content)


async def claimed(place: Town, person: Person, policy: UUID, loss: int = 80_000) -> UUID:
    """A claim whose papers are complete."""
    stands = await crack(place, person, policy, loss=loss)
    assert isinstance(stands, ClaimStands), stands
    identifier = UUID(stands.claim)
    await give(place, person, identifier, Paper.PHOTO, jpeg(comment=str(identifier).encode()))
    kept = await give(place, person, identifier, Paper.INVOICE, pdf(), "application/pdf")
    assert kept.state == "assessing", kept
    return identifier


async def assess(place: Town, claim: UUID, found: int, reason: str = "", *, certain: bool = False) -> Any:
    command = AssessClaim(claim, found, reason, certain)
    return await claim_assessment.assess(place.house, await operator(place, "ops.chen"), command)


async def insurer_answers(place: Town, rounds: int = 1) -> list[str]:
    return await place.work(claims.CLAIMS, claim_outcomes.deliver, rounds)


async def pushed(place: Town, serial: str, amount: int) -> None:
    """The bank's notice of a receipt, twice."""
    for _ in range(2):
        one = Pushed(serial, RESERVE, amount, place.biller.now.date(), "TPINS", "claim")
        await receipts.receive(place.house, [one], (claim_outcomes.recognise,))


async def seen(place: Town, claim: UUID) -> tuple[Claim, list[PaymentRow]]:
    key = (claim.int >> 46 & 0xFFFF, claim)
    async with place.house.database.read() as tx:
        return (await claim_store.claims(tx, [key]))[key], (await claim_store.payments_of(tx, [key]))[key]


async def standing(place: Town, person: Person, policy: UUID) -> tuple[PolicyState, date, PremiumsShown]:
    """What becomes of a policy, for how long it is paid, and its premiums as they are shown."""
    async with place.house.database.read() as tx:
        row = (await store.policies(tx, [(person.book, policy)]))[person.book, policy]
        return row.state, row.paid_until, await premiums_shown(tx, row, place.biller.now.date())


async def paid(place: Town, claim: UUID) -> None:
    """Agreed by the insurer, and its money arrived."""
    assert await insurer_answers(place) == []
    payment = (await seen(place, claim))[1][-1]
    await pushed(place, payment.serial, payment.amount)


async def watch(place: Town, day: date) -> dict[str, Any]:
    await place.clock(shanghai(day + timedelta(days=1), 0, 30))
    return (await claims_days.watch_claims(place.house, day)).figures


async def texts(place: Town, person: Person) -> list[str]:
    async with place.house.database.read() as tx:
        return [one.text_en for one in await notices.notices_of(tx, person.book, person.id)]
