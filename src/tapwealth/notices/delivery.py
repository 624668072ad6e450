"""A message to a person and its deliveries, one a channel: the states of a delivery, and what becomes of it by what is heard. Pure.

A delivery that was taken may have been sent: if its outcome is not known, the messenger is asked before it is sent again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.notices.messenger import Channel, Fate, Said

LEASE = timedelta(seconds=6)
"""For which a delivery belongs to who has taken it, by the machine's clock: longer than the messenger is waited for."""
MOST_TRIES, MOST_ASKED = 16, 8
"""How often a message is sent, or asked about while its outcome is not known; and asked about once it was accepted, if no report comes."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(milliseconds=500), timedelta(minutes=30)
FIRST_ASK = timedelta(minutes=1)
"""After which a report that has not come is asked for."""


class State(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    SENT = "sent"
    """It was taken; whether it arrived at the messenger is not known."""
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    GIVEN_UP = "given_up"
    WITHDRAWN = "withdrawn"
    """It was no longer needed: an earlier channel has delivered after all."""


FAILED = frozenset({State.BOUNCED, State.GIVEN_UP})
OVER = FAILED | {State.DELIVERED, State.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to one person together. `subjects`: what it tells of, each once; `newest`: the notice that it tells in words."""

    book: int
    id: UUID
    person: UUID
    urgent: bool
    channels: tuple[Channel, ...]
    subjects: tuple[str, ...]
    newest: UUID
    made_at: datetime

    def delivery(self, channel: Channel, not_before: datetime) -> "Delivery":
        """Of this message over that channel: always the same one."""
        serial = derived(self.id, channel.value)
        return Delivery(self.book, serial, self.id, self.person, channel, self.urgent, State.WAITING, "", not_before)

    def after(self, channel: Channel) -> Channel | None:
        """Which channel comes next, if one fails. Urgent messages are on all of them already."""
        left = self.channels[self.channels.index(channel) + 1 :]
        return left[0] if left and not self.urgent else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """As stored. `not_before` and `ended_at` by the platform's clock, `next_at` by the machine's."""

    book: int
    id: UUID
    message: UUID
    person: UUID
    channel: Channel
    urgent: bool
    state: State
    reason: str
    not_before: datetime
    next_at: datetime | None = None
    tries: int = 0
    asked: int = 0
    ended_at: datetime | None = None

    @property
    def key(self) -> tuple[int, UUID]:
        return (self.book, self.id)


def pause_after(tries: int) -> timedelta:
    """How long after so many tries the next one comes: doubled each time."""
    return min(FIRST_PAUSE * (1 << min(max(tries - 1, 0), 16)), LONGEST_PAUSE)


def ask_after(asked: int) -> timedelta:
    """How long an accepted message is left before its report is asked for."""
    return min(FIRST_ASK * (1 << min(asked, 16)), LONGEST_PAUSE)


def heard(row: Delivery, said: Said, now: datetime, machine: datetime) -> Delivery:
    """The delivery after that word of the messenger's, by report, answer or inquiry, in whatever order they come."""
    if row.state in OVER or row.state is State.WAITING:
        return _late(row, said, now)
    match said.fate:
        case Fate.DELIVERED:
            return _ended(row, State.DELIVERED, "", now)
        case Fate.BOUNCED:
            return _ended(row, State.BOUNCED, said.reason or "bounced", now)
        case Fate.NEVER_CAME if row.tries < MOST_TRIES and row.asked < MOST_ASKED:
            return replace(row, state=State.WAITING, next_at=None, reason="the messenger never received it")
        case Fate.NEVER_CAME:
            return _ended(row, State.GIVEN_UP, "the messenger never received it", now)
        case Fate.ACCEPTED:
            return replace(row, state=State.ACCEPTED, next_at=_ask_at(row, machine), reason="")
    return _unknown(row, said.reason, now, machine)


def _late(row: Delivery, said: Said, now: datetime) -> Delivery:
    """Only that it was delivered after all changes what was over; a message that waits was never handed over."""
    return _ended(row, State.DELIVERED, "", now) if row.state in FAILED and said.fate is Fate.DELIVERED else row


def _unknown(row: Delivery, reason: str, now: datetime, machine: datetime) -> Delivery:
    if row.state is State.ACCEPTED:
        return replace(row, next_at=_ask_at(row, machine), reason=reason)
    if row.tries >= MOST_TRIES:
        return _ended(row, State.GIVEN_UP, reason, now)
    return replace(row, next_at=machine + pause_after(row.tries), reason=reason)


def _ask_at(row: Delivery, machine: datetime) -> datetime | None:
    """None once it was asked often enough: it was accepted, and no more will be known."""
    return machine + ask_after(row.asked) if row.asked < MOST_ASKED else None


def _ended(row: Delivery, state: State, reason: str, now: datetime) -> Delivery:
    return replace(row, state=state, reason=reason, next_at=None, ended_at=now)
