"""When others are known to wait for what this transaction holds: the instant at which tests of two sessions at once go on."""

import asyncio
from typing import Any


async def others_wait(tx: Any, sessions: int = 1) -> None:
    """Until so many sessions wait: the first for what `tx` holds, the next behind it. Other tests' databases on the server do not count."""
    while (
        await tx.fetchval(
            "select count(*) from pg_locks where not granted and (transactionid = pg_current_xact_id()::xid"
            " or database = (select oid from pg_database where datname = current_database()))"
        )
        < sessions
    ):
        await asyncio.sleep(0.001)
