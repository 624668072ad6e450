"""Taking money out of a deposit, and saying what becomes of it when it is due.

Both look at the deposit under the lock of its book, as it stands on the day of the request: what was due before that has happened first. So
a request at the moment of maturity is either early or not, by its arrival, and of two at once the second finds what the first has left.
"""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import msgspec

from tapwealth.bank import deposit_event_store as events
from tapwealth.bank.deposit_list import ListEvent
from tapwealth.deposits import entries, store
from tapwealth.deposits.deposit import (
    AtMaturity,
    Deposit,
    DepositRefusal,
    DepositState,
    FormKind,
    Withdrawal,
    not_renewed,
    withdraw,
)
from tapwealth.deposits.entries import DepositEntry, Held
from tapwealth.flows.customers.people import wallet_of, who
from tapwealth.flows.deposits import at_notice, demand
from tapwealth.flows.deposits.deposit_events import event_of
from tapwealth.flows.deposits.deposit_terms import terms_of
from tapwealth.flows.deposits.maturing import bring_up
from tapwealth.flows.deposits.withdrawal_quote import foretold
from tapwealth.flows.frame import Envelope, House, Moment, must_post, once
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx

_DAY = timedelta(days=1)


class WithdrawDeposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take out `amount` fen of a deposit of one's own; left out: all of it. `interest`: fen that they were shown for it."""

    deposit: UUID
    amount: int | None = None
    interest: int | None = None


class DepositWithdrawn(msgspec.Struct, frozen=True):
    """In the wallet now: `principal` and `interest`; `left` stays in the deposit. `early`: it earned the demand rate."""

    deposit: str
    principal: int
    interest: int
    left: int
    early: bool


class InstructDeposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to become of a deposit of one's own when it is due."""

    deposit: UUID
    at_maturity: AtMaturity


class DepositInstructed(msgspec.Struct, frozen=True):
    """It holds for the due day, and for those after it if it is renewed."""

    deposit: str
    at_maturity: AtMaturity
    due: date


async def withdraw_(house: House, envelope: Envelope, command: WithdrawDeposit) -> DepositWithdrawn | Refusal:
    """Pay principal and interest to the wallet."""
    if command.amount is not None:
        checked(command.amount)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> DepositWithdrawn | Refusal:
        day = at.date_of(envelope.received_at)
        one = await _own(house, tx, at, (book, command.deposit), person, day)
        if isinstance(one, Refusal):
            return one
        differs = await _shown_otherwise(tx, one, command, day)
        made = differs or await _decided(house, tx, at, one, command.amount, day)
        if isinstance(made, Refusal):
            return made
        key = named(envelope.received_at, book, f"withdraw_deposit:{person}:{envelope.key}")
        held = Held(book, one.id, one.account, await wallet_of(house, tx, book, person))
        entry = entries.paid_out(held, key, made.principal, made.interest, DepositEntry.WITHDRAWN, made.day, actor)
        await must_post(house, tx, at, [entry])
        await events.add(tx, [event_of(one, key, ListEvent.WITHDRAWN, made.day, made.principal, made.interest)])
        return DepositWithdrawn(str(one.id), made.principal, made.interest, made.after.balance, made.early)

    return await once(house, [book], envelope, command, act, DepositWithdrawn)


async def _shown_otherwise(tx: Tx, one: Deposit, command: WithdrawDeposit, day: date) -> Refusal | None:
    """What its owner was shown is not what it would pay: a day or a rate has changed since."""
    if command.interest is None:
        return None
    pays = await foretold(tx, one, command.amount, day)
    if isinstance(pays, Refusal) or pays.interest == command.interest:
        return None
    text = f"its interest is {format_minor(pays.interest)} yuan now; look at it again and confirm it"
    return Refusal(DepositRefusal.INTEREST_DIFFERS, text)


async def _decided(house: House, tx: Tx, at: Moment, one: Deposit, amount: int | None, day: date) -> Withdrawal | Refusal:
    """By its form: what is taken out, with the deposit after it saved."""
    if one.state is not DepositState.CLOSED and one.form is FormKind.DEMAND:
        return await demand.draw(house, tx, at, one, amount, day)
    if one.state is not DepositState.CLOSED and one.form is FormKind.NOTICE:
        return await at_notice.draw(tx, one, amount, day)
    terms = await terms_of(tx, [one])
    said = terms.of(one)
    made = withdraw(one, said, amount, day, terms.demand(one, day, one.balance if amount is None else amount))
    if not isinstance(made, Refusal):
        await store.save(tx, [made.after])
    return made


async def instruct(house: House, envelope: Envelope, command: InstructDeposit) -> DepositInstructed | Refusal:
    """Keep the wish, while it is not due."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> DepositInstructed | Refusal:
        one = await _own(house, tx, at, (book, command.deposit), person, at.date_of(envelope.received_at))
        if isinstance(one, Refusal):
            return one
        if one.state is not DepositState.OPEN or one.due is None:
            return Refusal(DepositRefusal.NO_LONGER, "it is for no term, or its term is over; take it out when you like")
        refusal = not_renewed((await terms_of(tx, [one])).of(one).form) if command.at_maturity is AtMaturity.RENEW else None
        if refusal is not None:
            return refusal
        await store.save(tx, [replace(one, at_maturity=command.at_maturity)])
        return DepositInstructed(str(one.id), command.at_maturity, one.due)

    return await once(house, [book], envelope, command, act, DepositInstructed)


async def _own(house: House, tx: Tx, at: Moment, key: store.Key, person: UUID, day: date) -> Deposit | Refusal:
    """That deposit as it is on that day, if it is theirs."""
    one = (await store.deposits(tx, [key])).get(key)
    if one is None or one.person != person:
        return Refusal(DepositRefusal.UNKNOWN_DEPOSIT, "this is no deposit of yours; look at your list")
    (now,) = await bring_up(house, tx, at, [one], day - _DAY)
    return now
