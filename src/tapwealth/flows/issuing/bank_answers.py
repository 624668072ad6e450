"""What the customer's bank has said to a tap: approved or declined, for a list of answers in the writer's transaction.

The first word on a tap stands. A tap that was reversed meanwhile, or given up since nobody had heard of its bank, stays so, whatever the
bank says after it: what it holds is given up by the outbox.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import structs

from tapwealth.bank import mandate_store
from tapwealth.bank.reservation import Reservation, ReservationSaid, ReservationState
from tapwealth.compliance import store as compliance
from tapwealth.flows.frame import House, Moment, moment, must_post
from tapwealth.flows.issuing import reservations
from tapwealth.flows.issuing.reservations import BankAnswer
from tapwealth.flows.issuing.tap import CardHouse, accounts_of, standing_holds, tap_of, terminal_actors, told
from tapwealth.issuing import entries, store
from tapwealth.issuing.decline import DeclineReason
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import format_minor
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.wire.iso8583.requests import APPROVED, AuthorisationResponse

_REASONS = {ReservationState.REFUSED: DeclineReason.BANK_REFUSED, ReservationState.UNKNOWN: DeclineReason.BANK_SILENT}


async def record(cards: CardHouse, tx: Any, answers: Sequence[BankAnswer]) -> list[AuthorisationResponse]:
    """What the terminals are told, in order."""
    at = await moment(tx)
    said = {one.id: one.said for one in reversed(answers)}
    keys = [(one.book, one.id) for one in answers]
    rows = await store.by_id(tx, keys)
    held = await mandate_store.reservations(tx, keys)
    asking = [row for row in rows.values() if row.state == "asking_bank"]
    decided = [_decided(row, said[row.id]) for row in asking]
    rows.update({row.id: row for row in decided})
    await _release(cards.house, tx, at, [row for row in decided if row.state == "declined"])
    await store.answer(tx, decided)
    await reservations.settle(tx, [(held[row.id], said[row.id]) for row in decided])
    await notices.tell(tx, [_notice(cards, at, row) for row in decided if row.state == "approved"])
    return [told(rows[one.id]) for one in answers]


def _decided(row: Authorisation, said: ReservationSaid) -> Authorisation:
    if said.state is ReservationState.HELD:
        return structs.replace(row, state="approved", response_code=APPROVED)
    reason = _REASONS[said.state]
    return structs.replace(
        row,
        state="declined",
        response_code=reason.response_code,
        reason=f"{reason.name.lower()}: {said.reason or reason.text}",
        authorisation_code="",
        icc_answer=b"",
    )


async def _release(house: House, tx: Any, at: Moment, rows: Sequence[Authorisation]) -> None:
    """Set free what wallet and fund would have paid, unless their time has passed meanwhile."""
    if not rows:
        return
    standing = await standing_holds(house, tx, rows)
    accounts = await accounts_of(house, tx, rows)
    actors = await terminal_actors(tx, rows)
    made = [
        entries.reversed_(tap_of(accounts, row), at.open_date(row.business_date), actor)
        for row, actor in zip(rows, actors, strict=True)
        if row.holder in standing
    ]
    await must_post(house, tx, at, made)
    await compliance.add_usage(tx, [(row.book, row.person, row.business_date, -row.amount) for row in rows])


def _notice(cards: CardHouse, at: Moment, row: Authorisation) -> Notice:
    shop, paid = cards.merchants[row.merchant_number].name, format_minor(row.card_amount)
    zh = f"余额和基金不够，{paid} 元由您绑定的银行卡支付 · {shop}。"
    en = f"Wallet and fund did not suffice: your bank card pays {paid} yuan · {shop}."
    return Notice(row.book, derived(row.id, "paid by card"), row.person, at.now, zh, en, NoticeKind.CARD, "statement/me")


async def resolve(cards: CardHouse) -> int:
    """Decline what hangs because the process that asked the bank is gone. Returns how many."""
    house = cards.house
    async with house.database.look() as tx:
        hanging = await mandate_store.asked_too_long(tx, house.all_books, machine_now())
    if not hanging:
        return 0
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, sorted({one.book for one in hanging}))
        await record(cards, tx, [_never_heard(one) for one in hanging])
    return len(hanging)


def _never_heard(one: Reservation) -> BankAnswer:
    return BankAnswer(one.book, one.id, reservations.unknown("nobody has heard what the bank said"))
