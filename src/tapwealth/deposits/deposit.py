"""Deposits of people: what one is, what is taken out of it on a day and what that earns, and what becomes of it when it is due. Pure.

A day is that of the request's arrival: money taken out before the due day is early, from it on it has earned its own rate. What a form of
deposit earns is told apart in `interest_of` and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.deposits.interest import Termed, earned, matures_on
from tapwealth.deposits.product import (
    Certificate,
    ChartPart,
    DepositParameters,
    EarlyWithdrawal,
    FixedTerm,
    Form,
    Term,
    rate_for,
    terms_of,
)
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal


class FormKind(StrEnum):
    """The form of a deposit; the text is stored, and is the tag of the product's `form`."""

    DEMAND = "demand"
    FIXED_TERM = "fixed_term"
    NOTICE = "notice"
    CERTIFICATE = "certificate"


class AtMaturity(StrEnum):
    """What its owner wants on the due day; the text is stored. What is kept, or cannot be renewed, earns the demand rate from then on."""

    RENEW = "renew"
    PAY = "pay"
    KEEP = "keep"


WISHES: Mapping[AtMaturity, tuple[str, str]] = {
    AtMaturity.PAY: ("转入余额", "paid to the wallet"),
    AtMaturity.RENEW: ("自动转存", "renewed for the same term"),
    AtMaturity.KEEP: ("留存，按活期利率计息", "kept, at the demand rate"),
}
"""What they are called, Chinese and English, in the order in which they are offered."""


class DepositState(StrEnum):
    """`overdue`: its term is over, and its owner has not taken it out."""

    OPEN = "open"
    OVERDUE = "overdue"
    CLOSED = "closed"


class WhenDue(StrEnum):
    """What became of a deposit on its due day."""

    MATURED = "matured"
    RENEWED = "renewed"
    OVERDUE = "overdue"


class DepositRefusal(Enum):
    """In the order in which they are checked: of an opening, of a withdrawal, of a wish for the due day."""

    UNKNOWN_PRODUCT = auto()
    NOT_SOLD_NOW = auto()
    TERMS_NOT_CONFIRMED = auto()
    TERM_NOT_OFFERED = auto()
    BELOW_MINIMUM = auto()
    ABOVE_MAXIMUM = auto()
    NOT_RENEWED = auto()
    RATE_DIFFERS = auto()
    NOT_ALLOWED = auto()
    NO_MONEY = auto()
    UNKNOWN_DEPOSIT = auto()
    CLOSED = auto()
    NOT_PAID_INTO = auto()
    NOT_BEFORE_MATURITY = auto()
    ONLY_WHOLE = auto()
    MORE_THAN_THERE_IS = auto()
    LEAVES_TOO_LITTLE = auto()
    INTEREST_DIFFERS = auto()
    NO_LONGER = auto()


@dataclass(frozen=True, slots=True)
class Deposit:
    """As it stands. `number`: its name at the bank. `balance` in fen, on the ledger's `account`; `rate` in millionths a year, of the term
    from `first` to `due`; a deposit without a term has neither `term`, `due` nor a wish, and `first` is the day from which it earns."""

    book: int
    id: UUID
    person: UUID
    number: str
    product: str
    version: int
    form: FormKind
    account: int
    balance: int
    rate: int
    first: date
    opened_on: date
    opened_at: datetime
    state: DepositState = DepositState.OPEN
    term: Term | None = None
    due: date | None = None
    at_maturity: AtMaturity | None = None
    closed_on: date | None = None

    @property
    def key(self) -> tuple[int, UUID]:
        return self.book, self.id

    def is_due(self, day: date) -> bool:
        """Whether its due day has come, and nothing has become of it yet."""
        return self.state is DepositState.OPEN and self.due is not None and self.due <= day


# ---- opening


class Wish(NamedTuple):
    """What somebody wants to open: `rate` in millionths is what they were shown (None: they were shown none)."""

    amount: int
    term: Term | None
    at_maturity: AtMaturity
    rate: int | None
    confirmed: Sequence[str]


class Buyer(NamedTuple):
    """`available` fen are in the wallet; `refused`: why the product is not for them."""

    available: int
    refused: Refusal | None


