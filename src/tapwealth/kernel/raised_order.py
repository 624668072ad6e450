"""What stands against an order of anything that is raised, a fund or a product of the bank's, whatever is left of its target. Pure."""

from enum import Enum, auto
from typing import NamedTuple

from tapwealth.kernel.money import format_minor


class Bound(Enum):
    """In the order in which they are checked; whoever raises has refusals of the same names."""

    BELOW_MINIMUM = auto()
    NOT_IN_STEPS = auto()
    ABOVE_CAP = auto()
    NO_MONEY = auto()


class Bounds(NamedTuple):
    """Fen: the least order, by how much orders rise above it, and what a person may have in all (0: as much as there is)."""

    minimum: int
    step: int
    cap: int


def passed(bounds: Bounds, amount: int, had: int, available: int) -> tuple[Bound, str] | None:
    """The first bound that an order passes, in words; None: it passes none. `had`: what its buyer has in the raise already, `available`:
    what their wallet holds."""
    minimum, step, cap = bounds
    if amount < minimum:
        return Bound.BELOW_MINIMUM, f"{format_minor(amount)} yuan is below the least order of {format_minor(minimum)}; give more"
    if (amount - minimum) % step:
        text = f"above {format_minor(minimum)} yuan orders rise in steps of {format_minor(step)}; give a whole step"
        return Bound.NOT_IN_STEPS, text
    if cap and had + amount > cap:
        text = f"you would have {format_minor(had + amount)} yuan in this raise; at most {format_minor(cap)} is possible"
        return Bound.ABOVE_CAP, text
    if amount > available:
        text = f"{format_minor(amount)} yuan is asked, {format_minor(max(available, 0))} is there; move money in first"
        return Bound.NO_MONEY, text
    return None
