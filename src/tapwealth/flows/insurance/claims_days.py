"""Claims at a date's end: clocks of the law that are about to run out, claims that are over, files and answers whose time is over, and
money that came back, on its way to the insurer.

Found by indexes on the days on which something falls due: nothing is written where nothing is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.store import BreakRow
from tapwealth.catalogue import sale_store
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, step_key
from tapwealth.flows.insurance import claim_notices
from tapwealth.flows.insurance.claims import CLAIMS, close, lost_of, sealed_text, spent
from tapwealth.flows.insurance.settling import INSURER_ACCOUNT
from tapwealth.insurance import application_store, claim_store, guardian_store
from tapwealth.insurance.claim import APPEAL_WITHIN, Claim, Clock, Due, dues
from tapwealth.insurance.insurer import CONNECTED
from tapwealth.insurance.policy import anniversary
from tapwealth.insurance.underwriting import KEEP_YEARS
from tapwealth.issuing import store as issuing
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage import approvals
from tapwealth.storage.database import Tx

WARN_BEFORE = timedelta(days=5)
"""How long before a clock of the law runs out operations are told."""
_WORDS = {
    Clock.DECIDE: "be decided",
    Clock.CERTAIN_PART: "be paid as far as it is certain",
    Clock.PAY: "be paid",
    Clock.TELL: "be answered",
}


async def watch_claims(house: House, day: date) -> StepReport:
    """All of it, in one transaction under the locks of all books."""
    books = list(house.all_books)
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        warned = await _warn(tx, at, books, day)
        await _note_given_back(tx, at, day)
        closed = await close(tx, await claim_store.over_since(tx, books, day - APPEAL_WITHIN), day)
        gone = [*await _erase(house, tx, books, day), *await _erase_answers(tx, books, day)]
        amount = await _pay_on(house, tx, at, day)
        figures = {
            "warned": warned,
            "closed": len(closed),
            "erased": len(gone),
            "recovered": amount,
            "awaited": await _awaited(tx, books, day),
        }
        text = f"{counted(warned, 'claim')} with a clock about to run out, {len(closed)} closed"
        text += f", {format_minor(amount)} yuan on their way to the insurer" if amount else ""
        return await reported(tx, StepReport(text, figures))


async def _warn(tx: Tx, at: Moment, books: Sequence[int], day: date) -> int:
    """A note for operations for each clock that runs out soon, once, and once more when it has. It keeps no date from closing."""
    found = await claim_store.due_until(tx, books, day + WARN_BEFORE)
    payments = await claim_store.payments_of(tx, [(one.book, one.id) for one in found])
    parts = {key for key, rows in payments.items() if any(one.paid_on is not None for one in rows)}
    noted = {one: _notes(one, day, part_paid=(one.book, one.id) in parts) for one in found}
    await bank.add_breaks(tx, day, [note for notes in noted.values() for note in notes], at.now)
    told = [replace(one, warned_on=day) for one, notes in noted.items() if notes]
    await claim_store.save_claims(tx, told)
    return len(told)


def _notes(claim: Claim, day: date, *, part_paid: bool) -> list[BreakRow]:
    """Of its clocks, those of which operations were not told yet as they are on that day."""
    told, due = claim.warned_on or date.min, dues(claim, part_paid=part_paid)
    near = [_note(claim, one, late=False) for one in due if told < one.day - WARN_BEFORE <= day <= one.day]
    return near + [_note(claim, one, late=True) for one in due if told <= one.day < day]


def _note(claim: Claim, due: Due, *, late: bool) -> BreakRow:
    text = f"claim {claim.id} {'had' if late else 'has'} to {_WORDS[due.clock]} by {due.day} by law; it is {claim.state}"
    return BreakRow(CLAIMS, "clock_passed" if late else "clock_near", f"{claim.id} {due.day}", claim.loss, text, accounted=True)


async def _note_given_back(tx: Tx, at: Moment, day: date) -> None:
    """A note for operations for each payment that the merchant gave back on that date and the insurer was asked to pay for: for more than
    is gone of it by now, since what was given back before it was decided was not asked for."""
    given = [(one, (one.book, one.original)) for one in await issuing.credited_on(tx, day) if one.original is not None]
    claimed = await claim_store.claims_of_taps(tx, [key for _, key in given])
    asked = await spent(tx, list(claimed.values()))
    gone = await lost_of(tx, list(claimed.values())) if claimed else {}
    paid = [(one, claimed[key]) for one, key in given if key in claimed and asked[claimed[key].id]]
    noted = [_given_back(one, claim) for one, claim in paid if claim.found > gone[claim.id]]
    await bank.add_breaks(tx, day, noted, at.now)


def _given_back(credit: Authorisation, claim: Claim) -> BreakRow:
    text = f"the merchant has given back {format_minor(credit.credit)} of the payment of claim {claim.id}; ask the claimant to give it back"
    return BreakRow(CLAIMS, "given_back", f"{claim.id} {credit.id}", credit.credit, text, accounted=True)


async def _erase(house: House, tx: Tx, books: Sequence[int], day: date) -> list[UUID]:
    """Files, and the words in which a loss, its refusal and who caused it were told: they name people and their health. Of these claims."""
    over = await claim_store.to_erase(tx, books, day)
    await claim_store.erase_pieces(tx, [(one.book, one.id) for one in over])
    await claim_store.save_claims(tx, [replace(one, erased_on=day, said=sealed_text(house, one.id, ""), reason="") for one in over])
    await claim_store.erase_sources(tx, [(one.book, one.id) for one in over])
    gone = [one.id for one in over]
    if over:
        await guardian_store.erase_guardians(tx, [(one.book, one.id) for one in over])
        await claim_store.erase_reasons(tx, [(one.book, one.id) for one in over])
        await claim_notices.forget(tx, over)
        await approvals.erase_about(tx, HOUSE_BOOK, gone)
    return gone


async def _erase_answers(tx: Tx, books: Sequence[int], day: date) -> list[UUID]:
    """By which no policy was bought, or one whose time is over: in its application, in the record of its sale and in what was proposed
    about them. Of these applications and policies."""
    unused = await application_store.erase(tx, books, anniversary(day, -KEEP_YEARS))
    over = await application_store.erase_of_policies(tx, books, day)
    policies = [policy for _, policy in over.policies]
    if over.policies:
        await sale_store.erase_records(tx, over.policies)
    if unused or policies:
        await approvals.erase_about(tx, HOUSE_BOOK, [*unused, *policies, *over.applications])
    return [*unused, *policies]


async def _pay_on(house: House, tx: Tx, at: Moment, day: date) -> int:
    """What came back by this date goes to the insurer, the next day."""
    actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
    accounts = {house_account(book, Kind.CLAIM_RECOVERED, Asset.CNY): book for book in house.all_books}
    totals = await house.ledger.totals_dated(tx, list(accounts), day)
    parts = tuple(Part(book, totals[account].owed, account) for account, book in accounts.items() if totals[account].owed > 0)
    payment = Payment(
        step_key(day, "claim recoveries", HOUSE_BOOK),
        f"RCO-{day:%Y%m%d}",
        Purpose.CLAIM_RECOVERY,
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        INSURER_ACCOUNT,
        CONNECTED[0],
        day + timedelta(days=1),
        parts,
    )
    await payments.instruct(house, tx, at, day, actor, [payment] if parts else [])
    return payment.amount


async def _awaited(tx: Tx, books: Sequence[int], day: date) -> list[dict[str, str | int]]:
    """By item: what the insurer has agreed to, and had not paid at the date's end."""
    return [{"item": one.serial, "amount": one.amount} for one in await claim_store.payments_awaited(tx, books, day)]
