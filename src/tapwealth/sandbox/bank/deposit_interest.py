"""How the bank works out what a deposit earns, from the Regulations on the Administration of Savings Deposits (1992), PBoC Yin Fa 2005
No. 129 and the Measures on Notice Deposits (1999): its own arithmetic, in fractions.

A year has 360 days, the first day counts and the last does not, and only whole yuan earn. One rate: rounded half up to the fen. Several:
each part down to the li, then their sum rounded. `work` says what one line of the platform's list makes of a deposit.
"""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor

import msgspec

from tapwealth.sandbox.bank.deposit_terms import Form, Shelf, TermsBody

Parts = list[tuple[int, Fraction, Fraction]]
"""(fen, rate a year, part of a year)."""


class Wrong(Exception):
    """Why a line cannot be what happened."""


class Line(msgspec.Struct, frozen=True):
    """One line of the list."""

    serial: str
    deposit: str
    event: str
    product: str
    form: str
    term: str
    amount: int
    interest: int
    value_date: date


class Layer(msgspec.Struct, frozen=True):
    """Fen that lie there since a day."""

    amount: int
    first: date


class Standing(msgspec.Struct, frozen=True):
    """A deposit in the bank's register. `rate` a year for a term, as a text; `fen_days`: Σ whole yuan (in fen) x days before `since`;
    `notices`: what will be taken out on which day."""

    product: str
    form: str
    term: str
    layers: tuple[Layer, ...]
    rate: str = "0"
    fen_days: int = 0
    since: date = date(1970, 1, 1)
    notices: tuple[Layer, ...] = ()

    @property
    def balance(self) -> int:
        return sum(layer.amount for layer in self.layers)


@dataclass(frozen=True, slots=True)
class Worked:
    """A line worked out: the deposit after it, and its interest."""

    standing: Standing
    interest: int = 0


def work(shelf: Shelf, standing: Standing | None, line: Line) -> Worked:
    """What the line makes of the deposit. Raises Wrong."""
    terms = shelf.get(line.product)
    if terms is None:
        raise Wrong(f"the bank has no product {line.product}")
    if terms.form.value != line.form:
        raise Wrong(f"{line.product} is {terms.form.value} at the bank, not {line.form}")
    if line.event in ("opened", "subscribed"):
        return _opened(terms, standing, line)
    if standing is None:
        raise Wrong(f"deposit {line.deposit} is not open at the bank")
    if (standing.product, standing.term) != (line.product, line.term):
        raise Wrong(f"deposit {line.deposit} is of {standing.product} {standing.term} at the bank".rstrip())
    deed = _DEEDS.get((terms.form, line.event))
    if deed is None:
        raise Wrong(f"{line.event} does not happen to {line.form}")
    if deed is _raise_interest:
        return deed(shelf, terms, standing, line)
    if not standing.balance:
        raise Wrong(f"deposit {line.deposit} is closed at the bank")
    if line.amount > standing.balance and deed is not _paid_in:
        raise Wrong(f"{line.amount} fen are more than the {standing.balance} that it has")
    return deed(shelf, terms, standing, line)


def _opened(terms: TermsBody, standing: Standing | None, line: Line) -> Worked:
    if standing is not None:
        raise Wrong(f"deposit {line.deposit} was opened before")
    if (line.event == "subscribed") is not (terms.form is Form.RAISE):
        raise Wrong(f"{line.event} does not happen to {line.form}")
    rate = Fraction(0) if terms.form in (Form.DEMAND, Form.NOTICE) else _posted(terms, line.value_date, line.amount, line.term)
    layers = (Layer(line.amount, line.value_date),)
    return Worked(Standing(line.product, line.form, line.term, layers, str(rate), 0, line.value_date))


def _posted(terms: TermsBody, day: date, amount: int, term: str = "") -> Fraction:
    rate = terms.rate(day, amount, term)
    if rate is None:
        raise Wrong(f"{terms.product} {term} has no posted rate on {day}")
    return rate


def _demand_rate(shelf: Shelf, terms: TermsBody, day: date, amount: int) -> Fraction:
    if terms.demand not in shelf:
        raise Wrong(f"{terms.product} has no demand rate at the bank")
    return _posted(shelf[terms.demand], day, amount)


def paid(parts: Parts) -> int:
    """Fen that parts earn together."""
    exact = [(fen - fen % 100) * rate * years for fen, rate, years in parts]
    if len(exact) > 1:
        exact = [Fraction(floor(10 * one), 10) for one in exact]
    return floor(sum(exact, Fraction(1, 2)))


def _days(number: int) -> Fraction:
    return Fraction(number, 360)


# ---- for a term


def after_months(first: date, term: str) -> date:
    """When a term is over: on the same day of its month, or on the last of that month."""
    months = int(term[:-1]) * (12 if term.endswith("y") else 1)
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def _length(terms: TermsBody, first: date, term: str) -> Fraction:
    """Of a whole term, in years of 360 days."""
    if terms.matched_dates:
        return Fraction(int(term[:-1]), 1 if term.endswith("y") else 12)
    return _days((after_months(first, term) - first).days)


