"""Premiums of policies that stand, as their policyholders and the house have to do with them: pay one by hand, let them be collected, have
a policy reinstated; demand one. What the end of a date does by itself stands in `premium_days`.
"""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows.catalogue import sales
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.flows.insurance.premium_notices import News, notice
from tapwealth.flows.insurance.premium_offer import mandate_sold
from tapwealth.flows.insurance.premium_taking import Taken, Wanted, moved_on, plan_of, take_premiums
from tapwealth.flows.insurance.renewals import renewable
from tapwealth.funds import store as funds
from tapwealth.insurance import claim_store, endorsement_store, premium_store, store
from tapwealth.insurance.collect import CLAIMED, NO_SUCH, UNDER_WAY, UNKNOWN_POLICY, PremiumRefusal, payable
from tapwealth.insurance.looks import next_look
from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.premium_store import Mandate
from tapwealth.insurance.product import Product
from tapwealth.insurance.schedule import Due, Schedule, Standing, dues, standing, to_reinstate
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import book_of, named
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import WHOLE
from tapwealth.notices import store as notices
from tapwealth.storage.database import Tx


class PayPremium(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pay what is due for a policy, or the next premium up to 30 days before it is due. `premium` in fen is what the payer was shown; of
    the fund with the code `fund`, or of the `pocket`'s, comes what the wallet does not hold."""

    policy: UUID
    premium: int | None = None
    fund: str = ""


class PremiumTaken(msgspec.Struct, frozen=True):
    """So many fen were taken, `interest` in it and `from_funds` of it from funds; the insurer is told. Once it agrees the policy is paid
    for to before `paid_until`."""

    policy: str
    amount: int
    interest: int
    from_funds: int
    paid_until: date


class ReinstatePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have cover again under a policy that is suspended: pay all that is owed with its interest (`amount` in fen is what the payer was
    shown), and ask the insurer, which may say no."""

    policy: UUID
    amount: int | None = None
    fund: str = ""


class LetPremiums(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Premiums of a policy are collected when they are due, `most` fen at a time at most; of `fund` (a code, or `pocket`) comes what the
    wallet does not hold. `renews`: a policy for a year goes on as another one when it ends. Takes the place of what was agreed before."""

    policy: UUID
    most: int
    fund: str = ""
    renews: bool = False


class EndPremiums(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No premium of that policy is collected any more, and it does not go on by itself."""

    policy: UUID


class MandateView(msgspec.Struct, frozen=True):
    """What was agreed about the premiums of a policy; fen."""

    mandate: str
    policy: str
    most: int
    fund: str
    renews: bool
    stands: bool


class DemandPremium(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The insurer demands the premium that is due: 30 days later cover is suspended, or when the 60 days from the due day are over."""

    policy: UUID


class PremiumDemanded(msgspec.Struct, frozen=True):
    """`grace_until` is the last day on which it can be paid."""

    policy: str
    amount: int
    due_on: date
    grace_until: date


class _Found(msgspec.Struct, frozen=True):
    """A policy with what it owes."""

    row: PolicyRow
    schedule: Schedule
    product: Product


async def _found(tx: Tx, book: int, person: UUID | None, policy: UUID) -> _Found | Refusal:
    """One of this person's, or anybody's if no person is named, about which the insurer is not being asked, and of which nothing is claimed
    that would end it: what was paid meanwhile nobody would give back."""
    key = (book, policy)
    rows = await store.policies(tx, [key])
    if key not in rows or person not in (None, rows[key].person):
        return NO_SUCH if person is None else UNKNOWN_POLICY
    row = rows[key]
    if row.being_cancelled or await premium_store.under_way(tx, [key]) or await endorsement_store.under_way(tx, [key]):
        return UNDER_WAY
    if await claim_store.deducting(tx, [key]):
        return UNDER_WAY
    if (await claim_store.undecided(tx, [key])).ending:
        return CLAIMED
    schedule = (await premium_store.schedules(tx, rows))[key]
    return _Found(row, schedule, (await products_of(tx, [row]))[row.product, row.version])


async def pay(house: House, envelope: Envelope, command: PayPremium) -> PremiumTaken | Refusal:
    """By hand."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> PremiumTaken | Refusal:
        found = await _found(tx, book, person, command.policy)
        if isinstance(found, Refusal):
            return found
        day = at.date_of(envelope.received_at)
        owed = payable(found.schedule, found.row.state, day)
        if isinstance(owed, Refusal):
            return owed
        return await _take(house, tx, at, envelope, found, owed, command.premium, command.fund, arrears=False)

    return await once(house, [book], envelope, command, act, PremiumTaken)


async def reinstate(house: House, envelope: Envelope, command: ReinstatePolicy) -> PremiumTaken | Refusal:
    """Take what is owed, and ask the insurer."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> PremiumTaken | Refusal:
        found = await _found(tx, book, person, command.policy)
        if isinstance(found, Refusal):
            return found
        rate = Fraction(found.product.terms.arrears_interest, WHOLE)
        owed = to_reinstate(found.schedule, found.row.state, at.date_of(envelope.received_at), rate)
        if isinstance(owed, Refusal):
            return owed
        return await _take(house, tx, at, envelope, found, owed.dues, command.amount, command.fund, arrears=True)

    return await once(house, [book], envelope, command, act, PremiumTaken)


async def _take(
    house: House,
    tx: Tx,
    at: Moment,
    envelope: Envelope,
    found: _Found,
    owed: tuple[Due, ...],
    shown: int | None,
    fund: str,
    *,
    arrears: bool,
) -> PremiumTaken | Refusal:
    row, day = found.row, at.date_of(envelope.received_at)
    amount = sum(one.amount + one.interest for one in owed)
    if shown not in (None, amount):
        text = f"{format_minor(amount)} yuan is due; look at it again and confirm it"
        return Refusal(PremiumRefusal.PREMIUM_DIFFERS, text)
    tried = await tries(tx, row)
    wanted = Wanted(row, owed, envelope.caller, envelope.received_at, fund, tried=tried, arrears=arrears)
    (taken,) = await take_premiums(house, tx, at, day, [wanted])
    if isinstance(taken, Refusal):
        return taken
    if not arrears:
        await keep_paid(tx, [(row, found.schedule, taken)], day)
    interest = sum(one.interest for one in owed)
    return PremiumTaken(str(row.id), taken.amount, interest, taken.by_funds, owed[-1].until)


async def tries(tx: Tx, row: PolicyRow) -> int:
    """How many premiums of a policy the insurer has given back."""
    return sum(one.state is premium_store.DueState.RETURNED for one in await premium_store.premiums_of(tx, [(row.book, row.id)]))


async def keep_paid(tx: Tx, paid: list[tuple[PolicyRow, Schedule, Taken]], day: date) -> None:
    """What these policies are paid for to from now on; `day`: the first date at whose end they may be looked at."""
    await premium_store.save_paid(tx, [(row.book, row.id, taken.rows[-1].until_on) for row, _, taken in paid])
    after = [(row, moved_on(schedule, taken.rows)) for row, schedule, taken in paid]
    await premium_store.save_plans(
        tx, [plan_of((row.book, row.id), schedule, next_look(schedule, row.state, day)) for row, schedule in after]
    )


async def let(house: House, envelope: Envelope, command: LetPremiums) -> MandateView | Refusal:
    """Agreed from now on; what was agreed before is over."""
    checked(command.most, where="most")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> MandateView | Refusal:
        key = (book, command.policy)
        row = (await store.policies(tx, [key])).get(key)
        if row is None or row.person != person:
            return UNKNOWN_POLICY
        if row.state not in (PolicyState.QUOTED, PolicyState.ISSUED, PolicyState.IN_FORCE, PolicyState.SUSPENDED):
            return Refusal(PremiumRefusal.NOT_IN_FORCE, f"the policy is {row.state}; nothing is paid for it any more")
        if command.fund not in ("", POCKET) and command.fund not in await funds.funds(tx):
            return Refusal(PremiumRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
        product = (await products_of(tx, [row]))[row.product, row.version]
        if command.renews and not renewable(product):
            return Refusal(PremiumRefusal.NOTHING_DUE, f"{product.name} does not go on when it ends; agree to its premiums alone")
        if product.terms.days is not None or (row.paid_until == row.to_day and not command.renews):
            return Refusal(PremiumRefusal.NOTHING_DUE, "no further premium of this policy is ever due")
        known = (await customers.persons(tx, [(book, person)]))[person]
        name = named(envelope.received_at, book, f"premium mandate {own_key(envelope, 'let_premiums', known)}")
        made = Mandate(book, name, row.id, person, command.fund, command.most, command.renews, at.now)
        await premium_store.end_mandates(tx, [key], at.now)
        await premium_store.add_mandates(tx, [made])
        await sales.keep(house, tx, at, [await mandate_sold(tx, envelope, row, made)])
        await notices.tell(tx, [notice(News(row, product, "let", str(name), command.most), at.now)])
        return _view(made)

    return await once(house, [book], envelope, command, act, MandateView)


async def end(house: House, envelope: Envelope, command: EndPremiums) -> MandateView | Refusal:
    """From now on nothing is collected."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> MandateView | Refusal:
        key = (book, command.policy)
        stands = (await premium_store.mandates(tx, [key])).get(key)
        if stands is None or stands.person != person:
            return Refusal(PremiumRefusal.NO_MANDATE, "nothing is agreed about the premiums of this policy")
        await premium_store.end_mandates(tx, [key], at.now)
        return _view(replace(stands, ended_at=at.now))

    return await once(house, [book], envelope, command, act, MandateView)


def _view(one: Mandate) -> MandateView:
    return MandateView(str(one.id), str(one.policy), one.most, one.fund, one.renews, one.ended_at is None)


async def demand(house: House, envelope: Envelope, command: DemandPremium) -> PremiumDemanded | Refusal:
    """Remembered with the premium that is due, and its policyholder told."""
    told = book_of(command.policy)
    book = told if told in house.all_books else HOUSE_BOOK

    async def act(tx: Tx, at: Moment, _actor: int) -> PremiumDemanded | Refusal:
        found = await _found(tx, book, None, command.policy)
        if isinstance(found, Refusal):
            return found
        row, day = found.row, at.open_date(business_date_of(envelope.received_at))
        owed = dues(found.schedule, day)
        if not owed or standing(found.schedule, day) is not Standing.GRACE:
            return Refusal(PremiumRefusal.NOT_OWED, "no premium of this policy is owed that could be demanded")
        if found.schedule.demanded_on is not None:
            text = f"this premium was demanded on {found.schedule.demanded_on} already"
            return Refusal(PremiumRefusal.DEMANDED_ALREADY, text)
        after = replace(found.schedule, demanded_on=day)
        await premium_store.save_plans(tx, [plan_of((row.book, row.id), after, next_look(after, row.state, day))])
        until, amount = after.grace_until, sum(one.amount for one in owed)
        news = News(row, found.product, "demanded", str(day), amount, until=until)
        await notices.tell(tx, [notice(news, at.now)])
        return PremiumDemanded(str(row.id), amount, owed[0].on, until)

    return await once(house, [book], envelope, command, act, PremiumDemanded)
