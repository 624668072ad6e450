"""What a product manager says of a policy: what it covers and for how long, and what comes back of its premium.

Nothing here knows a customer. Prices stand in tables by date (`TABLES`): `premium`, one for each occupation class, or of a health cover
one for each sex and age; a term life is reckoned with the `interest` of its day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum, StrEnum
from fractions import Fraction
from typing import Annotated

import msgspec

from tapwealth.insurance.insurer import INSURERS
from tapwealth.insurance.mortality import Sex
from tapwealth.insurance.questions import Question, Wording, check_questions
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.units import WHOLE, Called, Days, Percent, Unit, Yuan, Zero

DAYS_OF_A_YEAR = 365
LEAST_SUM, MOST_INTEREST = 1_000_00, 200_000
"""Fen, and millionths a year: within these no premium of a term life comes to nothing."""
MOST_LOADING_OF_A_YEAR = 350_000
"""Of an accident policy for a year or less."""
LEAST_FREE_LOOK, MOST_FREE_LOOK_COST = 15, 10_00
"""Days, of a policy for longer than a year; fen that whoever gives it back then can be asked for."""
OLDEST_OF_HEALTH = 70
"""Years: the greatest age at which a health cover has a price."""
MOST_WAITING_OF_HEALTH = 180
"""Days."""
MOST_OF_EVEN = Fraction(6, 5)
"""An instalment may be a fifth more than its even part of a year's premium."""
_MONTHS = 12


class OccupationClass(IntEnum):
    """How dangerous somebody's work is, 1 the safest; a product says by its prices which classes it covers."""

    ONE = 1
    TWO = 2
    THREE = 3
    FOUR = 4
    FIVE = 5
    SIX = 6

    @property
    def table(self) -> str:
        """Of its prices."""
        return f"premium_class_{self.value}"


class Every(StrEnum):
    """How long a premium pays for."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"

    @property
    def months(self) -> int:
        return {Every.YEAR: 12, Every.QUARTER: 3, Every.MONTH: 1}[self]


class CancellationRule(StrEnum):
    """What comes back of a premium when a policy is cancelled outside the free look."""

    UNEARNED = "unearned"
    """premium × days left / days"""
    UNEARNED_LESS_LOADING = "unearned_less_loading"
    """premium × days left / days × (1 − loading)"""


class WithinWaiting(StrEnum):
    """What an illness within the waiting time brings."""

    NOTHING = "nothing"
    PREMIUMS = "premiums"
    """All premiums come back, and the policy is over."""


class _Cover(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="of"):
    """What is insured."""


class Accident(_Cover, frozen=True, forbid_unknown_fields=True, tag="accident"):
    """Bodily harm by accident, for a year, or for a trip of so many `days`; priced by occupation class."""

    days: Annotated[int, msgspec.Meta(ge=1, le=364), Days(("一年", "a year"))] | None = None


class TermLife(_Cover, frozen=True, forbid_unknown_fields=True, tag="term_life"):
    """A sum at death within so many years, for a level premium every year by the mortality table CL1 or CL2, by age and sex."""

    years: Annotated[int, msgspec.Meta(ge=1, le=50)]


class AccountLoss(_Cover, frozen=True, forbid_unknown_fields=True, tag="account_loss"):
    """Payments that the account's owner did not make, up to so many days before they said so; for a year."""

    look_back_days: Annotated[int, msgspec.Meta(ge=1, le=60)]


class PhoneScreen(_Cover, frozen=True, forbid_unknown_fields=True, tag="phone_screen"):
    """A cracked screen of one phone, which the policy names, replaced so many times; for a year. `late_days`: for how long after it was
    bought a phone may be insured after an inspection."""

    replacements: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    late_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 60


