"""A customer's deposits as they are shown: what is in each, what it earns and until when, what would come out today, and what happened."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bank import deposit_event_store as events
from tapwealth.bank.deposit_list import change_of
from tapwealth.deposits import forms_store, store
from tapwealth.deposits.deposit import WISHES, Deposit, DepositState, interest_of
from tapwealth.deposits.product import WORDS, EarlyWithdrawal
from tapwealth.flows.deposits.deposit_terms import Terms, terms_of
from tapwealth.flows.deposits.worth import interest_today
from tapwealth.flows.frame import moment
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.findings import Finding, Wrong

_STATES = {
    DepositState.OPEN: ("存续", "open"),
    DepositState.OVERDUE: ("逾期", "past its due day"),
    DepositState.CLOSED: ("已结清", "closed"),
}
_EVENTS = {
    "opened": ("存入", "opened"),
    "paid_in": ("续存", "paid in"),
    "withdrawn": ("支取", "taken out"),
    "matured": ("到期转入余额", "matured"),
    "renewed": ("自动转存", "renewed"),
    "settled": ("结息", "interest"),
    "notified": ("通知", "notice given"),
    "notice_cancelled": ("取消通知", "notice cancelled"),
}


class DepositHappened(msgspec.Struct, frozen=True):
    """`amount` and `interest` in fen; `balance` is what it had after that."""

    day: date
    event: str
    event_zh: str
    event_en: str
    amount: int
    interest: int
    balance: int


class NoticeShown(msgspec.Struct, frozen=True):
    """A notice that stands: `amount` fen may be taken out on `day`."""

    notice: UUID
    amount: int
    given_on: date
    day: date


class DepositShown(msgspec.Struct, frozen=True):
    """Fen, and millionths a year. `interest_due`: what it will have earned on its due day, 0 without one. `today`: what all of it would
    earn if it were taken out today, `early` before it is due; `early_rule`: what may be (nothing, whole, in_part)."""

    deposit: UUID
    number: str
    product: str
    version: int
    name_zh: str
    name_en: str
    form: str
    form_zh: str
    form_en: str
    term: str
    term_zh: str
    term_en: str
    amount: int
    rate: int
    first: date
    due: date | None
    at_maturity: str
    at_maturity_zh: str
    at_maturity_en: str
    state: str
    state_zh: str
    state_en: str
    opened_on: date
    closed_on: date | None
    interest_due: int
    interest_today: int
    early: bool
    early_rule: str
    happened: list[DepositHappened]
    notices: list[NoticeShown]


async def held(tx: Any, book: int, person: UUID) -> list[DepositShown]:
    """All that they ever opened, the newest first; what happened to each is left out."""
    rows = await store.deposits_of(tx, book, person)
    terms, today = await terms_of(tx, rows), await _today(tx)
    earned = await interest_today(tx, rows, terms, today)
    return [_shown(one, terms, today, earned[one.id]) for one in reversed(rows)]


async def shown(tx: Any, book: int, person: UUID, identifier: UUID) -> DepositShown | Refusal:
    """One of theirs, with all that happened to it, oldest first."""
    one = (await store.deposits(tx, [(book, identifier)])).get((book, identifier))
    if one is None or one.person != person:
        return Refusal(ReportRefusal.UNKNOWN, "there is no such deposit of yours; /view/deposits lists them")
    happened, balance = [], 0
    for event in await events.of_deposit(tx, book, one.number):
        balance += change_of(event.line)
        words = _EVENTS[event.line.event.value]
        line = event.line
        happened.append(DepositHappened(event.happened_on, line.event.value, *words, line.amount, line.interest, balance))
    terms, today = await terms_of(tx, [one]), await _today(tx)
    given = (await forms_store.standing(tx, [one.key], today)).get(one.key, [])
    made = _shown(one, terms, today, (await interest_today(tx, [one], terms, today))[one.id])
    return msgspec.structs.replace(made, happened=happened, notices=[NoticeShown(of.id, of.amount, of.given_on, of.day) for of in given])


async def _today(tx: Any) -> date:
    at = await moment(tx)
    return at.date_of(at.now)


def _shown(one: Deposit, terms: Terms, today: date, earned: int) -> DepositShown:
    said = terms.of(one)
    closed = one.state is DepositState.CLOSED
    demand = terms.demand(one, today, one.balance)
    names, wish = terms.names(one), WISHES[one.at_maturity] if one.at_maturity else ("", "")
    return DepositShown(
        deposit=one.id,
        number=one.number,
        product=one.product,
        version=one.version,
        name_zh=names[0],
        name_en=names[1],
        form=one.form.value,
        form_zh=WORDS[one.form.value][0],
        form_en=WORDS[one.form.value][1],
        term=one.term or "",
        term_zh=WORDS[one.term][0] if one.term else "",
        term_en=WORDS[one.term][1] if one.term else "",
        amount=one.balance,
        rate=one.rate,
        first=one.first,
        due=one.due,
        at_maturity=one.at_maturity or "",
        at_maturity_zh=wish[0],
        at_maturity_en=wish[1],
        state=one.state.value,
        state_zh=_STATES[one.state][0],
        state_en=_STATES[one.state][1],
        opened_on=one.opened_on,
        closed_on=one.closed_on,
        interest_due=0 if closed or one.due is None else interest_of(one, said.form, one.balance, one.due, demand),
        interest_today=earned,
        early=not closed and one.due is not None and today < one.due,
        early_rule=getattr(said.form, "early", EarlyWithdrawal.IN_PART).value,
        happened=[],
        notices=[],
    )


async def deposit_findings(tx: Any, book: int, _archives: Archives) -> list[Finding]:
    """What the audit of a book finds of deposits: each has the same in its row, on its account and by the list that the bank gets."""
    return [
        Finding(
            Wrong.DEPOSIT_CHANGED,
            book,
            None,
            None,
            f"{number} has {format_minor(kept)}, its account {format_minor(owed)}, the bank was told of {format_minor(listed)}",
        )
        for number, kept, owed, listed in await store.differing(tx, book)
    ]
