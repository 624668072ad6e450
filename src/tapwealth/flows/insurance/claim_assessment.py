"""What operations find of a claim: how much of the loss is covered, or why nothing is.

One operator decides about losses up to `FOUR_EYES_ABOVE`; above it one proposes and another one approves. What is found is then the
insurer's to agree (`claim_outcomes`).
"""

from dataclasses import replace
from datetime import date
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.flows.insurance import claim_arrears, claim_receivers
from tapwealth.flows.insurance.claim_papers import any_claim
from tapwealth.flows.insurance.claim_recoveries import books_of
from tapwealth.flows.insurance.claims import Of, ask_insurer, check_said, moved, policy_of, refuse, spent, still_lost
from tapwealth.insurance import claim_store, premium_store
from tapwealth.insurance.claim import Claim, ClaimEvent, ClaimRefusal, ClaimState, LossKind, next_state, payable
from tapwealth.insurance.claim_store import Part, PaymentRow
from tapwealth.insurance.product import PhoneScreen
from tapwealth.insurance.schedule import Due
from tapwealth.kernel.ids import derived, without_book
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.approvals import Approval
from tapwealth.storage.database import Tx

FOUR_EYES_ABOVE = 1_000_00
"""Fen that are claimed: the house's own rule."""


class AssessClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`found` fen of the loss are covered, 0: nothing is, for that `reason`, which the claimant is told. `certain`: so much is certain, the
    rest is still looked at (article 25)."""

    claim: UUID
    found: int
    reason: str = ""
    certain: bool = False


class ProposeAssessment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same of a greater claim: somebody else decides it."""

    claim: UUID
    found: int
    reason: str = ""
    certain: bool = False


class ClaimAssessed(msgspec.Struct, frozen=True):
    """`payable` fen are asked of the insurer."""

    claim: str
    state: str
    payable: int


Assessment = AssessClaim | ProposeAssessment


def check(command: Assessment) -> None:
    """Raises BadInput for what decides nothing."""
    if command.found < 0:
        raise BadInput("it is below 0", where="found", hint="give fen, or 0 for a claim that is not paid")
    if command.certain and not command.found:
        raise BadInput("nothing is certain", where="found", hint="give the fen that are certain")
    if not command.found:
        check_said(command.reason, "reason")


async def assess(house: House, envelope: Envelope, command: AssessClaim) -> ClaimAssessed | Refusal:
    """By one operator, up to the limit."""
    check(command)

    async def act(tx: Tx, at: Moment, _actor: int) -> ClaimAssessed | Refusal:
        claim = await any_claim(tx, command.claim)
        if isinstance(claim, Refusal):
            return claim
        if claim.loss > FOUR_EYES_ABOVE:
            text = f"above {format_minor(FOUR_EYES_ABOVE)} yuan two people decide; propose it: propose_assessment"
            return Refusal(ClaimRefusal.FOUR_EYES, text)
        return await _decide(house, tx, at, claim, command)

    return await once(house, books_of(house, command.claim), envelope, command, act, ClaimAssessed)


async def may_be(house: House, tx: Tx, at: Moment, command: ProposeAssessment) -> Refusal | None:
    """Why it could not be brought about as things stand."""
    claim = await any_claim(tx, command.claim)
    if isinstance(claim, Refusal):
        return claim
    made = await _wanted(house, tx, at.date_of(at.now), claim, command)
    return made if isinstance(made, Refusal) else None


async def bring_about(house: House, tx: Tx, at: Moment, made: Approval, proposal: ProposeAssessment) -> Refusal | None:
    """The second one's yes to what the first one saw."""
    await house.ledger.lock_books(tx, books_of(house, proposal.claim)[1:])
    claim = await any_claim(tx, proposal.claim)
    if isinstance(claim, Refusal):
        return claim
    if claim.heard_at is not None and made.proposed_at is not None and made.proposed_at < claim.heard_at:
        text = "the claimant has sent a file or appealed since it was proposed; reject it, look at the claim, and propose again"
        return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, text)
    answer = await _decide(house, tx, at, claim, proposal)
    return answer if isinstance(answer, Refusal) else None


async def _decide(house: House, tx: Tx, at: Moment, claim: Claim, said: Assessment) -> ClaimAssessed | Refusal:
    day = at.date_of(at.now)
    wanted = await _wanted(house, tx, day, claim, said)
    if isinstance(wanted, Refusal):
        return wanted
    if not said.found:
        after = await refuse(tx, at, claim, said.reason, day)
        return ClaimAssessed(str(claim.id), after.state.value, 0)
    payment = await _payment(tx, claim, said, wanted, day)
    await claim_store.add_payments(tx, [payment])
    state = claim.state if said.certain else ClaimState.WITH_INSURER
    after = await moved(tx, replace(claim, state=state, found=max(said.found, claim.found)))
    await ask_insurer(tx, [payment])
    return ClaimAssessed(str(claim.id), after.state.value, payment.amount)


class _Wanted(NamedTuple):
    """Fen to be asked of the insurer, the premiums that are deducted already, and what was lost."""

    amount: int
    owed: tuple[Due, ...]
    identity: str


