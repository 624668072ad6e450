"""How the insurer is asked: once in the same words.

What a message tells is put together when it is sent. Between two attempts its words may have become others: by an upgrade that tells the
insurer more, or by what has changed since. An insurer that knows a serial refuses other words under it, so what may have come before is
inquired first, and is sent anew only if it never came.
"""

from collections.abc import Awaitable, Callable

from tapwealth.flows.frame import House
from tapwealth.insurance.insurer import InsurerAnswer, NotReceived
from tapwealth.storage.outbox import OutboxMessage


async def ask_once(house: House, message: OutboxMessage, serial: str, send: Callable[[], Awaitable[InsurerAnswer]]) -> InsurerAnswer:
    """The answer to what `send` asks under that serial."""
    if message.attempts > 1:
        known = await house.rails.insurer.inquire(serial)
        if not isinstance(known, NotReceived):
            return known
    return await send()
