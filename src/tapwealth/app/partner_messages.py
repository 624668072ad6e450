"""What partners send by themselves, and which flow takes it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import BinaryIO

from starlette.requests import Request

from tapwealth.api.partners import Taker
from tapwealth.flows.bank import bank_messages
from tapwealth.flows.frame import House
from tapwealth.flows.funds import channel
from tapwealth.flows.notices import delivery_reports
from tapwealth.kernel.refusal import Refusal


def takers(house: House, clock: Callable[[], Awaitable[datetime]]) -> Mapping[str, Taker]:
    """By path below /partner."""

    async def bank_message(_request: Request, content: BinaryIO) -> Refusal | None:
        await bank_messages.take(house, content.read())
        return None

    async def channel_file(request: Request, content: BinaryIO) -> Refusal | None:
        return await channel.take(house, request.path_params["code"], request.path_params["name"], content, await clock())

    async def reports_of_messages(_request: Request, content: BinaryIO) -> Refusal | None:
        await delivery_reports.take(house, content.read())
        return None

    return {
        "bank/messages": Taker(bank_message, 64 << 20),
        "messenger/reports": Taker(reports_of_messages, 2 << 20),
        "channel/{code}/files/{name}": Taker(channel_file, 2 << 30),
    }
