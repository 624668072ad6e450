"""Claims asked of the insurer over HTTP (docs/reference/partners.md). Whatever goes wrong on the way is the value `Unknown`.

Never used inside a database transaction.
"""

from datetime import date
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from tapwealth.insurance.claim_insurer import ClaimAgreed, ClaimAnswer, ClaimOrder, ClaimRefused, Deducted, Guardian, Receiver
from tapwealth.insurance.insurer import NotReceived, Unknown


class _Decided(msgspec.Struct):
    serial: str
    state: str
    amount: int = 0
    reason: str = ""
    on: date | None = None


class _Noted(msgspec.Struct):
    serial: str
    state: str


_Body = TypeVar("_Body", _Decided, _Noted)


class ClaimHttp:
    """The part of the insurer's client that claims need; `_client` is the whole one's."""

    _client: httpx.AsyncClient

    async def claim(self, order: ClaimOrder) -> ClaimAnswer:
        """Ask it to pay."""
        content = {
            "serial": order.serial, "policy_number": order.policy_number, "claim": order.claim, "identity": order.identity,
            "loss_day": order.loss_day.isoformat(), "amount": order.amount, "sum_insured": order.sum_insured,
            "to_named": order.to_named, "receivers": [_receiver(one) for one in order.receivers], **_deducted(order.deducted),
            **({"by_accident": True} if order.by_accident else {}),
        }  # fmt: skip
        return _decided(await self._of(self._client.build_request("POST", "/claims", json=content), order.serial, _Decided))

    async def inquire_claim(self, serial: str) -> ClaimAnswer:
        """What became of it."""
        request = self._client.build_request("GET", f"/claims/{quote(serial, safe='')}")
        return _decided(await self._of(request, serial, _Decided))

    async def recovered(self, serial: str, claim: str, amount: int) -> NotReceived | Unknown | None:
        """Money of a claim has come back."""
        content = {"serial": serial, "claim": claim, "amount": amount}
        answer = await self._of(self._client.build_request("POST", "/claims/recovered", json=content), serial, _Noted)
        if isinstance(answer, _Noted):
            return None if answer.state == "noted" else Unknown(f"the insurer says {answer.state[:40]!r}")
        return answer

    async def _of(self, request: httpx.Request, serial: str, shape: type[_Body]) -> _Body | NotReceived | Unknown:
        try:
            response = await self._client.send(request)
        except httpx.HTTPError as error:
            return Unknown(f"no answer ({type(error).__name__})")
        if response.status_code == httpx.codes.NOT_FOUND:
            return NotReceived()
        if response.status_code != httpx.codes.OK:
            return Unknown(f"HTTP status {response.status_code}")
        try:
            answer = msgspec.json.decode(response.content, type=shape)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return Unknown("the answer cannot be read")
        return answer if answer.serial == serial else Unknown("the answer belongs to another serial")


def _receiver(one: Receiver) -> dict[str, Any]:
    named = {"name": one.name.reveal(), "identity_number": one.identity_number.reveal(), "amount": one.amount}
    return named if one.guardian is None else named | {"guardian": _guardian(one.guardian)}


def _guardian(one: Guardian) -> dict[str, str]:
    return {
        "name": one.name.reveal(), "identity_number": one.identity_number.reveal(), "relation": one.relation.value,
        "account": one.account.reveal(), "words": one.words.reveal(),
    }  # fmt: skip


def _deducted(one: Deducted | None) -> dict[str, dict[str, str | int]]:
    if one is None:
        return {}
    return {"deducted": {"amount": one.amount, "from": one.from_day.isoformat(), "to": one.until_day.isoformat()}}


def _decided(answer: _Decided | NotReceived | Unknown) -> ClaimAnswer:
    if not isinstance(answer, _Decided):
        return answer
    if answer.state == "agreed" and answer.amount > 0:
        return ClaimAgreed(answer.amount)
    if answer.state == "refused" and answer.on is not None:
        return ClaimRefused(answer.reason, answer.on)
    return Unknown(f"the insurer says {answer.state[:40]!r}")
