"""Notices brought to phones: one lane for each channel, so that one that is dead holds up no other.

A lane has so many messages open as its pace allows, each an awaited answer and nothing else; what they came to is written down together.
One that is silent is tried by fewer and fewer, in the end by one at a time with a rest after each, and at once by all when it answers.
"""

import asyncio
from dataclasses import dataclass, field

import structlog

from tapwealth.flows.frame import House
from tapwealth.flows.notices import outgoing
from tapwealth.flows.notices.outgoing import Errand
from tapwealth.kernel.clock import sleep_ms
from tapwealth.kernel.pace import Pace
from tapwealth.kernel.refusal import Outage
from tapwealth.notices.messenger import Channel, Fate, Said

AT_ONCE = 64
"""Open at the messenger over one channel."""
_LOOK_MS, _ERROR_MS = 100, 300

log = structlog.get_logger(__name__)


@dataclass
class NoticeLane:
    """One channel's; runs until it is cancelled. What is open then is asked about by whoever runs next, once its lease is over."""

    house: House
    channel: Channel
    pace: Pace = field(default_factory=lambda: Pace(AT_ONCE))

    async def run(self) -> None:
        """Take, send or ask, hear."""
        while True:
            try:
                await sleep_ms(0 if await self.turn() else _LOOK_MS)
                await sleep_ms(self.pace.rest_ms())
            except Outage as error:
                log.warning("notices wait", channel=self.channel.value, why=str(error))
                await sleep_ms(_ERROR_MS)
            except Exception:
                log.exception("notices fault", channel=self.channel.value)
                await sleep_ms(_ERROR_MS)

    async def turn(self) -> int:
        """One time round; how many deliveries were looked after."""
        errands = await outgoing.take(self.house, self.channel, self.pace.width)
        if errands:
            answers = await asyncio.gather(*(self._deliver(errand) for errand in errands))
            await outgoing.hear(self.house, [(errand.row.key, said) for errand, said in zip(errands, answers, strict=True)])
            await self._keep_pace(answers)
        return len(errands)

    async def _deliver(self, errand: Errand) -> Said:
        try:
            return await outgoing.deliver(self.house, errand)
        except Exception as error:
            log.exception("notice delivery fault", delivery=str(errand.row.id))
            return Said(Fate.UNKNOWN, f"fault: {type(error).__name__}")

    async def _keep_pace(self, answers: list[Said]) -> None:
        was_silent = self.pace.silences > 0
        for said in answers:
            if said.fate is Fate.UNKNOWN:
                self.pace.silent()
            else:
                self.pace.answered()
        if was_silent and self.pace.silences == 0:
            await outgoing.hasten(self.house, self.channel)
