"""Reaching a biller over HTTP (docs/reference/partners.md). Whatever goes wrong on the way is the value `Unknown`.

A status that is not 200 says nothing about the payment either: it is never taken for a failure. Never used inside a database transaction.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import (
    NOTHING_ELSE,
    AskArrears,
    Inquired,
    InquiryState,
    NotReceived,
    Paid,
    PaymentAnswer,
    Rejected,
    Unknown,
)
from tapwealth.bills.biller_connections import BillerSilent, Connections
from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import Outage
from tapwealth.wire.partner_http import partner_client

Fen = Annotated[int, msgspec.Meta(ge=0, le=MAX_AMOUNT)]
T = TypeVar("T", bound="_Answer")


class _Answer(msgspec.Struct):
    serial: str


class _Bill(msgspec.Struct):
    bill_id: str
    account_number: str
    period: str
    amount: Fen
    penalty: Fen
    balance: Fen
    owner: str
    address: str
    due_on: date | None = None


class _Inquired(_Answer):
    state: InquiryState
    bills: list[_Bill]


class _Payment(_Answer):
    state: str
    reason: str = ""
    biller_reference: str = ""


class BillerHttp:
    """`base_url` and `token` of the biller; each request waits at most `timeout_ms` by the machine's clock."""

    def __init__(self, base_url: str, token: str, timeout_ms: int = 3_000) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._connections = Connections(base_url, headers, timeout_ms)
        self._client = partner_client(base_url, token, timeout_ms)

    async def inquire(self, serial: str, account_number: str, further: Mapping[str, str] = NOTHING_ELSE) -> Inquired | Unknown:
        """The unpaid bills of an account."""
        content = _asking({"serial": serial, "account_number": account_number}, further)
        answer = await self._ask("POST", "/bills/inquire", content, serial, _Inquired)
        return answer if isinstance(answer, Unknown) else Inquired(answer.state, tuple(_bill(bill) for bill in answer.bills))

    async def pay(
        self, serial: str, bill_id: str, account_number: str, amount: int, further: Mapping[str, str] = NOTHING_ELSE
    ) -> PaymentAnswer:
        """Pay a bill with `amount` fen."""
        content = _asking({"serial": serial, "bill_id": bill_id, "account_number": account_number, "amount": amount}, further)
        return _payment(await self._ask("POST", "/bills/pay", content, serial, _Payment))

    async def inquire_payment(self, serial: str) -> PaymentAnswer:
        """What became of a payment."""
        return _payment(await self._ask("GET", f"/bills/payments/{quote(serial, safe='')}", None, serial, _Payment))

    async def day_end(self, day: date) -> bytes | None:
        """The biller's file of a day, to be read by `bills.day_end`."""
        try:
            response = await self._client.get(f"/day-end/{day.isoformat()}")
        except httpx.HTTPError as error:
            raise Outage(f"the biller gives no file of {day} ({type(error).__name__})") from error
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code != httpx.codes.OK:
            raise Outage(f"the biller gives no file of {day} ({response.status_code})")
        return response.content

    async def _ask(self, method: str, path: str, content: dict[str, Any] | None, serial: str, shape: type[T]) -> T | Unknown:
        try:
            response = await self._connections.ask(method, path, b"" if content is None else msgspec.json.encode(content))
        except BillerSilent as error:
            return Unknown(str(error))
        if response.status != httpx.codes.OK:
            return Unknown(f"HTTP status {response.status}")
        try:
            answer = msgspec.json.decode(response.content, type=shape)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return Unknown("the answer cannot be read")
        return answer if answer.serial == serial else Unknown("the answer belongs to another serial")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connections.close()
        await self._client.aclose()


def _asking(content: dict[str, Any], further: Mapping[str, str]) -> dict[str, Any]:
    return content | {"fields": dict(further)} if further else content


def _bill(bill: _Bill) -> Bill:
    return Bill(
        bill.bill_id, bill.account_number, bill.period, bill.amount, bill.penalty, bill.balance, bill.owner, bill.address, bill.due_on
    )  # fmt: skip


def _payment(answer: _Payment | Unknown) -> PaymentAnswer:
    if isinstance(answer, Unknown):
        return answer
    match answer.state, answer.reason:
        case "paid", _ if answer.biller_reference:
            return Paid(answer.biller_reference)
        case "rejected", reason:
            return Rejected(reason)
        case "unknown", "never_received":
            return NotReceived()
        case "unknown", "no_payment_inquiry":
            return AskArrears()
        case "unknown", reason:
            return Unknown(reason, there=True)
    return Unknown(f"the biller says {answer.state[:40]!r}")
