"""What the host asks of the house, one asynchronous call for each kind of request.

A handler decides, durably, before it returns. The same request may come again (`request.key`): the answer is then the first one.
It may raise `BadInput` if the chip data cannot be read (nothing was done: format error), `Busy` if nothing was tried, any other `Outage`
if the outcome is unknown.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from tapwealth.wire.iso8583.requests import (
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    FollowUpRequest,
    ReversalRequest,
    ReversalResponse,
    SettlementRequest,
    SettlementResponse,
)

FindMacKey = Callable[[str, str], Awaitable[bytes | None]]
"""Merchant (15 characters) and terminal (8) -> the terminal's MAC key of 8 or 16 bytes; None if there is no such terminal there."""
ReadPlatformClock = Callable[[], Awaitable[datetime]]
"""What the platform clock shows now, aware UTC."""


class HostHandlers(Protocol):
    """The flows behind the host."""

    async def sale(self, request: AuthorisationRequest) -> AuthorisationResponse: ...

    async def follow_up(self, request: FollowUpRequest) -> AuthorisationResponse: ...

    async def reversal(self, request: ReversalRequest) -> ReversalResponse: ...

    async def batch_upload(self, request: BatchUploadRequest) -> BatchUploadResponse: ...

    async def settlement(self, request: SettlementRequest) -> SettlementResponse: ...