class Illness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of illnesses, of which the first brings `share` of the sum insured: once, whatever else of the group follows."""

    group: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$", description="small letters, digits and _")]
    says: Wording
    share: Percent = WHOLE


class Health(_Cover, frozen=True, forbid_unknown_fields=True, tag="health"):
    """Critical illness within so many years, for a level premium every year by age and sex: a fixed sum for each group of illnesses, until
    the sum insured is paid. What an accident brings about knows no waiting time."""

    years: Annotated[int, msgspec.Meta(ge=2, le=50)]
    illnesses: list[Illness]
    within_waiting: WithinWaiting = WithinWaiting.NOTHING


Cover = Accident | TermLife | AccountLoss | PhoneScreen | Health


class PolicyParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of any policy. `insurer`: its code; `loading`: what of the premium is for costs; `waiting_days`: from the beginning of cover, of a
    phone's screen from the day of issue, in which no loss is paid; `free_look_days` 0: no free look; `excess`: what of a loss the insured
    bears; `limit_per_loss` 0: the sum insured; `arrears_interest`: a year, on what is owed when it is reinstated; `cash_value`: what of all
    premiums paid comes back when it lapses; `every`: how long a premium pays for, `instalment`: what of a year's premium it is then (0: its
    even part)."""

    insurer: Annotated[str, msgspec.Meta(pattern="^[0-9A-Z]{2,12}$", description="2 to 12 capital letters and digits"), Called()]
    cover: Cover
    sum_insured: Yuan
    loading: Percent
    cancellation: CancellationRule = CancellationRule.UNEARNED
    waiting_days: Annotated[int, msgspec.Meta(ge=0, le=365), Days(("无等待期", "no waiting time"))] = 0
    free_look_days: Annotated[int, msgspec.Meta(ge=0, le=60), Days(("无犹豫期", "no free look"))] = 0
    free_look_cost: Yuan = 0
    excess: Annotated[Yuan, Zero(("无", "none"))] = 0
    limit_per_loss: Annotated[Yuan, Zero(("以保额为限", "the sum insured"))] = 0
    questions: list[Question] = []
    arrears_interest: Percent = 0
    cash_value: Percent = 0
    every: Every = Every.YEAR
    instalment: Annotated[Percent, Zero(("平均", "its even part"))] = 0

    @property
    def years(self) -> int:
        """Of the policy; 1 also for what is shorter."""
        return self.cover.years if isinstance(self.cover, TermLife | Health) else 1

    @property
    def part(self) -> Fraction:
        """What a premium is of one for a year."""
        return Fraction(self.instalment, WHOLE) if self.instalment else Fraction(self.every.months, _MONTHS)

    @property
    def days(self) -> int | None:
        """Of a policy that is for days; None: for years."""
        return self.cover.days if isinstance(self.cover, Accident) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A version of the catalogue as policies are judged by it. `prices`: by table what holds on the day that is asked about, None where no
    row of a table does."""

    code: str
    version: int
    name: str
    name_en: str
    terms: PolicyParameters
    prices: Mapping[str, int | None] = field(default_factory=dict)


_BY_CLASS = [one.table for one in OccupationClass]
_BY_AGE = {f"premium_{sex.name.lower()}_{age}": (sex, age) for sex in Sex for age in range(OLDEST_OF_HEALTH + 1)}
TABLES: Mapping[str, Unit] = {
    "premium": Unit.YUAN, **dict.fromkeys(_BY_CLASS, Unit.YUAN), **dict.fromkeys(_BY_AGE, Unit.YUAN),
    "interest": Unit.PERCENT, "commission": Unit.PERCENT,
}  # fmt: skip
"""`commission`: what the house has of a premium."""


def check_terms(terms: PolicyParameters) -> None:
    """What no policy may be. Raises BadInput whose `where` is the path within the parameters."""
    if terms.sum_insured < LEAST_SUM:
        raise BadInput(
            f"{format_minor(terms.sum_insured)} yuan insures nothing", where="sum_insured", hint=f"give {format_minor(LEAST_SUM)}"
        )
    if terms.loading >= WHOLE:
        raise BadInput("nothing is left for losses", where="loading", hint="give percent of the premium, below 100")
    if max(terms.excess, terms.limit_per_loss) > terms.sum_insured:
        where = "excess" if terms.excess > terms.sum_insured else "limit_per_loss"
        raise BadInput("it is above the sum insured", where=where, hint=f"give at most {format_minor(terms.sum_insured)}")
    if terms.limit_per_loss and terms.excess >= terms.limit_per_loss:
        raise BadInput("no loss would be paid", where="excess", hint="give less than the limit per loss")
    if terms.arrears_interest > MOST_INTEREST:
        raise BadInput("nobody asks that much", where="arrears_interest", hint=f"give percent a year, at most {MOST_INTEREST // 10_000}")
    if terms.cash_value > WHOLE:
        raise BadInput("it is more than was paid", where="cash_value", hint="give percent of the premiums, 0 to 100")
    if terms.years == 1 and (terms.arrears_interest or terms.cash_value):
        where = "arrears_interest" if terms.arrears_interest else "cash_value"
        raise BadInput("a policy that is paid once is never reinstated and never lapses", where=where, hint="leave it out")
    if isinstance(terms.cover, Accident) and terms.loading > MOST_LOADING_OF_A_YEAR:
        raise BadInput("the loading is too high", where="loading", hint="of accidents for a year or less at most 35 percent")
    if terms.years == 1 and (terms.free_look_days or terms.free_look_cost):
        text = "only a policy for longer than a year has a free look"
        raise BadInput(text, where="free_look_days", hint="leave it out: it can be cancelled for the unearned part")
    if terms.years > 1 and terms.free_look_days < LEAST_FREE_LOOK:
        text = "a policy for longer than a year can be given back in its first days"
        raise BadInput(text, where="free_look_days", hint=f"give {LEAST_FREE_LOOK} or more")
    if terms.free_look_cost > MOST_FREE_LOOK_COST:
        text = f"in the free look all comes back but a small cost, and {format_minor(terms.free_look_cost)} yuan are none"
        raise BadInput(text, where="free_look_cost", hint=f"give at most {format_minor(MOST_FREE_LOOK_COST)}")
    if isinstance(terms.cover, Health):
        _check_health(terms, terms.cover)
    _check_instalments(terms)
    check_questions(terms.questions)


def _check_instalments(terms: PolicyParameters) -> None:
    if terms.every is Every.YEAR:
        if terms.instalment:
            raise BadInput("its premiums are for a year", where="instalment", hint="leave it out, or say every month or quarter")
        return
    if terms.years == 1:
        raise BadInput("a policy that is paid once has no instalments", where="every", hint="leave it out")
    even = WHOLE * terms.every.months // _MONTHS
    if terms.instalment and not even <= terms.instalment <= even * MOST_OF_EVEN:
        least, most = (f"{Decimal(one) * 100 / WHOLE:f}" for one in (even, int(even * MOST_OF_EVEN)))
        raise BadInput("it is no instalment of a year's premium", where="instalment", hint=f"give percent, {least} to {most}")
    if terms.sum_insured < LEAST_SUM * _MONTHS // terms.every.months:
        least = format_minor(LEAST_SUM * _MONTHS // terms.every.months)
        raise BadInput("an instalment would come to nothing", where="sum_insured", hint=f"give {least} yuan or more")


def _check_health(terms: PolicyParameters, cover: Health) -> None:
    groups = [one.group for one in cover.illnesses]
    if not groups or len(set(groups)) != len(groups):
        text = "no illness is covered" if not groups else "a group of illnesses stands there twice"
        raise BadInput(text, where="cover.illnesses", hint="give each group once, with a name of its own")
    for number, one in enumerate(cover.illnesses):
        if not 0 < one.share <= WHOLE:
            where = f"cover.illnesses[{number}].share"
            raise BadInput("that share cannot be paid", where=where, hint="give percent of the sum insured, above 0 and up to 100")
    if terms.excess or terms.limit_per_loss:
        where = "excess" if terms.excess else "limit_per_loss"
        raise BadInput("a fixed sum is paid whole", where=where, hint="leave it out; give the group of illnesses a share")
    if terms.waiting_days > MOST_WAITING_OF_HEALTH:
        raise BadInput("so long nobody waits", where="waiting_days", hint=f"give days, at most {MOST_WAITING_OF_HEALTH}")
    if cover.within_waiting is WithinWaiting.PREMIUMS and not terms.waiting_days:
        raise BadInput("it has no waiting time", where="cover.within_waiting", hint="leave it out, or give waiting_days")


def table_by_age(sex: Sex, age: int) -> str:
    """Of the prices of a health cover for somebody of that age on its first day."""
    return f"premium_{sex.name.lower()}_{age}"


def priced_by_age(cover: Cover) -> bool:
    """Whether somebody older pays another premium."""
    return isinstance(cover, TermLife | Health)


def tables_of(cover: Cover) -> tuple[str, ...]:
    """By which such a cover is priced: of an accident's at least one, of a health cover those of the ages at which it is bought, of another
    cover the only one."""
    match cover:
        case Accident():
            return tuple(_BY_CLASS)
        case TermLife():
            return ("interest",)
        case Health():
            return tuple(_BY_AGE)
        case AccountLoss() | PhoneScreen():
            return ("premium",)


WORDS: Mapping[str, tuple[str, str]] = {
    "insurer": ("保险公司", "insurer"),
    "cover": ("保障", "cover"),
    "of": ("类型", "of"),
    "accident": ("意外伤害", "an accident"),
    "term_life": ("定期寿险", "term life"),
    "account_loss": ("账户盗刷损失", "account losses"),
    "phone_screen": ("手机碎屏", "a phone's screen"),
    "health": ("重大疾病", "critical illness"),
    "illnesses": ("疾病分组", "illness"),
    "group": ("组别", "group"),
    "share": ("给付比例", "share of the sum insured"),
    **{code: (f"{zh}（{code}）", f"{en} ({code})") for code, (zh, en) in INSURERS.items()},
    "within_waiting": ("等待期内患病", "an illness within the waiting time"),
    "nothing": ("不予给付", "nothing is paid"),
    "premiums": ("退还已交保费，合同终止", "all premiums come back, and the policy is over"),
    "days": ("期限", "lasts"),
    "years": ("年数", "years"),
    "look_back_days": ("追溯天数", "days looked back"),
    "replacements": ("更换次数", "replacements"),
    "late_days": ("购机后投保天数", "days after the phone's purchase"),
    "sum_insured": ("保额", "sum insured"),
    "loading": ("费用率", "loading"),
    "cancellation": ("退保规则", "cancellation"),
    "unearned": ("退还未满期保费", "the unearned part"),
    "unearned_less_loading": ("退还未满期保费并扣除费用", "the unearned part less the costs"),
    "waiting_days": ("等待期", "waiting time"),
    "free_look_days": ("犹豫期", "free look"),
    "free_look_cost": ("犹豫期退保扣除", "cost of the free look"),
    "excess": ("免赔额", "excess"),
    "limit_per_loss": ("每次赔付限额", "limit per loss"),
    "questions": ("告知事项", "question"),
    "question": ("编号", "name"),
    "asks": ("问题", "asks"),
    "choices": ("选项", "choice"),
    "answer": ("答案", "answer"),
    "says": ("文字", "says"),
    "then": ("结论", "then"),
    "accept": ("标准承保", "accepted"),
    "load": ("加费", "loaded"),
    "refer": ("人工核保", "referred"),
    "decline": ("拒保", "declined"),
    "permille": ("加费千分比", "permille of the premium"),
    "arrears_interest": ("复效补缴利率（年）", "interest on arrears (yearly)"),
    "cash_value": ("终止时退还所缴保费的比例", "share of the premiums that comes back at a lapse"),
    "every": ("缴费频率", "premium for each"),
    "year": ("年", "year"),
    "quarter": ("季", "quarter"),
    "month": ("月", "month"),
    "instalment": ("每期保费占年缴保费的比例", "share of the yearly premium"),
    "premium": ("保费", "premium"),
    **{one.table: (f"保费（职业{one.value}类）", f"premium of occupation class {one.value}") for one in OccupationClass},
    **{
        name: (f"保费（{'男' if sex is Sex.MALE else '女'}，{age}岁）", f"premium, {sex.name.lower()}, aged {age}")
        for name, (sex, age) in _BY_AGE.items()
    },
    "interest": ("预定利率（年）", "interest reckoned with (yearly)"),
    "commission": ("手续费率", "commission"),
}
"""How all of it is called, Chinese and English."""
