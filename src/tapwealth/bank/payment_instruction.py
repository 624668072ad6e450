"""A payment that the partner bank was told to make, and what may become of it.

Instructed, then executed or rejected; both are final. One that is open although its day has come and gone is in doubt: it is neither paid
nor unpaid until the bank's answer or its statement says so, and is never undone before.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, StrEnum, auto

from tapwealth.kernel.refusal import Refusal


class InstructionState(StrEnum):
    """How far a payment has come, as it is stored."""

    INSTRUCTED = "instructed"
    EXECUTED = "executed"
    REJECTED = "rejected"


class InstructionRefusal(Enum):
    """Why an answer is not taken."""

    ALREADY_EXECUTED = auto()
    ALREADY_REJECTED = auto()


@dataclass(frozen=True, slots=True)
class PaymentInstruction:
    """`amount` fen from one bank account to another on `requested_date` or later. `settled_on` is the bank's booking date."""

    end_to_end_id: str
    from_account: str
    to_account: str
    amount: int
    requested_date: date
    purpose: str
    state: InstructionState = InstructionState.INSTRUCTED
    reason: str = ""
    settled_on: date | None = None

    def effect_on(self, account: str) -> int:
        """What its execution adds to an account, in fen; negative if it pays from it, 0 if it does not touch it."""
        return self.amount * ((account == self.to_account) - (account == self.from_account))

    def is_in_doubt(self, day: date) -> bool:
        """Whether nothing is known of it at the end of `day`, though it was due."""
        return self.state is InstructionState.INSTRUCTED and self.requested_date <= day


def executed(instruction: PaymentInstruction, booked_on: date) -> PaymentInstruction | Refusal:
    """The bank has booked it. Said again, it changes nothing; refused after a rejection: that is for the reconciliation to name."""
    match instruction.state:
        case InstructionState.INSTRUCTED:
            return replace(instruction, state=InstructionState.EXECUTED, settled_on=booked_on)
        case InstructionState.EXECUTED:
            return instruction
        case InstructionState.REJECTED:
            return Refusal(InstructionRefusal.ALREADY_REJECTED, f"{instruction.end_to_end_id} was rejected: {instruction.reason}")


def rejected(instruction: PaymentInstruction, reason: str) -> PaymentInstruction | Refusal:
    """The bank will not book it. Said again, it changes nothing; refused after an execution."""
    match instruction.state:
        case InstructionState.INSTRUCTED:
            return replace(instruction, state=InstructionState.REJECTED, reason=reason)
        case InstructionState.REJECTED:
            return instruction
        case InstructionState.EXECUTED:
            return Refusal(InstructionRefusal.ALREADY_EXECUTED, f"{instruction.end_to_end_id} was executed on {instruction.settled_on}")