def _of_term(shelf: Shelf, terms: TermsBody, standing: Standing, amount: int, day: date) -> int:
    first, over = standing.layers[0].first, after_months(standing.layers[0].first, standing.term)
    if day < over:
        return paid([(amount, _demand_rate(shelf, terms, day, amount), _days((day - first).days))])
    parts = [(amount, Fraction(standing.rate), _length(terms, first, standing.term))]
    if day > over:
        parts.append((amount, _demand_rate(shelf, terms, day, amount), _days((day - over).days)))
    return paid(parts)


def _taken_out(shelf: Shelf, terms: TermsBody, standing: Standing, line: Line) -> Worked:
    over = after_months(_not_before(standing, line), standing.term)
    if line.event == "matured" and (line.value_date < over or line.amount != standing.balance):
        raise Wrong(f"deposit {line.deposit} matures on {over} with {standing.balance} fen")
    return Worked(_less(standing, line.amount), _of_term(shelf, terms, standing, line.amount, line.value_date))


def _not_before(standing: Standing, line: Line) -> date:
    """Since when its newest money lies there: none of it is taken out before."""
    first = standing.layers[-1].first
    if line.value_date < first:
        raise Wrong(f"{line.value_date} is before {first}, from which deposit {line.deposit} earns")
    return first


def _less(standing: Standing, amount: int) -> Standing:
    """Without so much, the oldest first."""
    kept = []
    for layer in standing.layers:
        gone = min(layer.amount, amount)
        amount -= gone
        if layer.amount > gone:
            kept.append(Layer(layer.amount - gone, layer.first))
    return msgspec.structs.replace(standing, layers=tuple(kept))


def _renewed(shelf: Shelf, terms: TermsBody, standing: Standing, line: Line) -> Worked:
    over = after_months(standing.layers[0].first, standing.term)
    if line.value_date != over or line.amount != standing.balance:
        raise Wrong(f"deposit {line.deposit} is renewed on {over} with {standing.balance} fen")
    interest = _of_term(shelf, terms, standing, line.amount, over)
    principal = line.amount + interest
    rate = _posted(terms, over, principal, line.term)
    return Worked(msgspec.structs.replace(standing, layers=(Layer(principal, over),), rate=str(rate)), interest)


# ---- demand


def _moved(standing: Standing, amount: int, day: date) -> Standing:
    """With so much more (less, below 0) from `day` on."""
    if day < standing.since:
        raise Wrong(f"{day} is before {standing.since}, on which it moved last")
    earning = standing.balance - standing.balance % 100
    fen_days = standing.fen_days + earning * (day - standing.since).days
    balance = standing.balance + amount
    layers = (Layer(balance, day),) if balance else ()
    return msgspec.structs.replace(standing, layers=layers, fen_days=fen_days, since=day)


def _paid_in(_shelf: Shelf, _terms: TermsBody, standing: Standing, line: Line) -> Worked:
    return Worked(_moved(standing, line.amount, line.value_date))


def _settled(_shelf: Shelf, terms: TermsBody, standing: Standing, line: Line) -> Worked:
    """At the rate posted on the day of settlement, the day before the value date."""
    last = line.value_date - timedelta(days=1)
    if (last.month % 3, last.day) != (0, terms.settles_on) or line.amount:
        raise Wrong(f"{terms.product} is settled on the {terms.settles_on}th of a quarter's last month, with no amount")
    until = _moved(standing, 0, line.value_date)
    interest = _of_fen_days(until.fen_days, _posted(terms, last, until.balance))
    return Worked(msgspec.structs.replace(_moved(until, interest, line.value_date), fen_days=0), interest)


def _of_fen_days(fen_days: int, rate: Fraction) -> int:
    return floor(fen_days * rate / 360 + Fraction(1, 2))


def _drawn(_shelf: Shelf, terms: TermsBody, standing: Standing, line: Line) -> Worked:
    """Its interest is settled when all of it is taken out."""
    after = _moved(standing, -line.amount, line.value_date)
    if after.balance:
        return Worked(after)
    interest = _of_fen_days(after.fen_days, _posted(terms, line.value_date, standing.balance))
    return Worked(msgspec.structs.replace(after, fen_days=0), interest)


# ---- at notice


def _notified(_shelf: Shelf, terms: TermsBody, standing: Standing, line: Line) -> Worked:
    notice = Layer(line.amount, line.value_date + timedelta(days=terms.days))
    return Worked(msgspec.structs.replace(standing, notices=(*standing.notices, notice)))


