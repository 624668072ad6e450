"""When a payment is looked after again. Pure; by the machine's clock."""

from datetime import timedelta

LEASE = timedelta(seconds=3)
"""For which a payment belongs to who has taken it, unless that is renewed: what a death costs in time."""
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 500, 60_000


def pause_after(asked: int) -> timedelta:
    """Until a payment in doubt is asked about again, after it was sent or asked about so often: doubled each time."""
    return timedelta(milliseconds=min(FIRST_PAUSE_MS << min(max(asked - 1, 0), 16), LONGEST_PAUSE_MS))
