"""Which of the registrar's payments pay what: decided for each name under which it pays, whatever comes first.

All that the registrar confirmed on a date is due under one name. Nobody is paid out of what belongs to others, so that all of it is paid
at once, when enough is there. Money that is early, too little or too much stands apart under its name, and pays with what comes later: a
second payment (`<name>-2`), or a confirmation that was late. Pure; amounts are fen.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

Due = TypeVar("Due")


class Came(NamedTuple):
    """A payment by its end-to-end id; or, with no amount, something that fell due under that name."""

    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class Paid(Generic[Due]):
    """What one that came does. `stood` was apart under its name before, `owed` was due there; `dues` are paid: all of them, or none."""

    came: Came
    stood: int
    owed: int
    dues: Sequence[Due]

    @property
    def left(self) -> int:
        """What stands apart from then on."""
        return self.stood + self.came.amount - (self.owed if self.dues else 0)

    @property
    def agrees(self) -> bool:
        """Nothing is left on either side."""
        return self.stood + self.came.amount == self.owed


_AGAIN = re.compile(r"-[0-9]{1,2}$")


def due_under(end_to_end_id: str) -> str:
    """The name that a payment belongs to, whether it is the first one or one that completes it."""
    return _AGAIN.sub("", end_to_end_id)


def decide(
    came: Iterable[Came], stood: Mapping[str, int], due: Mapping[str, Sequence[Due]], worth: Callable[[Due], int]
) -> list[Paid[Due]]:
    """One after the other, as they came. `stood` and `due` by the name that they belong to."""
    apart, open_, decided = dict(stood), dict(due), list[Paid[Due]]()
    for one in came:
        name = due_under(one.name)
        dues = open_.get(name, ())
        owed, there = sum(map(worth, dues)), apart.get(name, 0) + one.amount
        paid = Paid(one, apart.get(name, 0), owed, dues if 0 < owed <= there else ())
        decided.append(paid)
        apart[name], open_[name] = paid.left, () if paid.dues else dues
    return decided
