"""What is asked of an insurer and what it may answer, and the port through which it is reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

from tapwealth.kernel.masked import IdentityNumber, PersonName

INSURERS: Mapping[str, tuple[str, str]] = {"TPINS": ("太平洋保险", "Pacific Insurance")}
"""What the insurers that this house reaches are called, Chinese and English, by their codes."""
CONNECTED = tuple(INSURERS)
"""Their codes; each is reached by `InsurerPort`."""


def insurer_names(code: str) -> tuple[str, str]:
    """What people read instead of a code; itself, if nobody of that code is known here."""
    return INSURERS.get(code, (code, code))


@dataclass(frozen=True, slots=True)
class PhoneOrder:
    """The phone that a policy is bound to: a name of it that is the same whenever it is insured, and the end of its number."""

    fingerprint: str
    last4: str


@dataclass(frozen=True, slots=True)
class BeneficiaryOrder:
    """Who receives what is paid at death; `share` in hundredths of a percent of what the rank receives, None: equal to the others'."""

    name: PersonName
    identity_number: IdentityNumber
    rank: int
    share: int | None


@dataclass(frozen=True, slots=True)
class PolicyOrder:
    """A policy to issue on the insured person of that name; `premium` in fen, cover from the start of `from_day` to that of `to_day`.
    `paid_until`: the first day that the premium does not pay for."""

    serial: str
    product: str
    name: PersonName
    identity_number: IdentityNumber
    premium: int
    from_day: date
    to_day: date
    phone: PhoneOrder | None = None
    occupation: int = 1
    beneficiaries: tuple[BeneficiaryOrder, ...] = ()
    paid_until: date | None = None


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """A policy to cancel for a refund of so many fen, which the insurer pays by the bank under `serial`. A free look lasts from
    `received_on`, when its policyholder had the policy, to `asked_on`, the date under which it was asked of the house: both are told, so
    that it is the same one here and there however late either hears of it."""

    serial: str
    policy_number: str
    refund: int
    reason: str
    asked_on: date
    received_on: date


@dataclass(frozen=True, slots=True)
class PremiumPaid:
    """`amount` fen, `interest` apart, for the time from `from_day` to before `until_day`."""

    serial: str
    policy_number: str
    amount: int
    interest: int
    from_day: date
    until_day: date


@dataclass(frozen=True, slots=True)
class Issued:
    """The insurer has taken the policy on."""

    policy_number: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The insurer has ended the policy, and will pay the refund agreed."""

    policy_number: str


@dataclass(frozen=True, slots=True)
class Noted:
    """The insurer has booked the premium, reinstated the policy, or noted that it is suspended, has lapsed or is changed."""

    policy_number: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The insurer said no, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotReceived:
    """The insurer says that no request with this serial ever came."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known of the outcome, and why; never a failure: inquire later."""

    why: str


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """A change of a policy from `effective` on, for `amount` fen more, with a minus for so many back, which the insurer pays by the bank
    under `serial`. What is None stays as it is."""

    serial: str
    policy_number: str
    kind: str
    amount: int
    effective: date
    occupation: int | None = None
    beneficiaries: tuple[BeneficiaryOrder, ...] | None = None
    address: str | None = None
    sum_insured: int | None = None


InsurerAnswer = Issued | Cancelled | Noted | Rejected | NotReceived | Unknown


class InsurerPort(Protocol):
    """Reaches the insurer. No method raises for what happens on the way; none is called inside a database transaction."""

    async def issue(self, order: PolicyOrder) -> InsurerAnswer:
        """Ask for a policy. The same serial may be sent again: the insurer decides it once."""
        ...

    async def cancel(self, order: CancelOrder) -> InsurerAnswer:
        """Cancel a policy."""
        ...

    async def renew(self, order: PolicyOrder, renews: str) -> InsurerAnswer:
        """Ask for a policy that goes on from the one with the number `renews`; else as `issue`."""
        ...

    async def book_premium(self, paid: PremiumPaid) -> InsurerAnswer:
        """Tell of the premium of a later year. The same serial may be sent again, here and below: it is booked once."""
        ...

    async def reinstate(self, paid: PremiumPaid) -> InsurerAnswer:
        """Ask for a suspended policy to be in force again, for premiums and interest that were paid. The insurer may say no."""
        ...

    async def suspend(self, serial: str, policy_number: str, from_day: date) -> InsurerAnswer:
        """Tell that cover is suspended from that day on."""
        ...

    async def lapse(self, serial: str, policy_number: str, refund: int, from_day: date) -> InsurerAnswer:
        """Tell that a policy is over unpaid, for a refund of so many fen, which the insurer pays by the bank under `serial`."""
        ...

    async def endorse(self, order: ChangeOrder) -> InsurerAnswer:
        """Ask for a change. The same serial may be sent again: the insurer decides it once."""
        ...

    async def inquire(self, serial: str) -> InsurerAnswer:
        """What became of a request."""
        ...

    async def bordereau(self, day: date) -> bytes | None:
        """The events of a day, to be read by `insurance.bordereau`; None while there is no bordereau. Raises Outage without an answer."""
        ...

    async def settle(self, day: date, statement: BinaryIO) -> bytes | None:
        """Give the statement of a date's settlement, all that is in the file. `insurance.settlement` writes it, and reads the answer; None
        while the insurer has not compared it. The same again is compared again. Raises Outage without an answer."""
        ...
