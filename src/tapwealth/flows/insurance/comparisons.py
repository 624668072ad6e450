"""How each event of the insurer's bordereau is held against what we know: one entry of `COMPARISONS` an event.

What has happened stands in `policy_event`, written by whoever heard of it. A module whose requests can be in doubt (asked, not answered)
says here which they are, and what to do when the bordereau settles the doubt; that writes the event.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from tapwealth.flows.frame import House, Moment
from tapwealth.flows.insurance import claim_outcomes, endorsement_outcomes, premium_outcomes
from tapwealth.flows.insurance.policy_outcomes import Heard, apply
from tapwealth.flows.insurance.premium_outcomes import Said
from tapwealth.insurance import claim_store, endorsement_store, premium_store, store
from tapwealth.insurance.bordereau import BordereauEvent, BordereauLine
from tapwealth.insurance.claim_insurer import ClaimAgreed
from tapwealth.insurance.policy import PolicyEvent
from tapwealth.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of ours to the insurer: the policy, the amount in fen that an event under its serial must have, and how it stands here
    ("PL12 is cancelled"), for whoever reads of a difference."""

    book: int
    policy: UUID
    amount: int
    here: str


Requests = Callable[[Tx, Sequence[int], Sequence[str]], Awaitable[Mapping[str, Asked]]]
"""By serial, those of these serials that are requests of ours, answered or not."""
Settle = Callable[[House, Tx, Moment, date, Sequence[tuple[Asked, BordereauLine]]], Awaitable[None]]
"""Take the bordereau's word for requests that are in doubt, under a date; a request that cannot be so is left as it stands."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one event is compared."""

    requests: Requests
    settle: Settle


async def _nothing_asked(_tx: Tx, _books: Sequence[int], _serials: Sequence[str]) -> Mapping[str, Asked]:
    return {}


async def _nothing_settled(_house: House, _tx: Tx, _at: Moment, _day: date, _said: Sequence[tuple[Asked, BordereauLine]]) -> None:
    return None


BY_EVENTS_ALONE = Comparison(_nothing_asked, _nothing_settled)
"""Nothing of it is ever in doubt: it is known from `policy_event` or not at all."""


def _asked(row: store.PolicyRow, amount: int) -> Asked:
    return Asked(row.book, row.id, amount, f"{row.policy_number or 'it'} is {row.state}")


async def _to_issue(tx: Tx, books: Sequence[int], serials: Sequence[str]) -> Mapping[str, Asked]:
    return {serial: _asked(row, row.premium) for serial, row in (await store.by_serial(tx, books, serials)).items()}


async def _to_cancel(tx: Tx, books: Sequence[int], serials: Sequence[str]) -> Mapping[str, Asked]:
    return {serial: _asked(row, row.refund) for serial, row in (await store.by_cancel_serial(tx, books, serials)).items()}


def _hearing(event: PolicyEvent) -> Settle:
    async def settle(house: House, tx: Tx, at: Moment, day: date, said: Sequence[tuple[Asked, BordereauLine]]) -> None:
        await apply(house, tx, at, day, [Heard((one.book, one.policy), event, line.policy_number) for one, line in said])

    return settle


async def _premiums(tx: Tx, books: Sequence[int], serials: Sequence[str]) -> Mapping[str, Asked]:
    found = await premium_store.by_serial(tx, books, serials)
    return {
        serial: Asked(rows[0].book, rows[0].policy, sum(one.amount + one.interest for one in rows), f"it is {rows[0].state}")
        for serial, rows in found.items()
    }


async def _premiums_booked(house: House, tx: Tx, at: Moment, day: date, said: Sequence[tuple[Asked, BordereauLine]]) -> None:
    books = sorted({one.book for one, _ in said})
    await premium_outcomes.hear_premiums(house, tx, at, day, books, [Said(line.serial, None) for _, line in said])


async def _lapses(tx: Tx, books: Sequence[int], serials: Sequence[str]) -> Mapping[str, Asked]:
    found = await premium_store.turns_by_serial(tx, books, serials)
    return {serial: Asked(one.book, one.policy, one.refund, f"it is {one.turn}") for serial, one in found.items()}


