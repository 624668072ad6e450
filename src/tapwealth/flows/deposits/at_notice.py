"""Deposits at notice: giving notice, taking it back, and taking money out, with or without it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.bank import deposit_event_store as events
from tapwealth.bank.deposit_event_store import EventRow
from tapwealth.bank.deposit_list import ListEvent
from tapwealth.deposits import forms_store, store
from tapwealth.deposits.deposit import Deposit, DepositRefusal, DepositState, Withdrawal
from tapwealth.deposits.notice import DepositNoticeRefusal, GivenNotice, Layer, NoticeState, give, may_take, take
from tapwealth.deposits.product import Notice
from tapwealth.flows.customers.people import who
from tapwealth.flows.deposits.deposit_events import event_of
from tapwealth.flows.deposits.deposit_terms import terms_of
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import checked
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx


class GiveDepositNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that `amount` fen of a deposit at notice of one's own will be taken out after the notice."""

    deposit: UUID
    amount: int


class DepositNoticeGiven(msgspec.Struct, frozen=True):
    """On `day` so much may be taken out at the rate of the notice."""

    notice: str
    deposit: str
    amount: int
    day: date


class CancelDepositNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a notice of one's own back."""

    notice: UUID


class DepositNoticeCancelled(msgspec.Struct, frozen=True):
    """It is as if it had not been given."""

    notice: str


async def give_(house: House, envelope: Envelope, command: GiveDepositNotice) -> DepositNoticeGiven | Refusal:
    """Keep the notice, and tell the bank with the day's list."""
    checked(command.amount)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> DepositNoticeGiven | Refusal:
        key = (book, command.deposit)
        one = (await store.deposits(tx, [key])).get(key)
        if one is None or one.person != person:
            return Refusal(DepositRefusal.UNKNOWN_DEPOSIT, "this is no deposit of yours; look at your list")
        if one.state is DepositState.CLOSED:
            return Refusal(DepositRefusal.CLOSED, "all of this deposit was paid out before; look at your list")
        form = (await terms_of(tx, [one])).of(one).form
        if not isinstance(form, Notice):
            return Refusal(DepositNoticeRefusal.NO_NOTICE, "it is taken out without notice; just take it out")
        today = await _not_before(tx, one, at.date_of(envelope.received_at))
        standing = (await forms_store.standing(tx, [key], today)).get(key, [])
        day = give(form, one.balance, standing, command.amount, today)
        if isinstance(day, Refusal):
            return day
        identifier = named(envelope.received_at, book, f"give_deposit_notice:{person}:{envelope.key}")
        made = GivenNotice(book, identifier, one.id, command.amount, today, day)
        await forms_store.add_notice(tx, made)
        await events.add(tx, [event_of(one, identifier, ListEvent.NOTIFIED, today, made.amount, 0)])
        return DepositNoticeGiven(str(identifier), str(one.id), made.amount, day)

    return await once(house, [book], envelope, command, act, DepositNoticeGiven)


async def cancel(house: House, envelope: Envelope, command: CancelDepositNotice) -> DepositNoticeCancelled | Refusal:
    """While its day has not gone by."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> DepositNoticeCancelled | Refusal:
        today = at.date_of(envelope.received_at)
        found = await forms_store.notice(tx, book, command.notice)
        one = None if found is None else (await store.deposits(tx, [(book, found.deposit)]))[book, found.deposit]
        if found is None or one is None or one.person != person:
            return Refusal(DepositNoticeRefusal.UNKNOWN_NOTICE, "this is no notice of yours; look at your deposit")
        if found.state is not NoticeState.GIVEN or found.day < today or one.state is DepositState.CLOSED:
            return Refusal(DepositNoticeRefusal.NOTICE_OVER, "it does not stand any more; give another if you want to take money out")
        await forms_store.set_notice(tx, found, NoticeState.CANCELLED)
        await events.add(tx, [_cancelled(one, found, today)])
        return DepositNoticeCancelled(str(found.id))

    return await once(house, [book], envelope, command, act, DepositNoticeCancelled)


def _cancelled(one: Deposit, found: GivenNotice, today: date) -> EventRow:
    """The bank knows a notice by the day on which it was given."""
    event = event_of(one, derived(found.id, "cancelled"), ListEvent.NOTICE_CANCELLED, today, found.amount, 0)
    return replace(event, line=replace(event.line, value_date=found.given_on))


async def _not_before(tx: Tx, one: Deposit, day: date) -> date:
    """A request of the evening before that is heard after a withdrawal counts on its day: the bank works them out by their days."""
    return max(day, one.first, await events.last_taken_on(tx, one.book, one.number) or day)


class Looked(NamedTuple):
    """What would be taken out, the notice that would be used, and what would lie there then (None: as one sum, as before)."""

    made: Withdrawal
    used: GivenNotice | None
    layers: Sequence[Layer] | None


async def looked_at(tx: Tx, one: Deposit, amount: int | None, day: date) -> Looked | Refusal:
    """So much of it (None: all) on that day."""
    terms, taken = await terms_of(tx, [one]), one.balance if amount is None else amount
    said, day = terms.of(one), await _not_before(tx, one, day)
    assert isinstance(said.form, Notice), "a deposit at notice"
    refusal = may_take(said.form, one.balance, taken)
    if refusal is not None:
        return refusal
    given = (await forms_store.standing(tx, [one.key], day)).get(one.key, [])
    kept = (await forms_store.layers(tx, [one.key])).get(one.key)
    used = next((notice for notice in given if notice.day == day), None)
    made = take(said.form, kept or (Layer(one.balance, one.first),), taken, day, used.amount if used else 0, terms.at_notice(one, day))
    after = replace(one, balance=one.balance - taken, first=made.layers[0].first if made.layers else one.first)
    if not after.balance:
        after = replace(after, state=DepositState.CLOSED, closed_on=day)
    layers = made.layers if kept or len(made.layers) > 1 else None
    return Looked(Withdrawal(taken, made.interest, early=False, after=after, day=day), used, layers)


async def draw(tx: Tx, one: Deposit, amount: int | None, day: date) -> Withdrawal | Refusal:
    """Take so much out (None: all), saved; the caller pays it."""
    found = await looked_at(tx, one, amount, day)
    if isinstance(found, Refusal):
        return found
    if found.used is not None:
        await forms_store.set_notice(tx, found.used, NoticeState.USED)
    if found.layers is not None:
        await forms_store.set_layers(tx, one.key, found.layers)
    await store.save(tx, [found.made.after])
    return found.made