def _notice_cancelled(_shelf: Shelf, terms: TermsBody, standing: Standing, line: Line) -> Worked:
    """The value date is that on which the notice was given."""
    found = Layer(line.amount, line.value_date + timedelta(days=terms.days))
    if found not in standing.notices:
        raise Wrong(f"no notice of {line.amount} fen for {found.first} stands at the bank")
    kept = list(standing.notices)
    kept.remove(found)
    return Worked(msgspec.structs.replace(standing, notices=tuple(kept)))


def _taken_at_notice(shelf: Shelf, terms: TermsBody, standing: Standing, line: Line) -> Worked:
    """The rate of the notice for what was notified for this day and is taken out; the demand rate for all else that is taken out, and for
    what falls short of the notice, which stays and begins anew."""
    day = line.value_date
    _not_before(standing, line)
    notified = _kept_notice(terms, standing, line)
    short = max(0, min(notified, standing.balance) - line.amount)
    parts: Parts = []
    lying, taken = [], line.amount
    for layer in standing.layers:
        gone = min(layer.amount, taken)
        again = min(layer.amount - gone, short)
        years, held = _days((day - layer.first).days), (day - layer.first).days
        at_notice = min(gone, notified) if held >= terms.days else 0
        notified, taken, short = notified - at_notice, taken - gone, short - again
        parts += _earned_by(shelf, terms, standing, (at_notice, gone - at_notice + again, day, years))
        lying += [Layer(layer.amount - gone - again, layer.first), Layer(again, day)]
    kept = tuple(Layer(sum(one.amount for one in lying if one.first == first), first) for first in sorted({one.first for one in lying}))
    kept = tuple(one for one in kept if one.amount)
    notices = tuple(one for one in standing.notices if one.first > day)
    return Worked(msgspec.structs.replace(standing, layers=kept, notices=notices), paid(parts))


def _kept_notice(terms: TermsBody, standing: Standing, line: Line) -> int:
    """What was notified for that day, if it lay long enough and enough is taken out."""
    lay = (line.value_date - standing.layers[0].first).days
    if line.amount < terms.least_withdrawal or lay < terms.days:
        return 0
    return next((one.amount for one in standing.notices if one.first == line.value_date), 0)


def _earned_by(shelf: Shelf, terms: TermsBody, standing: Standing, said: tuple[int, int, date, Fraction]) -> Parts:
    at_notice, at_demand, day, years = said
    parts: Parts = []
    if at_notice:
        parts.append((at_notice, _posted(terms, day, standing.balance), years))
    if at_demand:
        parts.append((at_demand, _demand_rate(shelf, terms, day, standing.balance), years))
    return parts


# ---- raised


def _returned(_shelf: Shelf, _terms: TermsBody, standing: Standing, line: Line) -> Worked:
    return Worked(_less(standing, line.amount))


def _allotted(_shelf: Shelf, _terms: TermsBody, standing: Standing, _line: Line) -> Worked:
    return Worked(standing)


def _raise_interest(shelf: Shelf, terms: TermsBody, standing: Standing, line: Line) -> Worked:
    """Demand interest on so much until the product runs, or was given back."""
    until = min(line.value_date, terms.runs_from or line.value_date)
    years = _days((until - standing.since).days)
    return Worked(standing, paid([(line.amount, _demand_rate(shelf, terms, until, line.amount), years)]))


def _repaid(_shelf: Shelf, terms: TermsBody, standing: Standing, line: Line) -> Worked:
    """Principal x rate x days / basis, at the rate that the bank says last by its end; the days after that earn nothing."""
    if terms.runs_from is None or terms.runs_until is None or line.value_date < terms.runs_until:
        raise Wrong(f"{terms.product} runs until {terms.runs_until} at the bank")
    years, rate = Fraction((terms.runs_until - terms.runs_from).days, terms.basis), _posted(terms, terms.runs_until, line.amount)
    return Worked(_less(standing, line.amount), floor(line.amount * rate * years + Fraction(1, 2)))


_DEEDS: dict[tuple[Form, str], Callable[[Shelf, TermsBody, Standing, Line], Worked]] = {
    (Form.DEMAND, "paid_in"): _paid_in,
    (Form.DEMAND, "withdrawn"): _drawn,
    (Form.DEMAND, "settled"): _settled,
    (Form.FIXED_TERM, "withdrawn"): _taken_out,
    (Form.FIXED_TERM, "matured"): _taken_out,
    (Form.FIXED_TERM, "renewed"): _renewed,
    (Form.CERTIFICATE, "withdrawn"): _taken_out,
    (Form.CERTIFICATE, "matured"): _taken_out,
    (Form.NOTICE, "notified"): _notified,
    (Form.NOTICE, "notice_cancelled"): _notice_cancelled,
    (Form.NOTICE, "withdrawn"): _taken_at_notice,
    (Form.RAISE, "returned"): _returned,
    (Form.RAISE, "allotted"): _allotted,
    (Form.RAISE, "raise_interest"): _raise_interest,
    (Form.RAISE, "repaid"): _repaid,
}
