"""The owner's consent on the own device (CDCVM): up to a limit a tap needs none, above it the phone must have it before it answers.

`ALWAYS`: the phone was unlocked, whatever is asked is consented to. `NEVER`: nothing above the limit is paid. `ASK`: the first tap above
the limit is refused and the owner asked; after a yes, the next tap of at most that amount goes through, once, within `GOOD_FOR_SECONDS`.
So a phone says "look at me, and tap again", and no reader waits for a person.
"""

from collections.abc import Callable
from enum import Enum
from threading import Lock, Thread

from tapwealth.kernel.clock import deadline_after, monotonic_ns

GOOD_FOR_SECONDS = 60


class Mode(Enum):
    """How consent is given."""

    ALWAYS = "always"
    ASK = "ask"
    NEVER = "never"


class Consent:
    """`limit` in fen; `ask` puts the amount before the owner, outside of the dialogue, and says whether the owner agrees."""

    def __init__(self, mode: Mode, limit: int, ask: Callable[[int], bool]) -> None:
        self._mode, self._limit, self._ask = mode, limit, ask
        self._lock = Lock()
        self._asking = False
        self._given_up_to, self._given_until = 0, 0

    def covers(self, amount: int) -> bool:
        """Whether the phone may answer a tap of `amount` fen. A consent that was given for one tap is used up by it."""
        if amount <= self._limit or self._mode is Mode.ALWAYS:
            return True
        if self._mode is Mode.NEVER:
            return False
        with self._lock:
            good = amount <= self._given_up_to and monotonic_ns() < self._given_until
            self._given_up_to = 0
            if not good and not self._asking:
                self._asking = True
                Thread(target=self._put, args=(amount,), daemon=True).start()
            return good

    def _put(self, amount: int) -> None:
        agreed = False
        try:
            agreed = self._ask(amount)
        finally:
            with self._lock:
                self._asking = False
                self._given_up_to, self._given_until = (amount, deadline_after(GOOD_FOR_SECONDS)) if agreed else (0, 0)
