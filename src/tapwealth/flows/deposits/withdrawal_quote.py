"""What a withdrawal would pay on a day: looked at, and nothing is moved.

Of a day to come it is told by the rates and the products that stand now, after all that is settled or falls due before that day.
"""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.deposits import forms_store, store
from tapwealth.deposits.deposit import Deposit, DepositRefusal, DepositState, FormKind, Withdrawal, fall_due, interest_of, withdraw
from tapwealth.flows.deposits.at_notice import looked_at
from tapwealth.flows.deposits.demand import Kept, drawn_by_rule, settle
from tapwealth.flows.deposits.deposit_terms import Terms, terms_of
from tapwealth.flows.frame import moment
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput, Refusal

_DAY, _AHEAD = timedelta(days=1), timedelta(days=3_653)
"""A quote is for the ten years to come: nobody knows the rates of later ones."""


class WouldPay(msgspec.Struct, frozen=True):
    """Fen. `early`: it earns the demand rate, and `forgone` is what the same money would earn until it is due beyond that."""

    deposit: UUID
    day: date
    principal: int
    interest: int
    left: int
    early: bool
    forgone: int


async def would_pay(tx: Any, book: int, person: UUID, identifier: UUID, amount: int | None, day: date | None) -> WouldPay | Refusal:
    """So much of it (None: all) on that day (None: today). Raises BadInput for a day that is over, or too far."""
    one = (await store.deposits(tx, [(book, identifier)])).get((book, identifier))
    if one is None or one.person != person:
        return Refusal(DepositRefusal.UNKNOWN_DEPOSIT, "this is no deposit of yours; look at your list")
    at = await moment(tx)
    today = at.date_of(at.now)
    wanted = today if day is None else day
    if wanted < min(today, business_date_of(at.now)):
        raise BadInput(f"{wanted} is over", where="date", hint=f"give {today} or later")
    if wanted > today + _AHEAD:
        raise BadInput(f"{wanted} is more than ten years ahead", where="date", hint=f"give {today + _AHEAD} or earlier")
    return await foretold(tx, one, amount, wanted)


async def foretold(tx: Any, one: Deposit, amount: int | None, wanted: date) -> WouldPay | Refusal:
    """So much of that deposit (None: all) on that day, which is not over."""
    terms = await terms_of(tx, [one])
    one = _on(one, terms, wanted)
    if one.state is DepositState.CLOSED:
        return Refusal(DepositRefusal.CLOSED, f"all of this deposit is paid out on {one.closed_on}; ask for that day or an earlier one")
    made = await _made(tx, one, terms, amount, wanted)
    if isinstance(made, Refusal):
        return made
    return WouldPay(one.id, wanted, made.principal, made.interest, made.after.balance, made.early, _forgone(one, terms, made))


def _on(one: Deposit, terms: Terms, day: date) -> Deposit:
    """As it is on that day, once everything has become of it that falls due before."""
    while one.is_due(day - _DAY):
        one = fall_due(one, terms.of(one).form, terms.renewal(one)).after
    return one


async def _made(tx: Any, one: Deposit, terms: Terms, amount: int | None, day: date) -> Withdrawal | Refusal:
    if one.form is FormKind.DEMAND:
        kept = Kept(one, (await forms_store.running(tx, [one.key]))[one.key])
        while kept.row.settles is not None and kept.row.settles < day:
            kept = settle(kept, terms).after
        made = drawn_by_rule(kept, terms, amount, day)
        return made if isinstance(made, Refusal) else made[0]
    if one.form is FormKind.NOTICE:
        found = await looked_at(tx, one, amount, day)
        return found if isinstance(found, Refusal) else found.made
    return withdraw(one, terms.of(one), amount, day, terms.demand(one, day, one.balance if amount is None else amount))


def _forgone(one: Deposit, terms: Terms, made: Withdrawal) -> int:
    if not made.early or one.due is None:
        return 0
    return max(interest_of(one, terms.of(one).form, made.principal, one.due, 0) - made.interest, 0)
