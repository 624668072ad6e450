"""What is asked of an insurer about claims, what it may answer, and the port through which it is reached."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from tapwealth.insurance.guardian import Guardianship
from tapwealth.insurance.insurer import NotReceived, Unknown
from tapwealth.kernel.masked import IdentityNumber, Masked, PersonName


@dataclass(frozen=True, slots=True)
class Guardian:
    """Who acts for a child: it is paid to that `account` at a bank, with `words` that say whose it is."""

    name: PersonName
    identity_number: IdentityNumber
    relation: Guardianship
    account: Masked
    words: Masked


@dataclass(frozen=True, slots=True)
class Receiver:
    """Of what is asked at a death so many fen go to that person; of a lower sum in proportion. `guardian`: of a child."""

    name: PersonName
    identity_number: IdentityNumber
    amount: int
    guardian: Guardian | None = None


@dataclass(frozen=True, slots=True)
class Deducted:
    """Fen of premium, for the days from `from_day` to before `until_day`: the insurer keeps them of the loss, and they are paid by that."""

    amount: int
    from_day: date
    until_day: date


@dataclass(frozen=True, slots=True)
class ClaimOrder:
    """A loss to pay `amount` fen for, by the bank under `serial`. `claim` is the house's name of it; `identity` is what was lost, by which
    the insurer sees whether it was claimed before. `sum_insured` in fen."""

    serial: str
    policy_number: str
    claim: str
    identity: str
    loss_day: date
    amount: int
    sum_insured: int
    to_named: bool = False
    """Whom the policy names is paid by the insurer itself: nothing comes to the house."""
    receivers: tuple[Receiver, ...] = ()
    """Whom it named on the day of the death and who lived on; none: the estate."""
    deducted: Deducted | None = None
    """Premium that was owed; `amount` is what is left to pay."""
    by_accident: bool = False
    """Of an illness within the waiting time: an accident brought it about."""


@dataclass(frozen=True, slots=True)
class ClaimAgreed:
    """The insurer pays so many fen."""

    amount: int


@dataclass(frozen=True, slots=True)
class ClaimRefused:
    """The insurer does not pay, and why; `on` is the day of its decision."""

    reason: str
    on: date


ClaimAnswer = ClaimAgreed | ClaimRefused | NotReceived | Unknown


class ClaimPort(Protocol):
    """Reaches the insurer. No method raises for what happens on the way; none is called inside a database transaction."""

    async def claim(self, order: ClaimOrder) -> ClaimAnswer:
        """Ask it to pay. The same serial may be sent again: the insurer decides it, and pays, once."""
        ...

    async def inquire_claim(self, serial: str) -> ClaimAnswer:
        """What became of such a request."""
        ...

    async def recovered(self, serial: str, claim: str, amount: int) -> NotReceived | Unknown | None:
        """So much of a claim's money has come back and will be paid to the insurer. None: it has taken note; the same serial once."""
        ...
