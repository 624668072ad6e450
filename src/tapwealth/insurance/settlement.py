"""The statement that goes to the insurer with a settlement: a sealed CSV file (`wire.sealed_csv`), a line per event. And the insurer's
answer to it, read.

What is paid is the premiums that have come to the trust, less the commission on them, plus what is given back of earlier commission.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.sealed_csv import SealedCsv

_MONEY = ("premium", "commission", "net")
STATEMENT = SealedCsv("statement", ("event", "serial", "policy_number", *_MONEY), _MONEY, signed=("commission", "net"), named_by=2)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An event that is settled. `premium`: fen that came to the trust (0: premium that comes back is the insurer's to pay,
    and one that was deducted from a claim it has kept); `commission`:
    the house's part of it, with a minus what it gives back."""

    event: BordereauEvent
    serial: str
    policy_number: str
    premium: int
    commission: int

    @property
    def net(self) -> int:
        return self.premium - self.commission


def write_statement(lines: Sequence[StatementLine]) -> bytes:
    """The file, in the order of serials and events."""
    in_order = sorted(lines, key=lambda one: (one.serial, one.event))
    return STATEMENT.write(
        [[one.event, one.serial, one.policy_number, *map(str, (one.premium, one.commission, one.net))] for one in in_order]
    )


class Difference(msgspec.Struct, frozen=True):
    """A line that the insurer's books do not have so; `amount`: fen by which the statement has more. The texts are the insurer's."""

    serial: str
    event: str
    amount: int
    text: str


class SettlementAnswer(msgspec.Struct, frozen=True):
    """What the insurer says of a statement. `digest`: of the statement that it means; `net`: what it expects to be paid for it."""

    digest: str
    net: int
    differences: list[Difference]


def read_answer(content: bytes) -> SettlementAnswer:
    """Raises BadInput for what cannot be read."""
    try:
        return msgspec.json.decode(content, type=SettlementAnswer)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadInput(" ".join(str(error).split()), where="the insurer's answer to a settlement", hint="ask again") from None


def digest_of(statement: bytes) -> str:
    """SHA-256 of the whole file, in hexadecimal."""
    return hashlib.sha256(statement).hexdigest()
