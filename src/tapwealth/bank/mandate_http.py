"""Mandates and reservations at the partner bank over HTTP: JSON, answered at once (docs/reference/bank.md).

Every call names what it is about by an id of ours, so that a repetition changes nothing. An answer that does not come, cannot be read or is
no 2xx is an Outage: the outcome is unknown. What the bank says in its own words may quote a number of its customer's: of a reason that is
kept the long numbers are left out, of an error only the status is told. Never used inside a database transaction.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import httpx
import msgspec

from tapwealth.bank.mandate import BankSaid, MandateOrder, MandateState
from tapwealth.bank.reservation import ReservationOrder, ReservationSaid, ReservationState
from tapwealth.kernel.clock import iso
from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import Outage
from tapwealth.wire.partner_http import partner_client

_PATIENCE_MS = 10_000
_LONGEST_REASON = 140
_LONG_NUMBER = re.compile(r"[0-9](?:[ -]?[0-9]){8,}")


class MandatePort(Protocol):
    """What the house needs of a bank that lets its customers pay at a tap."""

    async def confirm(self, order: MandateOrder) -> BankSaid:
        """Ask for a mandate. Raises Outage."""

    async def revoke(self, name: str) -> None:
        """The customer has taken it back. Raises Outage."""

    async def balance(self, name: str) -> int:
        """Fen that can be taken from the account of a mandate that stands; 0 where none does any more. Raises Outage."""

    async def reserve(self, order: ReservationOrder) -> ReservationSaid:
        """Ask it to hold money: held or refused. Raises Outage."""

    async def release(self, name: str) -> None:
        """Give up what it holds under that name, and refuse what comes late. Raises Outage."""


class _Answer(msgspec.Struct):
    state: str
    reason: str = ""
    text: str = ""
    available: Annotated[int, msgspec.Meta(ge=0, le=MAX_AMOUNT)] = 0

    @property
    def why(self) -> str:
        return _LONG_NUMBER.sub("…", " ".join(f"{self.reason} {self.text}".split()))[:_LONGEST_REASON]


@dataclass(frozen=True, slots=True)
class MandateHttp:
    """The port over HTTP."""

    base_url: str
    token: str

    async def confirm(self, order: MandateOrder) -> BankSaid:
        content = {
            "id": order.name,
            "account": order.account.reveal(),
            "holder": order.holder.reveal(),
            "per_tap": order.per_tap,
            "per_day": order.per_day,
            "given_on": order.given_on.isoformat(),
        }
        answer = await self._ask("/mandates", content, {"confirmed", "refused", "revoked"})
        return BankSaid(MandateState(answer.state), answer.why)

    async def revoke(self, name: str) -> None:
        await self._ask("/mandates/revoke", {"id": name}, {"revoked"})

    async def balance(self, name: str) -> int:
        return (await self._ask("/mandates/balance", {"id": name}, {"told", "refused"})).available

    async def reserve(self, order: ReservationOrder) -> ReservationSaid:
        content = {"id": order.name, "mandate": order.mandate, "amount": order.amount, "until": iso(order.until)}
        answer = await self._ask("/reservations", content, {"held", "refused", "cancelled"})
        state = ReservationState.HELD if answer.state == "held" else ReservationState.REFUSED
        return ReservationSaid(state, answer.why or answer.state)

    async def release(self, name: str) -> None:
        """What was debited meanwhile stays so: then clearing has collected it."""
        await self._ask("/reservations/cancel", {"id": name}, {"cancelled", "debited"})

    async def _ask(self, path: str, content: dict[str, Any], known: set[str]) -> _Answer:
        try:
            async with partner_client(self.base_url, self.token, _PATIENCE_MS) as client:
                response = await client.post(path, json=content)
        except httpx.HTTPError as error:
            raise Outage(f"the bank at {self.base_url} does not answer ({type(error).__name__})") from error
        if not response.is_success:
            raise Outage(f"the bank does not take {path} ({response.status_code})")
        try:
            answer = msgspec.json.decode(response.content, type=_Answer)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise Outage(f"the bank's answer to {path} cannot be read") from None
        if answer.state not in known:
            raise Outage(f"the bank's answer to {path} is none of {', '.join(sorted(known))}")
        return answer
