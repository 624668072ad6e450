"""What a policy for years owes, costs and brings back, reckoned from the law and its terms by counting days, apart from the program.

Insurance Law 2015, articles 32, 36 and 37; premium × days left / 365, of what is shorter / its days; a premium is earned evenly over its
days; commission on premiums, and the same part of it back, of the latest first. It shares nothing with the program but the words.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

DAY = timedelta(days=1)
TRIED = (0, 1, 3, 7, 15, 30, 45, 53, 60)
"""Days after a premium was due on which it is collected where that is agreed."""


def fen(amount: Fraction) -> int:
    """Half-up, a fen below zero as one above it."""
    whole = int(abs(amount) + Fraction(1, 2))
    return whole if amount >= 0 else -whole


def months_later(day: date, months: int) -> date:
    """The last day of a month that lacks the day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def years_later(day: date, years: int) -> date:
    """1 March for 29 February in a common year."""
    same = months_later(day, 12 * years)
    return same if same.day == day.day else same + DAY


@dataclass(frozen=True)
class Premium:
    """Taken on, or come back (below zero), `on` a day, for the days from `first` to before `until`."""

    amount: int
    first: date
    until: date
    on: date


@dataclass
class Oracle:
    """A policy of `years` that began on `begun`, one `premium` of `months` paid. `rates`: what of a premium is commission if the insurer
    has it on that day or later, the earliest first. `loading`: what is kept of what comes back, None: nothing."""

    begun: date
    months: int
    years: int
    premium: int
    rates: Sequence[tuple[date, Fraction]]
    loading: Fraction | None
    state: str = "issued"
    paid: int = 1
    wallet: int = 0
    collects: bool = False
    commission: int = 0
    demanded: date | None = None
    suspended: date | None = None
    ended: date | None = None
    moved: list[Premium] = field(default_factory=list)
    standing: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        by_years = self.months == 12
        premiums = range(self.years * 12 // self.months)
        begins = [years_later(self.begun, one) if by_years else months_later(self.begun, one * self.months) for one in premiums]
        self.over = years_later(self.begun, self.years)
        self.begins = [*begins, self.over]
        self._take(self.premium, 0, 1, self.begun - DAY)

    # ---- what is owed

    @property
    def due(self) -> date | None:
        """Of the first premium that is not paid."""
        return self.begins[self.paid] if self.paid < len(self.begins) - 1 else None

    def owed(self, day: date) -> int:
        """How many premiums are due by that day and not paid."""
        return sum(one <= day for one in self.begins[self.paid : -1])

    @property
    def last_of_grace(self) -> date:
        """Neither the due day nor that of the demand is counted."""
        assert self.due is not None, "something is owed"
        by_due = self.due + 60 * DAY
        return by_due if self.demanded is None else min(by_due, max(self.demanded, self.due) + 30 * DAY)

    def interest(self, day: date) -> int:
        """5 % a year on what is owed, each premium by itself."""
        late = [(day - one).days for one in self.begins[self.paid : self.paid + self.owed(day)]]
        return sum(fen(Fraction(self.premium * 5 * days, 100 * 365)) for days in late)

    # ---- what is done

    def _take(self, premiums: int, first: int, until: int, on: date) -> None:
        had = fen(premiums * [rate for day, rate in self.rates if day <= on][-1])
        self.commission += had
        self.standing.append((premiums, had))
        self.moved.append(Premium(premiums, self.begins[first], self.begins[until], on))

    def pay(self, number: int, on: date, interest: int = 0) -> int:
        """So many of the oldest that are not paid; fen."""
        premiums = number * self.premium
        self._take(premiums, self.paid, self.paid + number, on)
        self.paid, self.demanded, self.wallet = self.paid + number, None, self.wallet - premiums - interest
        return premiums + interest

    def _give_back(self, amount: int, first: date, until: date, on: date) -> None:
        self.moved.append(Premium(-amount, first, until, on))
        while amount > 0 and self.standing:
            premium, had = self.standing.pop()
            now = min(amount, premium)
            part = fen(Fraction(had * now, premium))
            self.commission, amount = self.commission - part, amount - now
            if now < premium:
                self.standing.append((premium - now, had - part))

    def correct(self, premium: int, on: date) -> int:
        """A lower premium by the true age: fen that come back of all that was paid."""
        back = fen(Fraction(self.premium * self.paid * (self.premium - premium), self.premium))
        self._give_back(back, self.begun, self.begins[self.paid], on)
        self.premium = premium
        return back

    def cancel(self, on: date, *, free: bool) -> int:
        """Fen that come back; in the free look all but 10.00 yuan, and the whole commission with it."""
        refund = max(self.premium * self.paid - 10_00, 0) if free else fen(self.premium * self._unused(on))
        self._give_back(refund, on, on + DAY, on)
        if free:
            self.commission, self.standing = 0, []
        self.state, self.ended = "cancelled", on
        return refund

    def _unused(self, on: date) -> Fraction:
        left = Fraction(0)
        for first, until in zip(self.begins[: self.paid], self.begins[1 : self.paid + 1], strict=True):
            days = sum(first + number * DAY > on for number in range((until - first).days))
            by_years = self.months == 12 and self.loading is None
            left += Fraction(min(days, 365), 365) if by_years else Fraction(days, (until - first).days)
        return left if self.loading is None else left * (1 - self.loading)

    def end(self, day: date) -> None:
        """What the end of a date does."""
        if self.state == "issued" and day >= self.begun:
            self.state = "in_force"
        if self.collects and self.state in ("issued", "in_force") and self.due is not None and self.due <= day < self.over:
            tried = (day - self.due).days in TRIED or day == self.last_of_grace
            if tried and day <= self.last_of_grace:
                self.pay(self.owed(day), day + DAY)
        if self.state in ("in_force", "suspended") and day + DAY >= self.over:
            self.state = "expired"
        if self.state == "in_force" and self.due is not None and day >= self.last_of_grace:
            self.state, self.suspended = "suspended", self.last_of_grace + DAY
        if self.state == "suspended" and self.suspended is not None and day + DAY >= years_later(self.suspended, 2):
            self._give_back(fen(Fraction(self.premium * self.paid, 5)), day, day + DAY, day + DAY)
            self.state, self.ended = "lapsed", day + DAY

    # ---- what is earned

    def taken_on(self, day: date) -> int:
        """Fen of premium, less what came back."""
        return sum(one.amount for one in self.moved if one.on <= day)

    def unearned(self, day: date) -> int:
        """Fen of it for days still to come."""
        if self.ended is not None and self.ended <= day:
            return 0
        left = [(one, max((one.until - max(day + DAY, one.first)).days, 0)) for one in self.moved if one.on <= day]
        return sum(fen(Fraction(one.amount * days, (one.until - one.first).days)) for one, days in left)
