"""A sweep agreement: what lies above a kept balance goes into a fund, every dealing day before the cut-off. Nouns and pure rules; fen.

One abstraction serves the wallet and the bank-card account: `keep_balance` stays, whole lots of `minimum_lot` go, at most `daily_cap` in a
day, and it is done before `run_before`.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, StrEnum, auto
from uuid import UUID

from tapwealth.funds.conditions import FundKind
from tapwealth.funds.store import Fund, SalesChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal

LEAD = timedelta(minutes=30)
"""How long before `run_before` a day's sweep begins: enough for a bank to be asked, and to be asked again."""


class SweepState(StrEnum):
    """Of an agreement: `ASKED` until the bank has answered (a bank card's), then in force or refused; ended by the customer."""

    ASKED = "asked"
    ACTIVE = "active"
    REFUSED = "refused"
    ENDED = "ended"


class RunState(StrEnum):
    """Of a day's sweep. `COLLECTING`: the bank has been told to debit the card. The others are final."""

    NOTHING = "nothing"
    MISSED = "missed"
    COLLECTING = "collecting"
    PLACED = "placed"
    REFUSED = "refused"


class SweepRefusal(Enum):
    """Why an agreement is not made or ended, in the order in which it is looked at."""

    NOT_VERIFIED = auto()
    UNKNOWN_FUND = auto()
    UNKNOWN_CARD = auto()
    LOT_TOO_SMALL = auto()
    AFTER_THE_CUT_OFF = auto()
    AGREEMENT_STANDS = auto()
    OTHER_SAFE_CARD = auto()
    UNKNOWN_AGREEMENT = auto()


@dataclass(frozen=True, slots=True)
class SweepAgreement:
    """`card` None: it sweeps the wallet. `run_before` is Shanghai's time of day."""

    book: int
    id: UUID
    person: UUID
    card: UUID | None
    fund: str
    keep_balance: int
    minimum_lot: int
    daily_cap: int
    run_before: time
    state: SweepState
    reason: str
    agreed_at: datetime
    ended_at: datetime | None = None

    @property
    def name(self) -> str:
        """What the bank knows its mandate by (ISO 20022 Max35Text)."""
        return self.id.hex

    def key(self, day: date) -> UUID:
        """The idempotency key of a day's sweep: of agreement and day, whoever runs it and however often."""
        return derived(self.id, f"sweep:{day}")

    def amount(self, available: int) -> int:
        """What goes out of so much: whole lots of what lies above the kept balance, within the cap.

        >>> nobody, active = UUID(int=0), SweepState.ACTIVE
        >>> one = SweepAgreement(1, nobody, nobody, None, "000198", 500, 100, 1_000, time(14), active, "", datetime.min)
        >>> [one.amount(available) for available in (500, 599, 600, 1_250, 9_000)]
        [0, 0, 100, 700, 1000]
        """
        over = min(max(available - self.keep_balance, 0), self.daily_cap)
        return over - over % self.minimum_lot

    def begins(self, day: date) -> datetime:
        """When the day's sweep may begin."""
        return shanghai(day, self.run_before.hour, self.run_before.minute, self.run_before.second) - LEAD


@dataclass(frozen=True, slots=True)
class Sweep:
    """A day's sweep; one line says why where it was refused. `payment` is the end-to-end id of a bank card's debit."""

    book: int
    agreement: UUID
    day: date
    amount: int
    state: RunState
    reason: str
    begun_at: datetime
    payment: str = ""


def may_agree(
    asked: SweepAgreement, fund: Fund | None, channel: SalesChannel | None, barred: str | None, ineligible: Refusal | None
) -> Refusal | None:
    """None if the agreement may be made. `ineligible`: why the fund is not for who asks."""
    if barred is not None:
        return Refusal(SweepRefusal.NOT_VERIFIED, barred)
    if fund is None or channel is None:
        return Refusal(SweepRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
    if fund.kind is not FundKind.MONEY:
        text = f"{fund.code} has a price of its own; what lies idle is swept into a money fund alone: choose one"
        return Refusal(SweepRefusal.UNKNOWN_FUND, text)
    if ineligible is not None:
        return ineligible
    if asked.minimum_lot < channel.minimum_purchase:
        least = format_minor(channel.minimum_purchase)
        text = f"a lot of {format_minor(asked.minimum_lot)} yuan is below the least purchase of {least}; give a greater one"
        return Refusal(SweepRefusal.LOT_TOO_SMALL, text)
    if asked.run_before > time(min(fund.cut_off_hour, 23)):
        text = f"the fund's cut-off is {fund.cut_off_hour}:00; choose a time at or before it"
        return Refusal(SweepRefusal.AFTER_THE_CUT_OFF, text)
    return None
