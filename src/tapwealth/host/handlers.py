"""What the host asks of the house, one asynchronous call for each kind of request.

A handler decides, durably, before it returns. The same request may come again (`request.key`): the answer is then the first one.
It may raise `BadInput` if the chip data cannot be read (nothing was done: format error), `Busy` if nothing was tried, any other `Outage`
if the outcome is unknown.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from tapwealth.wire.iso8583.requests import (
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    FollowUpRequest,
    ManagementRequest,
    ManagementResponse,
    ReversalRequest,
    ReversalResponse,
    SettlementRequest,
    SettlementResponse,
)

FindMacKeys = Callable[[str, str], Awaitable[Sequence[bytes]]]
"""Merchant (15 characters) and terminal (8) -> the MAC keys (8 or 16 bytes) that the terminal may use, the one in use last; none if there
is no such terminal there."""
ReadPlatformClock = Callable[[], Awaitable[datetime]]
"""What the platform clock shows now, aware UTC."""


class HostHandlers(Protocol):
    """The flows behind the host."""

    async def sale(self, request: AuthorisationRequest) -> AuthorisationResponse: ...

    async def follow_up(self, request: FollowUpRequest) -> AuthorisationResponse: ...

    async def reversal(self, request: ReversalRequest) -> ReversalResponse: ...

    async def batch_upload(self, request: BatchUploadRequest) -> BatchUploadResponse: ...

    async def settlement(self, request: SettlementRequest) -> SettlementResponse: ...

    async def management(self, request: ManagementRequest) -> ManagementResponse: ...

    async def key_taken(self, merchant: str, terminal: str, key: bytes) -> None:
        """A terminal has used a key that it was given; older ones are good no longer."""
