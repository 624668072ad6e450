"""Wrong secrets cost time: from the fifth one on each makes whoever sent it wait, twice as long each time, and the right one is not looked
at meanwhile.

Counted by the address that asks and the client that is named, so that nobody locks a client out from elsewhere, and by the address alone,
since who guesses may go from client to client. In memory, each process for itself: a secret has 32 characters at least, so that this guards
against the worst alone.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from tapwealth.kernel.clock import monotonic_ns

FREE, FREE_ADDRESS = 5, 50
"""Wrong ones that cost nothing yet, of a client and of an address."""
LONGEST, FORGOTTEN_AFTER = 300, 900
"""Seconds to wait at most, and without a wrong one until it is as if there had been none."""
_MOST_KNOWN = 10_000
_SECOND = 1_000_000_000

Who = tuple[str, str]


class _Wrong(NamedTuple):
    times: int
    at: int
    free_again: int


class Tries:
    """`clock` gives nanoseconds that only go forward."""

    def __init__(self, clock: Callable[[], int] = monotonic_ns) -> None:
        self._clock = clock
        self._wrong: OrderedDict[Who, _Wrong] = OrderedDict()

    def wait(self, address: str, client: str) -> int:
        """The seconds after which it may be tried again; 0: now."""
        now = self._clock()
        until = max(self._found(who, now).free_again for who in ((address, client), (address, "")))
        return max(-(-(until - now) // _SECOND), 0)

    def wrong(self, address: str, client: str) -> None:
        """One more was wrong."""
        now = self._clock()
        for who, free in ((address, client), FREE), ((address, ""), FREE_ADDRESS):
            times = self._found(who, now).times + 1
            pause = min(1 << min(times - free, 16), LONGEST) if times >= free else 0
            self._wrong[who] = _Wrong(times, now, now + pause * _SECOND)
            self._wrong.move_to_end(who)
        while len(self._wrong) > _MOST_KNOWN:
            self._wrong.popitem(last=False)

    def right(self, address: str, client: str) -> None:
        """It was not guessed."""
        self._wrong.pop((address, client), None)

    def _found(self, who: Who, now: int) -> _Wrong:
        known = self._wrong.get(who)
        return known if known is not None and now - known.at < FORGOTTEN_AFTER * _SECOND else _Wrong(0, now, now)
