"""Limited-use keys: which of a token's keys made a cryptogram, what it is still good for, and which keys a phone is given next.

Each key covers a range of the card's counter (ATC), fixed when it is given out, so that the host finds it by the counter in the message.
Count is the length of the range; amount (fen approved under the key) and age begin anew when the device asks for keys with its signature,
since that proves it is still the owner's; a counter that is used never comes back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from tapwealth.issuing.decline import DeclineReason

LAST_ATC = 0xFFFF
TAPS_PER_KEY, KEYS_AHEAD = 10, 3
AMOUNT_PER_KEY = 2_000_000
"""Fen."""
GOOD_FOR = timedelta(days=30)


class KeyRange(Struct, frozen=True):
    """Key `number` of a token, for the counters `first_atc` to `last_atc`. `spent` of `amount_limit`, in fen; `good_until` by the clock."""

    number: int
    first_atc: int
    last_atc: int
    amount_limit: int
    spent: int
    good_until: datetime

    def covers(self, atc: int) -> bool:
        return self.first_atc <= atc <= self.last_atc


def key_for(ranges: Iterable[KeyRange], atc: int) -> KeyRange | None:
    """The key of that counter."""
    return next((one for one in ranges if one.covers(atc)), None)


def objection(key: KeyRange, amount: int, now: datetime) -> DeclineReason | None:
    """Why a right cryptogram under this key is declined all the same."""
    if now > key.good_until:
        return DeclineReason.KEY_TOO_OLD
    return DeclineReason.KEY_AMOUNT_USED_UP if key.spent + amount > key.amount_limit else None


def next_keys(given: Sequence[KeyRange], atc: int, now: datetime) -> list[KeyRange]:
    """The keys to add so that a card at counter `atc` has `KEYS_AHEAD` of them; fewer, or none, where its counter comes to its end."""
    ahead = sum(one.last_atc > atc for one in given)
    number = max((one.number for one in given), default=0)
    last = max((one.last_atc for one in given), default=0)
    made: list[KeyRange] = []
    while ahead + len(made) < KEYS_AHEAD and last < LAST_ATC:
        number, first = number + 1, last + 1
        last = min(last + TAPS_PER_KEY, LAST_ATC)
        made.append(KeyRange(number, first, last, AMOUNT_PER_KEY, 0, now + GOOD_FOR))
    return made