async def _wanted(house: House, tx: Tx, day: date, claim: Claim, said: Assessment) -> _Wanted | Refusal:
    """What is asked of the insurer, nothing where nothing is found; or why that cannot be decided as things stand."""
    state = next_state(claim, ClaimEvent.FIND if said.found else ClaimEvent.REFUSE)
    if isinstance(state, Refusal):
        return state
    if said.certain and claim.state is not ClaimState.ASSESSING:
        return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, "what is certain is paid while the first decision is awaited; decide the whole")
    if claim.early and said.found and await _books_premium(tx, claim):
        return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, "the insurer is booking a premium that comes back too; decide by its answer")
    if await _awaits_answer(tx, claim):
        text = "the insurer has not answered yet for what is certain of it; decide further by its answer"
        return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, text)
    lost = await still_lost(tx, claim)
    if said.found > lost:
        text = f"{format_minor(lost)} yuan are claimed, less what was given back; find that much or less"
        return Refusal(ClaimRefusal.MORE_THAN_CLAIMED, text)
    if not said.found:
        return _Wanted(0, (), "")
    of = await policy_of(tx, claim)
    if of.row.rescinded_on_purpose:
        return Refusal(ClaimRefusal.RESCINDED, "its policy was rescinded for an untruth on purpose; refuse it with the reason")
    lacking = await claim_receivers.no_guardian(house, tx, claim, day) if claim.kind is LossKind.DEATH else None
    identity = lacking or await _identity(tx, claim, of)
    if isinstance(identity, Refusal):
        return identity
    of_claim, of_policy = await _spent(tx, claim)
    owed = () if of_claim else await claim_arrears.owed(tx, claim, of.row)
    if isinstance(owed, Refusal):
        return owed
    terms, arrears = of.product.terms, sum(one.amount for one in owed)
    amount = payable(terms, said.found, of_claim=of_claim, of_policy=of_policy, arrears=arrears)
    if amount:
        return _Wanted(amount, owed, identity)
    less = {"excess": terms.excess, "paid before": of_claim, "premium owed": arrears}
    why = ", ".join(f"{format_minor(fen)} {what}" for what, fen in less.items() if fen) or "the sum insured is used up"
    return Refusal(ClaimRefusal.NOTHING_PAYABLE, f"nothing of it is payable: {why}; refuse it with the reason")


async def _identity(tx: Tx, claim: Claim, of: Of) -> str | Refusal:
    """What was lost, in a word that is the same for whatever claims it. Screens are numbered as they are asked for, and each keeps its
    number as long as it is paid for or may be."""
    if claim.kind is LossKind.PAYMENT:
        return f"payment:{claim.tap}"
    if claim.illness is not None:
        return f"premiums:{claim.policy}" if claim.early else f"illness:{claim.illness.hex()}"
    cover = of.product.terms.cover
    if not isinstance(cover, PhoneScreen):
        return f"{claim.kind}:{claim.id if claim.kind is LossKind.ACCIDENT else claim.policy}"
    others = await claim_store.claims_of_policy(tx, claim.book, claim.policy)
    payments = await claim_store.payments_of(tx, [(one.book, one.id) for one in others])
    taken = {one.identity: one.claim for rows in payments.values() for one in rows if one.spent}
    screens = [f"screen:{number}" for number in range(1, cover.replacements + 1)]
    free = next((one for one in screens if taken.get(one) == claim.id), next((one for one in screens if one not in taken), None))
    text = f"{cover.replacements} of {cover.replacements} screens are replaced or promised already; refuse it with the reason"
    return free or Refusal(ClaimRefusal.ALL_REPLACED, text)


async def _books_premium(tx: Tx, claim: Claim) -> bool:
    key = (claim.book, claim.policy)
    return bool(await premium_store.under_way(tx, [key]) or await claim_store.deducting(tx, [key]))


async def _awaits_answer(tx: Tx, claim: Claim) -> bool:
    """What it lowers or refuses of one part belongs to the next."""
    key = (claim.book, claim.id)
    return any(one.agreed_on is None and one.refused_on is None for one in (await claim_store.payments_of(tx, [key]))[key])


async def _spent(tx: Tx, claim: Claim) -> tuple[int, int]:
    """Of the claim, and of its policy."""
    used = await spent(tx, await claim_store.claims_of_policy(tx, claim.book, claim.policy))
    return used[claim.id], sum(used.values())


async def _payment(tx: Tx, claim: Claim, said: Assessment, wanted: _Wanted, day: date) -> PaymentRow:
    key = (claim.book, claim.id)
    earlier = (await claim_store.payments_of(tx, [key]))[key]
    number = len(earlier) + 1
    return PaymentRow(
        book=claim.book,
        claim=claim.id,
        number=number,
        serial=end_to_end("CLM", derived(without_book(claim.id), f"pay:{number}")),
        identity=wanted.identity,
        part=Part.CERTAIN if said.certain else Part.APPEAL if claim.appealed_on else Part.WHOLE,
        amount=wanted.amount,
        arrears=sum(one.amount for one in wanted.owed),
        asked_on=day,
        arrears_from=wanted.owed[0].on if wanted.owed else None,
        arrears_until=wanted.owed[-1].until if wanted.owed else None,
    )
