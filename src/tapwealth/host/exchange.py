"""From a frame to its answer: read, check the MAC, let a handler decide, write.

What is answered when it does not go well (field 39, codes of Q/CUP 009):

* 30 the message cannot be read, but says from which terminal it is; 40 it is of a kind that is not taken; 12 of a currency that is not
* 97 the terminal is unknown; A0 the MAC is wrong
* 96 nothing was tried (`Busy`), or a reversal, advice, upload or settlement ended in an outage: the terminal comes again with the same
* no answer at all: a sale ended in an outage, so that nobody knows whether the money is held. The terminal reverses it.

An answer carries a MAC only if the request's was right. The algorithm XORs blocks, so a code for fields that a stranger chose would let him
forge others; a terminal must not believe an answer without one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import structlog
from msgspec import Struct

from tapwealth.host.handlers import FindMacKeys, HostHandlers
from tapwealth.kernel.refusal import BadInput, Busy, Outage
from tapwealth.wire.iso8583.fields import FORMAT_ERROR, Message, UnreadableMessage, pack
from tapwealth.wire.iso8583.frame import Envelope, framed, unframed
from tapwealth.wire.iso8583.host_side import Request, Response, answer, parse_request, read_request, refusal, settlement_failed
from tapwealth.wire.iso8583.mac import is_sealed_by
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
    TransactionKind,
)

UNKNOWN_TERMINAL, WRONG_MAC, SYSTEM_FAULT = "97", "A0", "96"
WITHOUT_MAC = frozenset({"0800", "0820"})
"""Sign-on, sign-off and line test: a terminal may have no key yet, and what they give is of use to nobody without its master key."""

log = structlog.get_logger(__name__)


class Asked(Struct, frozen=True):
    """A frame that names its terminal and so can be answered; `fault` is set if the rest of it cannot be read."""

    envelope: Envelope
    message: bytes
    read: Message
    fault: UnreadableMessage | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Merchant and terminal."""
        return self.read.fields[42], self.read.fields[41]


def read_frame(frame: bytes) -> Asked:
    """Raises BadInput, in one line, if so little can be read that there is nobody to answer."""
    envelope, message = unframed(frame)
    try:
        return Asked(envelope, message, read_request(message))
    except UnreadableMessage as fault:
        if fault.read is None or not {11, 41, 42} <= fault.read.fields.keys():
            raise
        return Asked(envelope, message, fault.read, fault)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Answers what terminals ask; knows no socket."""

    handlers: HostHandlers
    find_mac_keys: FindMacKeys

    async def answer(self, asked: Asked, received_at: datetime) -> bytes | None:
        """The frame to send back; None if the terminal must not get an answer. Raises nothing: faults end in the log."""
        try:
            return await self._answer(asked, received_at)
        except Outage as outage:
            self._note(asked, "no answer", reason=str(outage))
        except Exception:
            log.exception("no answer: the host has a fault", terminal=asked.place[1], mti=asked.read.mti, stan=asked.read.fields[11])
        return None

    async def _answer(self, asked: Asked, received_at: datetime) -> bytes | None:
        keys = await self.find_mac_keys(*asked.place)
        if not keys:
            return self._refused(asked, UNKNOWN_TERMINAL, "the terminal is unknown at this merchant", received_at, None)
        if asked.read.mti in WITHOUT_MAC:
            return await self._parsed(asked, received_at, None)
        key = next((key for key in keys if is_sealed_by(key, asked.message)), None)
        if key is None:
            code = asked.fault.response_code if asked.fault else WRONG_MAC
            return self._refused(asked, code, str(asked.fault or "the MAC is wrong"), received_at, None)
        if key != keys[-1]:
            await self.handlers.key_taken(*asked.place, key)
        return await self._parsed(asked, received_at, key)

    async def _parsed(self, asked: Asked, received_at: datetime, key: bytes | None) -> bytes | None:
        try:
            if asked.fault:
                raise asked.fault
            request = parse_request(asked.read, received_at)
        except UnreadableMessage as fault:
            return self._refused(asked, fault.response_code, str(fault), received_at, key)
        return await self._decided(asked, request, key)

    async def _decided(self, asked: Asked, request: Request, key: bytes | None) -> bytes | None:
        try:
            response = await self._handled(request)
        except BadInput as fault:
            return self._refused(asked, FORMAT_ERROR, str(fault), request.received_at, key)
        except Outage as outage:
            later = _come_again(request, outage)
            if later is None:
                raise
            self._note(asked, "later", reason=str(outage))
            response = later
        return self._framed(asked, answer(asked.read, response, request.received_at), key)

    async def _handled(self, request: Request) -> Response:
        match request:
            case AuthorisationRequest():
                return await self.handlers.sale(request)
            case FollowUpRequest():
                return await self.handlers.follow_up(request)
            case ReversalRequest():
                return await self.handlers.reversal(request)
            case BatchUploadRequest():
                return await self.handlers.batch_upload(request)
            case SettlementRequest():
                return await self.handlers.settlement(request)
            case ManagementRequest():
                return await self.handlers.management(request)
            case _:
                assert_never(request)

    def _refused(self, asked: Asked, code: str, reason: str, at: datetime, key: bytes | None) -> bytes | None:
        self._note(asked, "refused", code=code, reason=reason)
        message = refusal(asked.read, code, at)
        return None if message is None else self._framed(asked, message, key)

    def _framed(self, asked: Asked, message: Message, key: bytes | None) -> bytes:
        return framed(asked.envelope.answered(), pack(message, key))

    def _note(self, asked: Asked, event: str, **more: str) -> None:
        merchant, terminal = asked.place
        log.warning(event, merchant=merchant, terminal=terminal, mti=asked.read.mti, stan=asked.read.fields[11], **more)


def _come_again(request: Request, outage: Outage) -> Response | None:
    """The answer "system fault" where it is safe: what comes again with the same key; a sale only if nothing was tried."""
    match request:
        case AuthorisationRequest(kind=TransactionKind.OFFLINE_SALE):
            return AuthorisationResponse(response_code=SYSTEM_FAULT)
        case AuthorisationRequest() | FollowUpRequest():
            return AuthorisationResponse(response_code=SYSTEM_FAULT) if isinstance(outage, Busy) else None
        case ReversalRequest():
            return ReversalResponse(response_code=SYSTEM_FAULT)
        case BatchUploadRequest():
            return BatchUploadResponse(response_code=SYSTEM_FAULT)
        case ManagementRequest():
            return ManagementResponse(response_code=SYSTEM_FAULT)
        case SettlementRequest():
            return settlement_failed(SYSTEM_FAULT)
        case _:
            assert_never(request)
