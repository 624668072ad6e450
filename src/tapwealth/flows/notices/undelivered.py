"""For operators: notices that have not arrived on phones, by channel, since when, and why."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from tapwealth.notices import delivery_store as store
from tapwealth.notices.delivery_store import Undelivered
from tapwealth.storage import platform_clock

FAILED_WITHIN = timedelta(days=7)
"""For which what bounced or was given up is counted."""
_WORDS = {
    "held": ("等待时段", "waits for its hour"),
    "waiting": ("待发送", "waits to be sent"),
    "sent": ("结果未知", "outcome not known"),
    "accepted": ("已受理", "accepted, not reported yet"),
    "unconfirmed": ("无回执", "accepted, never reported"),
    "bounced": ("退回", "bounced"),
    "given_up": ("已放弃", "given up"),
}


class UndeliveredLine(msgspec.Struct, frozen=True):
    """So many messages of a channel stand so; `oldest`: when the oldest of them was made, `why`: what was heard of it last."""

    channel: str
    state: str
    state_zh: str
    state_en: str
    count: int
    oldest: datetime
    why: str


class UndeliveredView(msgspec.Struct, frozen=True):
    """`unrouted`: notices of which it was not decided yet where they go."""

    unrouted: int
    deliveries: list[UndeliveredLine]


async def view(tx: Any) -> UndeliveredView:
    """All that is open, and what failed in the last seven days."""
    found = await store.undelivered(tx, await platform_clock.read(tx), FAILED_WITHIN)
    return UndeliveredView(await store.waiting_to_be_routed(tx), [_line(one) for one in found])


def _line(one: Undelivered) -> UndeliveredLine:
    return UndeliveredLine(one.channel.value, one.state, *_WORDS[one.state], one.count, one.oldest, one.why)
