"""May this holder have the money of so many units at once? A pure decision; the bank's line advances the money, the registrar repays it.

The cap is one investor's in one fund over one sales institution in a day (CSRC and PBoC notice 2018 No. 10). Ordinary redemption has none,
and is what every refusal that money could have avoided points to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from tapwealth.funds.conditions import FundKind
from tapwealth.funds.store import Fund, FundAccount
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.parts import Parts, drawn
from tapwealth.kernel.refusal import Refusal


class InstantRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_FUND = auto()
    NOT_A_MONEY_FUND = auto()
    NOT_REDEEMED_NOW = auto()
    NO_ACCOUNT = auto()
    NOT_ENOUGH_UNITS = auto()
    ABOVE_INSTANT_CAP = auto()
    LINE_USED_UP = auto()


ORDINARY = (
    "redeem it in the ordinary way, without a cap: the registrar confirms it the day after the dealing day, and its money is there about"
    " two days later"
)


@dataclass(frozen=True, slots=True)
class InstantFacts:
    """In 1/100 units and fen alike, at 1.0000. `cap` None: there is none; `redeemed`: what counts against it today already; `line`: what is
    left of the bank's line in the holder's book."""

    fund: Fund | None
    holder: FundAccount | None
    free: int
    cap: int | None
    redeemed: int
    line: int
    kind: FundKind = FundKind.MONEY

    @property
    def left(self) -> int | None:
        """What the cap leaves of today; None where there is none."""
        return None if self.cap is None else max(self.cap - self.redeemed, 0)


def decide(facts: InstantFacts, units: int) -> Refusal | None:
    """None if the money may go at once."""
    if facts.fund is None:
        return Refusal(InstantRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
    if facts.kind is not FundKind.MONEY:
        return Refusal(InstantRefusal.NOT_A_MONEY_FUND, f"{facts.fund.code} has a price of its own; {ORDINARY}")
    if not facts.fund.status.redeems:
        text = f"{facts.fund.code} is {facts.fund.status.words[1]} by its registrar's word; take the money when it is open again"
        return Refusal(InstantRefusal.NOT_REDEEMED_NOW, text)
    if facts.holder is None or facts.holder.state != "open":
        return Refusal(InstantRefusal.NO_ACCOUNT, "the registrar has not opened this fund account yet; wait for its confirmation")
    return _too_much(units, facts.free, facts.left, facts.cap, facts.line)


def _too_much(units: int, free: int, left: int | None, cap: int | None, line: int) -> Refusal | None:
    """`left`: what the caps leave of today, None where there is none."""
    if units > free:
        text = f"{format_minor(units)} units are asked, {format_minor(free)} can be redeemed; give less"
        return Refusal(InstantRefusal.NOT_ENOUGH_UNITS, text)
    if cap is not None and left is not None and units > left:
        text = f"at most {format_minor(left)} yuan more can go at once today (a day's cap is {format_minor(cap)})"
        return Refusal(InstantRefusal.ABOVE_INSTANT_CAP, f"{text}; take that much, or {ORDINARY}")
    if units > line:
        return Refusal(InstantRefusal.LINE_USED_UP, f"the bank cannot advance {format_minor(units)} yuan now; {ORDINARY}")
    return None


def shared_out(pocket: Mapping[str, InstantFacts], units: int) -> Parts | Refusal:
    """How much of each fund behind a pocket goes at once, in their order: the first that covers it alone, else several, all or nothing.
    `pocket`: those that pay now; each has a cap of its own, and they share the line."""
    for one in pocket.values():
        if one.holder is None or one.holder.state != "open":
            return decide(one, units) or ()
    free = sum(max(one.free, 0) for one in pocket.values())
    lefts = [min(one.left, max(one.free, 0)) for one in pocket.values() if one.left is not None]
    cap = next((one.cap for one in pocket.values()), None)
    line = min((one.line for one in pocket.values()), default=0)
    refusal = _too_much(units, free, sum(lefts) if cap is not None else None, cap, line)
    if refusal is not None:
        return refusal
    return drawn({code: max(one.free if one.left is None else min(one.free, one.left), 0) for code, one in pocket.items()}, units)
