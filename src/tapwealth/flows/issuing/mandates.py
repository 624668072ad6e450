"""A customer lets a bound bank account pay at a tap, within ceilings, and takes that back.

The bank confirms a mandate before it pays anything; what was taken back pays nothing more from that instant on, whether or not the bank has
heard of it. Sent by the worker, outside any transaction; what the bank says comes back as a command.
"""

from enum import Enum, auto
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bank import mandate_store
from tapwealth.bank.mandate import STANDING, Mandate, MandateState
from tapwealth.compliance import limits
from tapwealth.customers import store as customers
from tapwealth.customers.store import BankCardRow
from tapwealth.flows.bank.card_mandates import CONFIRM, REVOKE, CardMandate, bank_told
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import Envelope, House, Moment, moment, once
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

MANDATES = "mandates"
"""The outbox destination."""


class MandateRefusal(Enum):
    """In the order in which they are checked."""

    NOT_VERIFIED = auto()
    UNKNOWN_CARD = auto()
    ABOVE_RULE = auto()
    MANDATE_STANDS = auto()
    UNKNOWN_MANDATE = auto()


class GiveMandate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`card` may pay what wallet and fund do not: at most `per_tap` fen at a tap and `per_day` fen in a day."""

    card: UUID
    per_tap: int
    per_day: int


class RevokeMandate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mandate: UUID


class MandateView(msgspec.Struct, frozen=True):
    """`card` is the bound card's id, `masked` its number; `reason` is the bank's, where it refused."""

    mandate: str
    card: str
    masked: str
    per_tap: int
    per_day: int
    state: str
    state_zh: str
    state_en: str
    reason: str


_STATES = {
    MandateState.ASKED: ("待银行确认", "waits for the bank"),
    MandateState.CONFIRMED: ("已生效", "in force"),
    MandateState.REFUSED: ("银行未同意", "refused by the bank"),
    MandateState.REVOKED: ("已撤销", "taken back"),
}


async def give(house: House, envelope: Envelope, command: GiveMandate) -> MandateView | Refusal:
    """The bank is asked; until it has confirmed, nothing is paid by it."""
    checked(command.per_tap)
    checked(command.per_day)
    if command.per_tap > command.per_day:
        raise BadInput("a tap may cost more than a day", where="per_tap", hint="give at most what per_day allows")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> MandateView | Refusal:
        row = (await customers.persons(tx, [(book, person)]))[person]
        card = await customers.bank_card(tx, book, command.card)
        if row.kyc_level == 0:
            return Refusal(MandateRefusal.NOT_VERIFIED, "your identity is not verified yet; try again in a moment, or ask the bank")
        if card is None or card.person != person:
            return Refusal(MandateRefusal.UNKNOWN_CARD, "this card is not bound to your account; bind it first")
        above = limits.above_debit_limit(house.rule_set, command.per_tap, command.per_day)
        if above is not None:
            return Refusal(MandateRefusal.ABOVE_RULE, f"{above}; give lower ceilings")
        if any(one.state in STANDING for one in await mandate_store.mandates_of(tx, book, person)):
            return Refusal(MandateRefusal.MANDATE_STANDS, "a bank card may pay at your taps already; take that back first")
        made = Mandate(
            book, own_key(envelope, "mandate", row), person, card.id, command.per_tap, command.per_day, business_date_of(at.now),
            MandateState.ASKED, "", at.now,
        )  # fmt: skip
        await mandate_store.add_mandate(tx, made)
        await outbox.put(tx, [_message(made, CONFIRM)])
        return _view(made, card)

    return await once(house, [book], envelope, command, act, MandateView)


async def revoke(house: House, envelope: Envelope, command: RevokeMandate) -> MandateView | Refusal:
    """Taps that were approved before stay approved."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> MandateView | Refusal:
        found = await mandate_store.mandate(tx, book, command.mandate)
        if found is None or found.person != person or found.state not in STANDING:
            return Refusal(MandateRefusal.UNKNOWN_MANDATE, "no such mandate of yours stands; /view/mandates lists them")
        await mandate_store.set_mandate_state(tx, book, found.id, STANDING, MandateState.REVOKED)
        await outbox.put(tx, [_message(found, REVOKE)])
        return await _changed(tx, at, book, found.id)

    return await once(house, [book], envelope, command, act, MandateView)


def _message(one: Mandate, kind: str) -> OutboxMessage:
    return OutboxMessage(one.book, derived(one.id, kind), MANDATES, kind, {"mandate": str(one.id)})


async def deliver(house: House, message: OutboxMessage) -> None:
    """Tell the bank. Raises Outage while it has not answered."""
    book, identifier = message.book, UUID(message.payload["mandate"])
    async with house.database.read() as tx:
        one = await mandate_store.mandate(tx, book, identifier)
    assert one is not None, f"the outbox names a mandate that is not there: {identifier}"
    mandate = CardMandate(book, one.person, one.card, one.name, one.per_tap, one.per_day, one.given_on)
    answer = await bank_told(house, message.kind, mandate)
    if answer is None:
        return
    _, said = answer
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [book])
        if await mandate_store.set_mandate_state(tx, book, identifier, [MandateState.ASKED], said.state, said.reason):
            await _changed(tx, await moment(tx), book, identifier)


async def _changed(tx: Tx, at: Moment, book: int, identifier: UUID) -> MandateView:
    """The mandate as it now stands, which the customer is told."""
    one = await mandate_store.mandate(tx, book, identifier)
    assert one is not None, "it has just been changed"
    card = await _card(tx, one)
    zh, en = _words(one, card.masked_pan)
    await notices.tell(tx, [Notice(book, derived(one.id, f"told {one.state}"), one.person, at.now, zh, en, NoticeKind.CARD, "mandates")])
    return _view(one, card)


def _words(one: Mandate, masked: str) -> tuple[str, str]:
    tap, day = format_minor(one.per_tap), format_minor(one.per_day)
    match one.state:
        case MandateState.CONFIRMED:
            return (
                f"银行已确认：碰一碰付款时，余额和基金不够的部分由银行卡 {masked} 支付，每笔最多 {tap} 元，每天最多 {day} 元。",
                f"The bank has confirmed: what wallet and fund do not cover of a tap is paid by your card {masked}, at most {tap} yuan"
                f" at a tap and {day} yuan in a day.",
            )
        case MandateState.REVOKED:
            return f"银行卡 {masked} 不再用于碰一碰付款。", f"Your card {masked} pays at taps no more."
        case _:
            return (
                f"银行没有同意用银行卡 {masked} 碰一碰付款，请核对卡是否为您本人的卡，或联系银行。",
                f"The bank does not let your card {masked} pay at taps; see whether it is your own card, or ask the bank.",
            )


def _view(one: Mandate, card: BankCardRow) -> MandateView:
    return MandateView(
        str(one.id), str(card.id), card.masked_pan, one.per_tap, one.per_day, one.state.value, *_STATES[one.state], one.reason
    )


async def _card(tx: Tx, one: Mandate) -> BankCardRow:
    card = await customers.bank_card(tx, one.book, one.card)
    assert card is not None, "a mandate is of a bound card, and what is bound stays"
    return card


async def held(tx: Any, book: int, person: UUID) -> list[MandateView]:
    """A person's mandates, oldest first, those that are over as well."""
    cards = {one.id: one for one in await customers.bank_cards_of(tx, book, person)}
    return [_view(one, cards[one.card]) for one in await mandate_store.mandates_of(tx, book, person)]
