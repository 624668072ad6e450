"""Asking customers' banks for taps, at the edge: between two commands of the batcher, without a transaction or a database connection.

Whoever asks about a tap that is being asked about waits for the same answer. Few ask at once: a bank that is slow must not take the places
of those who pay by wallet (a connection has `host.connection.Limits.in_hand` of them), so that what is too much is declined unasked.
"""

import asyncio
from uuid import UUID

from tapwealth.flows.frame import House
from tapwealth.flows.issuing import reservations
from tapwealth.flows.issuing.reservations import AskBank, BankAnswer
from tapwealth.storage.group_commit import Batcher
from tapwealth.wire.iso8583.requests import AuthorisationResponse

MOST_AT_ONCE = 32


class BankAsks:
    """Those that are under way, by authorisation."""

    def __init__(self, house: House, batcher: Batcher) -> None:
        self._house, self._batcher = house, batcher
        self._under_way: dict[UUID, asyncio.Task[AuthorisationResponse]] = {}

    async def answer(self, asked: AskBank) -> AuthorisationResponse:
        """What the terminal is told. Raises Outage if that is not known: the bank's answer could not be recorded."""
        task = self._under_way.get(asked.id)
        if task is None:
            task = self._under_way[asked.id] = asyncio.create_task(self._ask(asked))
            task.add_done_callback(lambda _: self._under_way.pop(asked.id))
        return await asyncio.shield(task)

    async def _ask(self, asked: AskBank) -> AuthorisationResponse:
        if len(self._under_way) > MOST_AT_ONCE:
            said = BankAnswer(asked.book, asked.id, reservations.unknown(f"{MOST_AT_ONCE} taps wait for their banks already"))
        else:
            said = await reservations.ask(self._house, asked)
        answer: AuthorisationResponse = await self._batcher.submit("bank_answer", asked.book, said)
        return answer
