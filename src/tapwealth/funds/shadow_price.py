"""The shadow price (影子定价) of a money fund: how far its value at market prices lies from that at amortised cost.

From 0.25 percent on its manager has to act, from 0.5 percent on to report (CSRC and PBoC, order 120 of 2015 on money market funds, art. 12;
warned here whichever side it lies on). A deviation is in millionths.
"""

from enum import IntEnum


class Alarm(IntEnum):
    """From how many millionths on, either way."""

    WARN = 2_500
    REPORT = 5_000


def alarm_of(deviation: int) -> Alarm | None:
    """The graver one that is reached."""
    return next((one for one in (Alarm.REPORT, Alarm.WARN) if abs(deviation) >= one), None)