async def _lapses_noted(_house: House, tx: Tx, at: Moment, day: date, said: Sequence[tuple[Asked, BordereauLine]]) -> None:
    books = sorted({one.book for one, _ in said})
    await premium_outcomes.hear_turns(tx, at, day, books, [Said(line.serial, None) for _, line in said])


async def _to_pay(tx: Tx, books: Sequence[int], serials: Sequence[str]) -> Mapping[str, Asked]:
    payments = await claim_store.payments_by_serial(tx, books, serials)
    claims = await claim_store.claims(tx, [(one.book, one.claim) for one in payments.values()])
    of = {serial: claims[one.book, one.claim] for serial, one in payments.items()}
    return {serial: Asked(one.book, of[serial].policy, one.amount, f"its claim is {of[serial].state}") for serial, one in payments.items()}


async def _agreed(_house: House, tx: Tx, at: Moment, day: date, said: Sequence[tuple[Asked, BordereauLine]]) -> None:
    payments = await claim_store.payments_by_serial(tx, [one.book for one, _ in said], [line.serial for _, line in said])
    for _, line in said:
        await claim_outcomes.apply(tx, at, day, payments[line.serial], ClaimAgreed(line.amount))


async def _to_deduct(tx: Tx, books: Sequence[int], serials: Sequence[str]) -> Mapping[str, Asked]:
    """Premium that was to be kept; with the payment it was kept."""
    payments = {serial: one for serial, one in (await claim_store.payments_by_serial(tx, books, serials)).items() if one.arrears_until}
    of = await _to_pay(tx, books, list(payments))
    return {serial: replace(of[serial], amount=one.arrears) for serial, one in payments.items()}


async def _to_note(tx: Tx, books: Sequence[int], serials: Sequence[str]) -> Mapping[str, Asked]:
    found = await claim_store.recoveries_by_serial(tx, books, serials)
    claims = await claim_store.claims(tx, [(one.book, one.claim) for one in found.values()])
    return {serial: Asked(one.book, claims[one.book, one.claim].policy, one.amount, "it came back") for serial, one in found.items()}


async def _noted(_house: House, tx: Tx, at: Moment, day: date, said: Sequence[tuple[Asked, BordereauLine]]) -> None:
    found = await claim_store.recoveries_by_serial(tx, [one.book for one, _ in said], [line.serial for _, line in said])
    claims = await claim_store.claims(tx, [(one.book, one.claim) for one in found.values()])
    for one in found.values():
        await claim_outcomes.noted(tx, at, day, claims[one.book, one.claim], one)


async def _changes(tx: Tx, books: Sequence[int], serials: Sequence[str]) -> Mapping[str, Asked]:
    found = await endorsement_store.by_serial(tx, books, serials)
    return {serial: Asked(one.book, one.policy, one.amount, f"it is {one.state}") for serial, one in found.items()}


async def _changes_accepted(house: House, tx: Tx, at: Moment, day: date, said: Sequence[tuple[Asked, BordereauLine]]) -> None:
    books = sorted({one.book for one, _ in said})
    await endorsement_outcomes.hear(house, tx, at, day, books, [endorsement_outcomes.Said(line.serial, None) for _, line in said])


COMPARISONS: Mapping[BordereauEvent, Comparison] = {
    **dict.fromkeys(BordereauEvent, BY_EVENTS_ALONE),
    BordereauEvent.ISSUED: Comparison(_to_issue, _hearing(PolicyEvent.ISSUE)),
    BordereauEvent.CANCELLED: Comparison(_to_cancel, _hearing(PolicyEvent.CANCEL)),
    BordereauEvent.RENEWED: Comparison(_to_issue, _hearing(PolicyEvent.ISSUE)),
    BordereauEvent.PREMIUM: Comparison(_premiums, _premiums_booked),
    BordereauEvent.REINSTATED: Comparison(_premiums, _premiums_booked),
    BordereauEvent.ENDORSED: Comparison(_changes, _changes_accepted),
    BordereauEvent.LAPSED: Comparison(_lapses, _lapses_noted),
    BordereauEvent.CLAIMED: Comparison(_to_pay, _agreed),
    BordereauEvent.RECOVERED: Comparison(_to_note, _noted),
    BordereauEvent.DEDUCTED: Comparison(_to_deduct, _nothing_settled),
    BordereauEvent.PREMIUMS_BACK: Comparison(_to_pay, _agreed),
}
