"""Bills that are paid by themselves, over /v1: agreed to, changed, ended and read by who acts for a customer."""

from typing import Any
from uuid import UUID

from tapwealth.bills import autopay_store as store
from tapwealth.bills.autopay import PayWhen
from tapwealth.flows.bills import autopay, autopay_history
from tapwealth.flows.bills.autopay import AgreeAutopay, AutopayView, ChangeAutopay, EndAutopay
from tapwealth.flows.bills.autopay_history import AttemptShown
from tapwealth.flows.customers.consents import ACCOUNT
from tapwealth.flows.frame import Caller, Envelope, House
from tapwealth.flows.v1.autopay_shapes import (
    Autopay,
    AutopayAttempt,
    AutopayBill,
    AutopayCard,
    AutopayLook,
    AutopayNotice,
    NewAutopay,
    NewTerms,
)
from tapwealth.flows.v1.reading import CARD, Part, Wanted, allowed, before, part, unknown
from tapwealth.flows.v1.shapes import yuan
from tapwealth.kernel.ids import prefixed, unprefixed
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx

AUTOPAY, ATTEMPT, NOTICE = "aut", "att", "ntc"
"""How agreements, attempts and notices are shown."""
_NOBODY = UUID(int=0)


async def agree(house: House, envelope: Envelope, asked: NewAutopay) -> Autopay | Refusal:
    """In force at once."""
    command = AgreeAutopay(
        asked.biller, asked.account_number, asked.most.amount, asked.fund or "", _when(asked.when), _card(asked.bank_card),
        asked.notice_days, asked.item, asked.fields,
    )  # fmt: skip
    try:
        return _agreed(envelope, await autopay.agree(house, envelope, command))
    except BadInput as error:
        place = error.where if error.where in ("most", "fields") else "fields" if asked.fields else "account_number"
        raise BadInput(f"{error.where}: {error.what}", where=place, hint=error.hint) from None


async def change(house: House, envelope: Envelope, asked: NewTerms, identifier: str) -> Autopay | Refusal:
    """Other terms from now on."""
    known = unprefixed(AUTOPAY, identifier) or _NOBODY
    command = ChangeAutopay(known, asked.most.amount, asked.fund or "", _when(asked.when), _card(asked.bank_card), asked.notice_days)
    return _agreed(envelope, await autopay.change(house, envelope, command))


async def end(house: House, envelope: Envelope, identifier: str) -> Autopay | Refusal:
    """Nothing more is paid by it."""
    return _agreed(envelope, await autopay.end(house, envelope, EndAutopay(unprefixed(AUTOPAY, identifier) or _NOBODY)))


def _when(asked: str | None) -> PayWhen | None:
    return PayWhen(asked) if asked else None


def _card(asked: str | None) -> UUID | None:
    return (unprefixed(CARD, asked) or _NOBODY) if asked else None


def _agreed(envelope: Envelope, answer: AutopayView | Refusal) -> Autopay | Refusal:
    assert envelope.caller.person is not None, "an account is acted for"
    return answer if isinstance(answer, Refusal) else _autopay(envelope.caller.person, answer)


async def autopays(house: House, caller: Caller, wanted: Wanted) -> Part | Refusal:
    """Newest first."""

    async def read(tx: Tx, book: int, person: UUID) -> Part:
        found = await store.page_of(tx, book, person, wanted.only, before(wanted), wanted.limit + 1)
        shown = await autopay.shown(tx, book, person, found)
        return part([_autopay(person, one) for one in shown], [one.id.hex for one in found], wanted)

    return await allowed(house, caller, read)


def _autopay(person: UUID, one: AutopayView) -> Autopay:
    assert one.agreed_at is not None, "a client's agreements are younger than this field"
    values: Any = one
    card = AutopayCard(prefixed(CARD, UUID(one.card_id)), values.card_state, one.card_reason) if one.card_id else None
    look = AutopayLook(one.last_day, values.last_state, yuan(one.last_paid), one.reason) if one.last_day else None
    bills = [AutopayBill(of.period, yuan(of.balance), of.due_on, of.pay_on, of.state, of.reason) for of in values.bills]
    return Autopay(
        prefixed(AUTOPAY, UUID(one.autopay)), prefixed(ACCOUNT, person), one.biller_code, one.item, one.biller, one.biller_en, one.account,
        yuan(one.most), one.fund or None, card, values.when, one.notice, values.state, one.agreed_at, one.ended_at,
        prefixed(AUTOPAY, UUID(one.replaces)) if one.replaces else None, look, bills,
    )  # fmt: skip


async def attempts(house: House, caller: Caller, identifier: str, wanted: Wanted) -> Part | Refusal:
    """To pay bills under an agreement, newest first."""

    async def read(tx: Tx, book: int, person: UUID) -> Part | Refusal:
        if (one := await autopay_history.own(tx, book, person, unprefixed(AUTOPAY, identifier) or _NOBODY)) is None:
            return unknown("autopay")
        found = await autopay_history.attempts(tx, one, before(wanted), wanted.limit + 1)
        return part([_attempt(of) for of in found], [UUID(of.attempt).hex for of in found], wanted)

    return await allowed(house, caller, read)


def _attempt(one: AttemptShown) -> AutopayAttempt:
    of: Any = one
    return AutopayAttempt(
        prefixed(ATTEMPT, UUID(one.attempt)), of.kind, one.bill_number, one.period, yuan(one.amount), yuan(one.from_fund), of.state,
        one.reason, one.day, one.at,
    )  # fmt: skip


async def notices_of(house: House, caller: Caller, identifier: str, wanted: Wanted) -> Part | Refusal:
    """That tell of an agreement and its bills, newest first."""

    async def read(tx: Tx, book: int, person: UUID) -> Part | Refusal:
        if (one := await autopay_history.own(tx, book, person, unprefixed(AUTOPAY, identifier) or _NOBODY)) is None:
            return unknown("autopay")
        found = await autopay_history.told_of(tx, one, before(wanted), wanted.limit + 1)
        shown = [AutopayNotice(prefixed(NOTICE, UUID(of.notice)), of.at, of.text_zh, of.text_en) for _, of in found]
        return part(shown, [turn.hex for turn, _ in found], wanted)

    return await allowed(house, caller, read)
