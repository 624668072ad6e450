"""What a product manager says of a deposit: its form, who may open it with how much, and the chart of its rates. Pure.

A chart has a part for each time; a part has, for each term that is offered, rates by amount from the least deposit on: so that for every
day, term and amount exactly one rate holds.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.units import WHOLE, Called, Most, Percent, Yuan

LEAST_DEPOSIT, LEAST_NOTICE, LEAST_CERTIFICATE = 1_00, 50_000_00, 200_000_00
"""Fen: money earns from a whole yuan on; a notice deposit (to open, to withdraw, to remain); a large certificate of a person."""
NOTICE_DAYS = (1, 7)


class Term(StrEnum):
    """For how long: months or years."""

    MONTH = "1m"
    MONTHS_3 = "3m"
    MONTHS_6 = "6m"
    MONTHS_9 = "9m"
    YEAR = "1y"
    MONTHS_18 = "18m"
    YEARS_2 = "2y"
    YEARS_3 = "3y"
    YEARS_5 = "5y"


class Method(StrEnum):
    """How the days of a deposit are counted."""

    MATCHED_DATES = "matched_dates"
    """Whole years and months at the yearly rate, odd days at / 360."""
    ACTUAL_DAYS = "actual_days"
    """Every day of the calendar at / 360."""


class EarlyWithdrawal(StrEnum):
    """What may be taken out before maturity; it earns the demand rate of that day."""

    NOTHING = "nothing"
    WHOLE = "whole"
    IN_PART = "in_part"


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="of"):
    """What kind of deposit it is."""


class Demand(_Form, frozen=True, forbid_unknown_fields=True, tag="demand"):
    """Taken out at any time; its interest is settled on that day of each quarter's last month, and credited on the next."""

    settles_on: Annotated[int, msgspec.Meta(ge=1, le=28)] = 20


class FixedTerm(_Form, frozen=True, forbid_unknown_fields=True, tag="fixed_term"):
    """For a term at the rate of the first day. `renews`: at maturity for the same term, at the rate posted that day, if its owner
    agrees."""

    terms: list[Term]
    method: Method = Method.MATCHED_DATES
    early: EarlyWithdrawal = EarlyWithdrawal.IN_PART
    renews: bool = False


class Notice(_Form, frozen=True, forbid_unknown_fields=True, tag="notice"):
    """Taken out after a notice of so many days, at the rate of the day on which it is taken out."""

    days: int
    least_withdrawal: Yuan
    least_balance: Yuan


class Certificate(_Form, frozen=True, forbid_unknown_fields=True, tag="certificate"):
    """A large certificate of deposit, for a term."""

    terms: list[Term]
    method: Method = Method.MATCHED_DATES
    early: EarlyWithdrawal = EarlyWithdrawal.WHOLE


Form = Demand | FixedTerm | Notice | Certificate


class ChartRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rate a year, for deposits of that amount and more; `term` None for what has none."""

    rate: Percent
    term: Term | None = None
    from_amount: Yuan = 0


class ChartPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds from one day to another, both included; `last` None: without an end."""

    first: date = msgspec.field(name="from")
    rates: list[ChartRate]
    last: date | None = msgspec.field(name="until", default=None)


class DepositParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of any deposit. `bank`: where it lies (CNAPS); `minimum`, `maximum`: of one deposit, the latter 0 for none; `demand`: the code of the
    demand deposit whose rate holds for what is withdrawn early or late."""

    bank: Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$", description="12 digits of CNAPS"), Called()]
    form: Form
    minimum: Yuan
    maximum: Most = 0
    demand: str = ""
    chart: list[ChartPart]


def terms_of(form: Form) -> Sequence[Term | None]:
    """For which there is a rate."""
    return form.terms if isinstance(form, FixedTerm | Certificate) else [None]


def part_on(chart: Sequence[ChartPart], day: date) -> ChartPart | None:
    """What holds on that day; None where nothing does."""
    return next((one for one in chart if one.first <= day and (one.last is None or day <= one.last)), None)


def rate_for(chart: Sequence[ChartPart], day: date, term: Term | None, amount: int) -> int | None:
    """Millionths a year that a deposit of so much earns; None where nothing holds."""
    part = part_on(chart, day)
    rows = [] if part is None else [one for one in part.rates if one.term is term and one.from_amount <= amount]
    return max(rows, key=lambda one: one.from_amount).rate if rows else None


def check(said: DepositParameters) -> None:
    """What no deposit may be, but for the days of its chart. Raises BadInput whose `where` is the path within the parameters."""
    least = {Notice: LEAST_NOTICE, Certificate: LEAST_CERTIFICATE}.get(type(said.form), LEAST_DEPOSIT)
    if said.minimum < least:
        raise BadInput(
            f"{format_minor(said.minimum)} yuan is too little for it", where="minimum", hint=f"give {format_minor(least)} or more"
        )
    if 0 < said.maximum < said.minimum:
        raise BadInput("nobody could open it", where="maximum", hint="0 means none; else give at least the minimum")
    if isinstance(said.form, Demand) == bool(said.demand):
        hint = "leave it out" if said.demand else "name the demand deposit whose rate holds for what is withdrawn early"
        raise BadInput("a demand deposit, and it alone, has the demand rate itself", where="demand", hint=hint)
    _check_form(said.form)
    if isinstance(said.form, Notice) and said.form.least_withdrawal > min(said.minimum, said.form.least_balance):
        text = "what is opened, or left, with less than that could never be taken out at the rate of the notice"
        raise BadInput(text, where="form.least_withdrawal", hint="give at most `minimum` and `least_balance`")
    for number, part in enumerate(said.chart):
        _check_part(f"chart[{number}].rates", part, said)


def _check_form(form: Form) -> None:
    if isinstance(form, Notice):
        if form.days not in NOTICE_DAYS:
            raise BadInput(f"there is no notice of {form.days} days", where="form.days", hint="give 1 or 7")
        for name, amount in (("least_withdrawal", form.least_withdrawal), ("least_balance", form.least_balance)):
            if amount < LEAST_NOTICE:
                text = f"{format_minor(amount)} yuan is too little for it"
                raise BadInput(text, where=f"form.{name}", hint=f"give {format_minor(LEAST_NOTICE)} or more")
    terms = terms_of(form)
    if not terms:
        raise BadInput("it is for no term", where="form.terms", hint="name each term once, like 3m or 1y")
    if len(set(terms)) < len(terms):
        raise BadInput("a term stands there twice", where="form.terms", hint="name each once")


def _check_part(where: str, part: ChartPart, said: DepositParameters) -> None:
    offered = terms_of(said.form)
    before: dict[Term | None, int] = {}
    for number, row in enumerate(part.rates):
        at, name = f"{where}[{number}]", row.term or "it"
        if row.term not in offered:
            known = ", ".join(one for one in offered if one) or "leave `term` out"
            raise BadInput(f"it is not offered for {row.term or 'no term'}", where=at, hint=f"the terms are {known}")
        if row.rate > WHOLE:
            raise BadInput("nobody earns that much", where=f"{at}.rate", hint="give percent a year, 0 to 100")
        if row.term not in before and row.from_amount > said.minimum:
            text = f"nothing holds for {name} from {format_minor(said.minimum)} to below {format_minor(row.from_amount)}"
            raise BadInput(text, where=f"{at}.from_amount", hint=f"begin at {format_minor(said.minimum)} or below")
        if row.from_amount <= before.get(row.term, -1):
            text = f"it overlaps the row before it, which holds for {name} from {format_minor(before[row.term])} on"
            raise BadInput(text, where=f"{at}.from_amount", hint="let the amounts of a term rise")
        before[row.term] = row.from_amount
    for term in offered:
        if term not in before:
            raise BadInput(f"nothing holds for {term or 'it'} from {part.first} on", where=where, hint="give a rate for each term")


WORDS: Mapping[str, tuple[str, str]] = {
    "bank": ("开户银行", "bank"),
    "form": ("储种", "form"),
    "of": ("类型", "of"),
    "demand": ("活期存款", "demand deposit"),
    "fixed_term": ("整存整取", "fixed-term deposit"),
    "notice": ("通知存款", "deposit at notice"),
    "certificate": ("大额存单", "large certificate"),
    "settles_on": ("结息日", "day of settlement"),
    "terms": ("存期", "terms"),
    "method": ("计息方法", "how days are counted"),
    "matched_dates": ("对年对月对日", "matched dates"),
    "actual_days": ("实际天数", "actual days"),
    "early": ("提前支取", "early withdrawal"),
    "nothing": ("不可提前支取", "not possible"),
    "whole": ("全部支取", "only all of it"),
    "in_part": ("可部分支取", "all or a part of it"),
    "renews": ("自动转存", "renews itself"),
    "days": ("通知天数", "days of notice"),
    "least_withdrawal": ("最低支取金额", "least withdrawal"),
    "least_balance": ("最低留存金额", "least balance"),
    "minimum": ("起存金额", "least deposit"),
    "maximum": ("最高存入金额", "greatest deposit"),
    "chart": ("利率表", "rates"),
    "from": ("起始", "from"),
    "first": ("起始日", "first day"),
    "last": ("截止日", "last day"),
    "until": ("截止", "until"),
    "term": ("存期", "term"),
    "from_amount": ("起始金额", "from amount"),
    "rate": ("利率（年）", "rate (yearly)"),
    "1m": ("一个月", "1 month"),
    "3m": ("三个月", "3 months"),
    "6m": ("六个月", "6 months"),
    "9m": ("九个月", "9 months"),
    "1y": ("一年", "1 year"),
    "18m": ("十八个月", "18 months"),
    "2y": ("二年", "2 years"),
    "3y": ("三年", "3 years"),
    "5y": ("五年", "5 years"),
}
"""How all of it is called, Chinese and English."""
