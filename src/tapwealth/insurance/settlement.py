"""The statement that goes to the insurer with a settlement: a sealed CSV file (`wire.sealed_csv`), a line per event. And the insurer's
answer to it, read.

What is paid is the premiums that have come to the trust, less the commission on them, plus what is given back of earlier commission.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

import msgspec

from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.sealed_csv import SealedCsv, SealedWriter

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


def begin_statement(file: BinaryIO) -> SealedWriter[StatementLine]:
    """A statement that is being written, in the order of serials and events: no more of its lines are in memory than a piece."""
    return SealedWriter(STATEMENT, file, _fields)


def _fields(line: StatementLine) -> list[str]:
    return [line.event, line.serial, line.policy_number, *map(str, (line.premium, line.commission, line.net))]


def write_statement(lines: Sequence[StatementLine]) -> bytes:
    """The same, of lines that are shown together."""
    file = BytesIO()
    writer = begin_statement(file)
    for line in sorted(lines, key=lambda one: (one.serial, one.event)):
        writer.add(line)
    writer.end()
    return file.getvalue()


class Difference(msgspec.Struct, frozen=True):
    """A line that the insurer's books do not have so; `amount`: fen by which the statement has more. The texts are the insurer's."""

    serial: str
    event: str
    amount: int
    text: str


class SettlementAnswer(msgspec.Struct, frozen=True):
    """What the insurer says of a statement. `digest`: SHA-256 of the whole file that it means; `net`: what it expects to be paid for it."""

    digest: str
    net: int
    differences: list[Difference]


def read_answer(content: bytes) -> SettlementAnswer:
    """Raises BadInput for what cannot be read."""
    try:
        return msgspec.json.decode(content, type=SettlementAnswer)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadInput(" ".join(str(error).split()), where="the insurer's answer to a settlement", hint="ask again") from None
