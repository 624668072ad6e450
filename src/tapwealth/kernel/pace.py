"""How much of a partner's attention is asked for at once. Pure.

A partner that is silent is asked by fewer and fewer, in the end by one at a time with a rest after each; one that answers is asked by more
and more. So an outage costs little while it lasts, and what it has left behind drains quickly without a rush at its end.
"""

from dataclasses import dataclass

FIRST_REST_MS, LONGEST_REST_MS = 200, 5_000


@dataclass(slots=True)
class Pace:
    """How many questions one partner may have open: half as many after each silence, one more after each answer, never above `most`."""

    most: int
    least: int = 1
    width: int = 0
    silences: int = 0

    def __post_init__(self) -> None:
        self.width = self.width or self.most

    def answered(self) -> None:
        """Whatever it said: it is there."""
        self.silences = 0
        self.width = min(self.width + 1, self.most)

    def silent(self) -> None:
        """No answer, or none that can be read."""
        self.silences += 1
        self.width = max(self.width // 2, self.least)

    def rest_ms(self) -> int:
        """How long to leave it alone before the next question: nothing until it is down to the least."""
        if self.width > self.least or not self.silences:
            return 0
        return min(FIRST_REST_MS << min(self.silences - 1, 16), LONGEST_REST_MS)