class Opening(NamedTuple):
    """What is opened: millionths a year, up to that day; None without a term."""

    rate: int
    due: date | None


TERMS = "terms"
"""What a buyer confirms in any case."""


def open_deposit(wish: Wish, said: DepositParameters, buyer: Buyer, day: date) -> Opening | Refusal:
    """The deposit at the rate of its first day, if it may be opened."""
    if TERMS not in wish.confirmed:
        return Refusal(DepositRefusal.TERMS_NOT_CONFIRMED, "the terms are not confirmed; read and confirm them first")
    rate = rate_for(said.chart, day, wish.term, wish.amount) if wish.amount >= said.minimum else None
    refusal = _not_offered(wish, said, rate)
    if refusal is not None:
        return refusal
    assert rate is not None, "what is offered has a rate"
    if wish.rate not in (None, rate):
        return Refusal(DepositRefusal.RATE_DIFFERS, f"the rate is {percent(rate)} a year now; look at it again and confirm it")
    if buyer.refused is not None:
        return buyer.refused
    if wish.amount > buyer.available:
        text = f"{format_minor(wish.amount)} yuan is asked, {format_minor(buyer.available)} is there; move money in first"
        return Refusal(DepositRefusal.NO_MONEY, text)
    return Opening(rate, None if wish.term is None else matures_on(day, wish.term))


def _not_offered(wish: Wish, said: DepositParameters, rate: int | None) -> Refusal | None:
    if wish.term not in terms_of(said.form):
        known = ", ".join(one for one in terms_of(said.form) if one)
        text = f"its terms are {known}; choose one of them" if known else "it has no term; leave the term out"
        return Refusal(DepositRefusal.TERM_NOT_OFFERED, text)
    if wish.amount < said.minimum:
        return Refusal(DepositRefusal.BELOW_MINIMUM, f"it takes {format_minor(said.minimum)} yuan or more; give more")
    if 0 < said.maximum < wish.amount:
        return Refusal(DepositRefusal.ABOVE_MAXIMUM, f"it takes {format_minor(said.maximum)} yuan at most; give less")
    if rate is None:
        return Refusal(DepositRefusal.TERM_NOT_OFFERED, "no rate is posted for that today; choose another term")
    return None if wish.at_maturity is not AtMaturity.RENEW else not_renewed(said.form)


def not_renewed(form: Form) -> Refusal | None:
    """Why such a deposit is not renewed at maturity."""
    if isinstance(form, FixedTerm) and form.renews:
        return None
    return Refusal(DepositRefusal.NOT_RENEWED, "it does not renew itself; let it be paid out or kept when it is due")


def percent(rate: int) -> str:
    """Millionths as people write it: 3.03%."""
    whole, part = divmod(rate, 10_000)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".") + "%"


# ---- what it earns


def interest_of(one: Deposit, form: Form, amount: int, day: date, demand: int) -> int:
    """Fen that so much of it has earned when it is taken out on that day, while the demand rate is `demand`."""
    assert isinstance(form, FixedTerm | Certificate), "a deposit for a term"
    return earned(_termed(one, form).segments(amount, max(day, one.first), demand))


def _termed(one: Deposit, form: FixedTerm | Certificate) -> Termed:
    assert one.term is not None, "it has a term"
    return Termed(one.balance, one.first, one.term, one.rate, form.method)


def posted(chart: Sequence[ChartPart], day: date, amount: int) -> int:
    """The demand rate of a day, in millionths; after the chart's last day what was posted last, as long as nothing else is. What is less
    than the least amount of the chart earns as that: of a deposit that takes less, or of a part that is taken out. Its amounts rise."""
    before = [part for part in chart if part.first <= day]
    rows = [row for row in before[-1].rates if row.term is None] if before else []
    return next((row.rate for row in reversed(rows) if row.from_amount <= amount), rows[0].rate if rows else 0)


def joined(charts: Sequence[Sequence[ChartPart]]) -> list[ChartPart]:
    """One chart of several, the earliest first: each holds until the next one begins."""
    whole: list[ChartPart] = []
    for chart in charts:
        until = chart[0].first - timedelta(days=1)
        before = [part for part in whole if part.first <= until]
        whole = [part if part.last and part.last <= until else msgspec.structs.replace(part, last=until) for part in before] + [*chart]
    return whole


