"""Reaching the insurer over HTTP (docs/reference/partners.md). Whatever goes wrong on the way is the value `Unknown`.

Never used inside a database transaction.
"""

from datetime import date
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx
import msgspec

from tapwealth.insurance.claim_http import ClaimHttp
from tapwealth.insurance.insurer import (
    BeneficiaryOrder,
    Cancelled,
    CancelOrder,
    ChangeOrder,
    InsurerAnswer,
    InsurerPort,
    Issued,
    Noted,
    NotReceived,
    PolicyOrder,
    PremiumPaid,
    Rejected,
    Unknown,
)
from tapwealth.kernel.clock import seconds
from tapwealth.kernel.refusal import Outage
from tapwealth.wire.partner_http import csv_body, partner_client

__all__ = ["InsurerHttp", "InsurerPort"]


class _Answer(msgspec.Struct):
    serial: str
    kind: str
    state: str
    policy_number: str = ""
    reason: str = ""


class InsurerHttp(ClaimHttp):
    """`base_url` and `token` of the insurer; a request waits at most `timeout_ms` by the machine's clock, a statement more by its size."""

    def __init__(self, base_url: str, token: str, timeout_ms: int = 3_000) -> None:
        self._client, self._timeout_ms = partner_client(base_url, token, timeout_ms), timeout_ms

    async def issue(self, order: PolicyOrder) -> InsurerAnswer:
        """Ask for a policy."""
        return await self._ask(self._client.build_request("POST", "/policies", json=_policy(order)), order.serial)

    async def cancel(self, order: CancelOrder) -> InsurerAnswer:
        """Cancel a policy."""
        content = {"serial": order.serial, "refund": order.refund, "reason": order.reason}
        days = {"asked_on": order.asked_on.isoformat(), "received_on": order.received_on.isoformat()}
        return await self._of_policy(order.policy_number, "cancel", content | days)

    async def renew(self, order: PolicyOrder, renews: str) -> InsurerAnswer:
        """Ask for a policy that goes on from another."""
        return await self._of_policy(renews, "renew", _policy(order))

    async def book_premium(self, paid: PremiumPaid) -> InsurerAnswer:
        """Tell of the premium of a later year."""
        return await self._of_policy(paid.policy_number, "premiums", _paid(paid))

    async def reinstate(self, paid: PremiumPaid) -> InsurerAnswer:
        """Ask for a suspended policy to be in force again."""
        return await self._of_policy(paid.policy_number, "reinstate", _paid(paid) | {"interest": paid.interest})

    async def suspend(self, serial: str, policy_number: str, from_day: date) -> InsurerAnswer:
        """Tell that cover is suspended."""
        return await self._of_policy(policy_number, "suspend", {"serial": serial, "from": from_day.isoformat()})

    async def lapse(self, serial: str, policy_number: str, refund: int, from_day: date) -> InsurerAnswer:
        """Tell that a policy is over unpaid."""
        return await self._of_policy(policy_number, "lapse", {"serial": serial, "refund": refund, "from": from_day.isoformat()})

    async def endorse(self, order: ChangeOrder) -> InsurerAnswer:
        """Ask for a change."""
        content = {"serial": order.serial, "kind": order.kind, "amount": order.amount, "effective": order.effective.isoformat()}
        named = None if order.beneficiaries is None else [_beneficiary(one) for one in order.beneficiaries]
        more = {"occupation": order.occupation, "beneficiaries": named, "address": order.address, "sum_insured": order.sum_insured}
        given = {name: value for name, value in more.items() if value is not None}
        return await self._of_policy(order.policy_number, "endorse", content | given)

    async def _of_policy(self, policy_number: str, deed: str, content: dict[str, Any]) -> InsurerAnswer:
        path = f"/policies/{quote(policy_number, safe='')}/{deed}"
        return await self._ask(self._client.build_request("POST", path, json=content), content["serial"])

    async def inquire(self, serial: str) -> InsurerAnswer:
        """What became of a request."""
        request = self._client.build_request("GET", f"/requests/{quote(serial, safe='')}")
        return await self._ask(request, serial, status_of_unknown_serial=httpx.codes.NOT_FOUND)

    async def bordereau(self, day: date) -> bytes | None:
        """The events of a day."""
        try:
            response = await self._client.get(f"/bordereau/{day.isoformat()}")
        except httpx.HTTPError as error:
            raise Outage(f"the insurer gives no bordereau of {day} ({type(error).__name__})") from error
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code != httpx.codes.OK:
            raise Outage(f"the insurer gives no bordereau of {day} ({response.status_code})")
        return response.content

    async def settle(self, day: date, statement: BinaryIO) -> bytes | None:
        """Give the statement of a date's settlement."""
        body = csv_body(statement)
        path, patience = f"/settlements/{day.isoformat()}", seconds(body.patience(self._timeout_ms))
        try:
            response = await self._client.post(path, content=body.pieces(), headers=body.headers, timeout=patience)
        except httpx.HTTPError as error:
            raise Outage(f"the insurer says nothing of the settlement of {day} ({type(error).__name__})") from error
        if response.status_code == httpx.codes.ACCEPTED:
            return None
        if response.status_code != httpx.codes.OK:
            raise Outage(f"the insurer says nothing of the settlement of {day} ({response.status_code})")
        return response.content

    async def _ask(self, request: httpx.Request, serial: str, status_of_unknown_serial: int = 0) -> InsurerAnswer:
        try:
            response = await self._client.send(request)
        except httpx.HTTPError as error:
            return Unknown(f"no answer ({type(error).__name__})")
        if response.status_code == status_of_unknown_serial:
            return NotReceived()
        if response.status_code != httpx.codes.OK:
            return Unknown(f"HTTP status {response.status_code}")
        return _read(response.content, serial)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


def _policy(order: PolicyOrder) -> dict[str, Any]:
    insured = {"name": order.name.reveal(), "identity_number": order.identity_number.reveal()}
    cover = {"from": order.from_day.isoformat(), "to": order.to_day.isoformat()}
    content = {"serial": order.serial, "product": order.product, "insured": insured, "premium": order.premium, **cover}
    content |= {"occupation": order.occupation, "beneficiaries": [_beneficiary(one) for one in order.beneficiaries]}
    if order.paid_until is not None:
        content["paid_until"] = order.paid_until.isoformat()
    if order.phone is not None:
        content["phone"] = {"fingerprint": order.phone.fingerprint, "last4": order.phone.last4}
    return content


def _paid(paid: PremiumPaid) -> dict[str, Any]:
    return {"serial": paid.serial, "amount": paid.amount, "from": paid.from_day.isoformat(), "to": paid.until_day.isoformat()}


def _beneficiary(one: BeneficiaryOrder) -> dict[str, str | int | None]:
    return {"name": one.name.reveal(), "identity_number": one.identity_number.reveal(), "rank": one.rank, "share": one.share}


def _read(content: bytes, serial: str) -> InsurerAnswer:
    try:
        answer = msgspec.json.decode(content, type=_Answer)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Unknown("the answer cannot be read")
    if answer.serial != serial:
        return Unknown("the answer belongs to another serial")
    match answer.state:
        case "in_force" if answer.policy_number:
            return Issued(answer.policy_number)
        case "cancelled":
            return Cancelled(answer.policy_number)
        case "booked" | "reinstated" | "suspended" | "lapsed" | "endorsed":
            return Noted(answer.policy_number)
        case "rejected":
            return Rejected(answer.reason)
    return Unknown(f"the insurer says {answer.state[:40]!r}")
