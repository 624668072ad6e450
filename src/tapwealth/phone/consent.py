"""The owner's consent on the own device (CDCVM). The card says when it wants it: above the phone's limit, or when the reader requires it.

`ALWAYS`: the phone was unlocked, whatever is asked is consented to. `NEVER`: nothing that needs consent is paid. `ASK`: the first tap that
needs it is refused and the owner asked; after a yes, the next tap of at most that amount goes through, once, within `GOOD_FOR_SECONDS`.
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
    """`ask` puts an amount in fen before the owner, outside of the dialogue, and says whether the owner agrees."""

    def __init__(self, mode: Mode, ask: Callable[[int], bool]) -> None:
        self._mode, self._ask = mode, ask
        self._lock = Lock()
        self._asking = False
        self._given_up_to, self._given_until = -1, 0

    def take(self, amount: int) -> bool:
        """Whether the owner agrees to a tap of `amount` fen. A yes is used up by it; without one the owner is asked for the next tap."""
        if self._mode is not Mode.ASK:
            return self._mode is Mode.ALWAYS
        with self._lock:
            good = amount <= self._given_up_to and monotonic_ns() < self._given_until
            self._given_up_to = -1
            if not good and not self._asking:
                self._asking = True
                Thread(target=self._put, args=(amount,), daemon=True).start()
            return good

    @property
    def is_asking(self) -> bool:
        """Whether a question stands before the owner."""
        with self._lock:
            return self._asking

    def _put(self, amount: int) -> None:
        agreed = False
        try:
            agreed = self._ask(amount)
        finally:
            with self._lock:
                self._asking = False
                self._given_up_to, self._given_until = (amount, deadline_after(GOOD_FOR_SECONDS)) if agreed else (-1, 0)