# ---- taking out


class Withdrawal(NamedTuple):
    """What is taken out with what it has earned, and the deposit after it. `early`: it earned the demand rate; `day`: on which it counts,
    later than that of its request where something of a later day had happened before it."""

    principal: int
    interest: int
    early: bool
    after: Deposit
    day: date


def withdraw(one: Deposit, said: DepositParameters, amount: int | None, day: date, demand: int) -> Withdrawal | Refusal:
    """So much of it (None: all) on that day. The rest keeps its rate and its due day."""
    if one.state is DepositState.CLOSED:
        return Refusal(DepositRefusal.CLOSED, "all of this deposit was paid out before; look at your list")
    taken = one.balance if amount is None else amount
    early = one.due is not None and day < one.due
    refusal = _not_taken(one, said, taken, early=early)
    if refusal is not None:
        return refusal
    rest = one.balance - taken
    interest = interest_of(one, said.form, taken, day, demand)
    left = replace(one, balance=rest)
    after = left if rest else replace(left, state=DepositState.CLOSED, closed_on=day)
    return Withdrawal(taken, interest, early, after, day)


def _not_taken(one: Deposit, said: DepositParameters, taken: int, *, early: bool) -> Refusal | None:
    rule = said.form.early if isinstance(said.form, FixedTerm | Certificate) else EarlyWithdrawal.IN_PART
    rest = one.balance - taken
    if early and rule is EarlyWithdrawal.NOTHING:
        return Refusal(DepositRefusal.NOT_BEFORE_MATURITY, f"it cannot be taken out before {one.due}; wait until then")
    if early and rule is EarlyWithdrawal.WHOLE and rest > 0:
        return Refusal(DepositRefusal.ONLY_WHOLE, "before it is due it is taken out as a whole; ask for all of it")
    if rest < 0:
        text = f"{format_minor(taken)} yuan is asked, {format_minor(one.balance)} is in it; ask for less"
        return Refusal(DepositRefusal.MORE_THAN_THERE_IS, text)
    if 0 < rest < said.minimum:
        text = f"{format_minor(rest)} yuan would be left, its least is {format_minor(said.minimum)}; take out less, or all of it"
        return Refusal(DepositRefusal.LEAVES_TOO_LITTLE, text)
    return None


# ---- when it is due


class Renewal(NamedTuple):
    """At which rate (millionths) of which version it goes on."""

    version: int
    rate: int


class Fallen(NamedTuple):
    """What became of it on its due day. `kind`: matured (paid out), renewed, or overdue, when nothing moves."""

    kind: WhenDue
    interest: int
    after: Deposit


def fall_due(one: Deposit, form: Form, renewal: Renewal | None) -> Fallen:
    """`renewal`: what is posted on that day for principal and interest; None where its product is not to be had any more."""
    assert one.due is not None, "it has a term"
    assert one.term is not None, "it has a term"
    interest = interest_of(one, form, one.balance, one.due, 0)
    if one.at_maturity is AtMaturity.PAY:
        return Fallen(WhenDue.MATURED, interest, replace(one, balance=0, state=DepositState.CLOSED, closed_on=one.due))
    if one.at_maturity is AtMaturity.KEEP or renewal is None:
        return Fallen(WhenDue.OVERDUE, 0, replace(one, state=DepositState.OVERDUE))
    again = replace(one, first=one.due, due=matures_on(one.due, one.term), rate=renewal.rate, version=renewal.version)
    return Fallen(WhenDue.RENEWED, interest, replace(again, balance=one.balance + interest))


def renewed_at(one: Deposit, form: Form, said: DepositParameters) -> int | None:
    """The rate at which it would be renewed on its due day by the product as it is sold then; None where it cannot be."""
    assert one.due is not None, "it has a term"
    if not_renewed(said.form) is not None:
        return None
    interest = interest_of(one, form, one.balance, one.due, 0)
    return rate_for(said.chart, one.due, one.term, one.balance + interest)
