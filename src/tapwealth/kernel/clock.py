"""Time. The only module that asks the machine what time it is.

Two clocks, never mixed. The *platform clock* is a row in the database, only goes forward and dates everything a customer or an
accountant can see; it is read by `storage.platform_clock` and handed in as a `datetime`. The *machine clock* below serves
time-outs, leases, sessions, retries and measurements.
"""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has kept one zone without daylight saving since 1991; a fixed offset needs no zone files on the machine."""


def machine_now() -> datetime:
    """The machine's wall clock, aware UTC."""
    return datetime.now(UTC)


def machine_seconds() -> int:
    """The machine's wall clock, in whole seconds since 1970: for what ends by itself."""
    return time.time_ns() // 1_000_000_000


def machine_ms() -> int:
    """The same in milliseconds: for ids that sort by time."""
    return time.time_ns() // 1_000_000


def monotonic_ns() -> int:
    """For measuring, in nanoseconds."""
    return time.monotonic_ns()


def processor_ns() -> int:
    """What this process has used of the processor, user and system, in nanoseconds: for measuring on a machine that others use, too."""
    return time.process_time_ns()


def deadline_after(seconds: int) -> int:
    """A monotonic deadline in nanoseconds."""
    return time.monotonic_ns() + seconds * 1_000_000_000


@lru_cache(maxsize=256)
def shanghai(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """The instant (aware UTC) of a wall-clock time in Shanghai; hour 24 is the next midnight."""
    start = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return (start + timedelta(hours=hour, minutes=minute, seconds=second)).astimezone(UTC)


def business_date_of(instant: datetime) -> date:
    """The Shanghai calendar day of an instant: business dates are cut at 24:00."""
    return instant.astimezone(SHANGHAI).date()


def iso(instant: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def seconds(milliseconds: int) -> Any:
    """A duration for the libraries that count in seconds (asyncio, httpx); the only place where one becomes a fraction."""
    return timedelta(milliseconds=milliseconds).total_seconds()


async def sleep_ms(milliseconds: int) -> None:
    """Let others run for that long, by the machine's clock."""
    await asyncio.sleep(seconds(milliseconds))


def pause_ms(milliseconds: int) -> None:
    """Wait that long, by the machine's clock: for devices that nobody else waits for."""
    time.sleep(seconds(milliseconds))
