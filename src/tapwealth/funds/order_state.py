"""What may become of an order. States only move forward: no order is ever again in a state that it has left.

`accepted`: the registrar has taken a subscription, and the fund is not formed yet. `deferred`: the registrar has confirmed a part, the rest
goes on with the next dealing day. `paid`: the money of a redemption has come from the registrar. Answers of the registrar may come while an
order still counts as placed here: its file has left, and a kill came before the note of it.
"""

from collections.abc import Mapping
from enum import StrEnum


class OrderState(StrEnum):
    """As it is stored."""

    PLACED = "placed"
    SENT = "sent"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    PAID = "paid"


_S = OrderState
MOVES: Mapping[OrderState, frozenset[OrderState]] = {
    _S.PLACED: frozenset({_S.SENT, _S.ACCEPTED, _S.DEFERRED, _S.CONFIRMED, _S.REFUSED, _S.CANCELLED}),
    _S.SENT: frozenset({_S.ACCEPTED, _S.DEFERRED, _S.CONFIRMED, _S.REFUSED}),
    _S.ACCEPTED: frozenset({_S.CONFIRMED, _S.REFUSED}),
    _S.DEFERRED: frozenset({_S.CONFIRMED, _S.REFUSED}),
    _S.CONFIRMED: frozenset({_S.PAID}),
    _S.REFUSED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.PAID: frozenset(),
}
"""Where an order may go from each state."""


def before(state: OrderState) -> frozenset[OrderState]:
    """The states that an order may come from into this one."""
    return frozenset(one for one, following in MOVES.items() if state in following)


ANSWERED = frozenset({_S.CONFIRMED, _S.REFUSED, _S.CANCELLED, _S.PAID})
"""The registrar has nothing more to say of it."""
UNANSWERED = frozenset(OrderState) - ANSWERED


def circle(moves: Mapping[OrderState, frozenset[OrderState]]) -> OrderState | None:
    """A state to which an order could come back, by whatever way; None: there is none."""
    for start in moves:
        reached, found = set[OrderState](), set(moves[start])
        while found - reached:
            reached |= found
            found = {following for one in reached for following in moves[one]}
        if start in reached:
            return start
    return None
