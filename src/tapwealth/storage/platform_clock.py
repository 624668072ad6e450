"""The platform clock: one row, seen by every process, that only goes forward. It dates what customers and accountants see."""

from datetime import datetime
from enum import Enum, auto

from tapwealth.kernel.clock import iso
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.storage.database import Tx


class ClockRefusal(Enum):
    """Why the clock does not move."""

    BACKWARDS = auto()


async def start(tx: Tx, instant: datetime) -> datetime:
    """Set the clock of a new installation; one that runs already is left alone. Returns what it shows (aware UTC)."""
    await tx.execute("insert into platform_clock (id, instant) values (1, $1) on conflict (id) do nothing", instant)
    return await read(tx)


async def read(tx: Tx) -> datetime:
    """What the clock shows, aware UTC. Raises Outage when it was never started."""
    instant: datetime | None = await tx.fetchval("select instant from platform_clock")
    if instant is None:
        raise Outage("the platform clock has not been started; run `tapwealth up` once")
    return instant


async def advance(tx: Tx, instant: datetime) -> datetime | Refusal:
    """Move the clock forward to `instant`; the present instant again is harmless. Holds the clock's row until the transaction ends."""
    moved: datetime | None = await tx.fetchval("update platform_clock set instant = $1 where instant <= $1 returning instant", instant)
    if moved is None:
        return Refusal(ClockRefusal.BACKWARDS, f"the platform clock is at {iso(await read(tx))}, past {iso(instant)}; it only goes forward")
    return moved
