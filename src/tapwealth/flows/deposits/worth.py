"""What deposits are worth on a day: what each would earn if all of it were taken out then; and how much of it deposit insurance covers.

A person's principal and interest at one bank are insured together, up to 500,000 yuan (Deposit Insurance Regulation, 2015, article 5).
Money in a product that is raised, or runs, is no deposit.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.deposits import forms_store, store
from tapwealth.deposits.deposit import Deposit, DepositState, FormKind, interest_of
from tapwealth.deposits.forms_store import FenDays
from tapwealth.deposits.interest import Running
from tapwealth.deposits.notice import GivenNotice, Layer, take
from tapwealth.deposits.product import Notice
from tapwealth.flows.deposits.deposit_offer import INSURED
from tapwealth.flows.deposits.deposit_terms import Terms, terms_of
from tapwealth.flows.frame import moment
from tapwealth.storage.database import Tx


async def interest_today(tx: Tx, rows: Sequence[Deposit], terms: Terms, today: date) -> Mapping[UUID, int]:
    """Fen, by deposit; three questions, however many."""
    of_form = {form: [one.key for one in rows if one.form is form] for form in (FormKind.DEMAND, FormKind.NOTICE)}
    running = await forms_store.running(tx, of_form[FormKind.DEMAND]) if of_form[FormKind.DEMAND] else {}
    at_notice = of_form[FormKind.NOTICE]
    layers = await forms_store.layers(tx, at_notice) if at_notice else {}
    given = await forms_store.standing(tx, at_notice, today) if at_notice else {}
    earned = {}
    for one in rows:
        if one.state is DepositState.CLOSED:
            earned[one.id] = 0
        elif one.form is FormKind.DEMAND:
            earned[one.id] = _of_demand(one, running[one.key], terms, today)
        elif one.form is FormKind.NOTICE:
            earned[one.id] = _at_notice(one, layers.get(one.key, ()), given.get(one.key, []), terms, today)
        else:
            said = terms.of(one)
            earned[one.id] = interest_of(one, said.form, one.balance, today, terms.demand(one, today, one.balance))
    return earned


def _of_demand(one: Deposit, row: FenDays, terms: Terms, today: date) -> int:
    rate = terms.demand(one, today, one.balance)
    return Running(one.balance, row.fen_days, row.since).settled(max(today, row.since), rate)[0]


def _at_notice(one: Deposit, kept: Sequence[Layer], given: Sequence[GivenNotice], terms: Terms, today: date) -> int:
    said, day = terms.of(one), max(today, one.first)
    assert isinstance(said.form, Notice), "a deposit at notice"
    notified = next((notice.amount for notice in given if notice.day == day), 0)
    return take(said.form, kept or (Layer(one.balance, one.first),), one.balance, day, notified, terms.at_notice(one, day)).interest


class InsuredAtBank(msgspec.Struct, frozen=True):
    """A person's deposits at one bank (CNAPS), in fen: what is insured of `principal` and `interest` together, and what is `beyond`."""

    bank: str
    principal: int
    interest: int
    limit: int
    insured: int
    beyond: int


async def insured(tx: Any, book: int, person: UUID) -> list[InsuredAtBank]:
    """By bank, as of today."""
    at = await moment(tx)
    rows = [one for one in await store.deposits_of(tx, book, person) if one.state is not DepositState.CLOSED]
    terms, today = await terms_of(tx, rows), at.date_of(at.now)
    earned = await interest_today(tx, rows, terms, today)
    principal: dict[str, int] = defaultdict(int)
    interest: dict[str, int] = defaultdict(int)
    for one in rows:
        bank = terms.of(one).bank
        principal[bank] += one.balance
        interest[bank] += earned[one.id]
    return [_at_bank(bank, principal[bank], interest[bank]) for bank in sorted(principal)]


def _at_bank(bank: str, principal: int, interest: int) -> InsuredAtBank:
    covered = min(principal + interest, INSURED)
    return InsuredAtBank(bank, principal, interest, INSURED, covered, principal + interest - covered)
