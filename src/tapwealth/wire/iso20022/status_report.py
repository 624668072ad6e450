"""pain.002.001.12, CustomerPaymentStatusReport: what became of the payments of one pain.001 or pain.008.

Codes are of ISO 20022's external code sets ExternalPaymentTransactionStatus1Code and ExternalStatusReason1Code.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.tree import Node, Tag, end_to_end_tag, id_tag, read, text_tag, write
from tapwealth.wire.iso20022.values import write_instant

_REASON_TEXT_LENGTH = 105


class PaymentStatus(StrEnum):
    """`PENDING`: taken, and waiting for its date; the other two are final."""

    SETTLED = "ACSC"
    PENDING = "PDNG"
    REJECTED = "RJCT"


class StatusReason(StrEnum):
    """Why a payment was rejected."""

    INCORRECT_ACCOUNT = "AC01"
    FORBIDDEN = "AG01"
    INSUFFICIENT_FUNDS = "AM04"
    DUPLICATE = "DUPL"
    NO_MANDATE = "MD01"
    WRONG_BANK = "RC01"


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """What became of one payment.

    `settled_at` (aware) is there exactly when it is settled: the instant by which the bank dates its booking. `reason` is there exactly
    when it is rejected.
    """

    end_to_end_id: str
    status: PaymentStatus
    settled_at: datetime | None = None
    reason: StatusReason | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The message; `original_type` is pain.001 or pain.008."""

    message_id: str
    created_at: datetime
    original_message_id: str
    original_type: MessageType
    outcomes: tuple[PaymentOutcome, ...]


_Code = TypeVar("_Code", bound=StrEnum)
_ANSWERED = (MessageType.PAIN_001, MessageType.PAIN_008)


def _code(node: Node, path: str, codes: type[_Code]) -> _Code:
    found = node.need(path)
    try:
        return codes(found.text)
    except ValueError:
        raise BadInput(f"{found.text[:40]!r} is not used here", where=found.where, hint=f"one of {', '.join(codes)}") from None


def _consistent(outcome: PaymentOutcome, where: str) -> PaymentOutcome:
    if (outcome.status is PaymentStatus.SETTLED) != (outcome.settled_at is not None):
        raise BadInput("AccptncDtTm goes with ACSC, and only with it", where=where)
    if (outcome.status is PaymentStatus.REJECTED) != (outcome.reason is not None):
        raise BadInput("a reason goes with RJCT, and only with it", where=where)
    return outcome


def _outcome_tag(outcome: PaymentOutcome) -> Tag:
    _consistent(outcome, outcome.end_to_end_id)
    reason = Tag("Rsn", [Tag("Cd", outcome.reason.value)]) if outcome.reason else None
    text = text_tag("AddtlInf", outcome.text, _REASON_TEXT_LENGTH)
    return Tag(
        "OrgnlPmtInfAndSts",
        [
            id_tag("OrgnlPmtInfId", outcome.end_to_end_id),
            Tag(
                "TxInfAndSts",
                [
                    end_to_end_tag("OrgnlEndToEndId", outcome.end_to_end_id),
                    Tag("TxSts", outcome.status.value),
                    Tag("StsRsnInf", [reason, text]) if reason or text else None,
                    Tag("AccptncDtTm", write_instant(outcome.settled_at)) if outcome.settled_at else None,
                ],
            ),
        ],
    )


def write_status_report(message: StatusReport) -> bytes:
    """The message as XML, valid against its schema. BadInput when a value cannot stand in it."""
    if message.original_type not in _ANSWERED or not message.outcomes:
        raise BadInput("a status report answers at least one payment of a pain.001 or pain.008", where="OrgnlGrpInfAndSts")
    header = Tag("GrpHdr", [id_tag("MsgId", message.message_id), Tag("CreDtTm", write_instant(message.created_at))])
    original = [id_tag("OrgnlMsgId", message.original_message_id), Tag("OrgnlMsgNmId", message.original_type.value)]
    group = Tag("OrgnlGrpInfAndSts", original)
    return write(MessageType.PAIN_002, Tag("CstmrPmtStsRpt", [header, group, *map(_outcome_tag, message.outcomes)]))


def _read_outcome(block: Node) -> PaymentOutcome:
    transaction = block.need("TxInfAndSts")
    end_to_end_id = transaction.end_to_end("OrgnlEndToEndId")
    block.expect("OrgnlPmtInfId", end_to_end_id)
    outcome = PaymentOutcome(
        end_to_end_id,
        _code(transaction, "TxSts", PaymentStatus),
        transaction.instant("AccptncDtTm") if transaction.find("AccptncDtTm") else None,
        _code(transaction, "StsRsnInf/Rsn/Cd", StatusReason) if transaction.find("StsRsnInf/Rsn") else None,
        transaction.printable("StsRsnInf/AddtlInf", _REASON_TEXT_LENGTH),
    )
    return _consistent(outcome, transaction.where)


def read_status_report(data: bytes) -> StatusReport:
    """The message from its XML. BadInput, in one line with line and path, for anything amiss."""
    body = read(MessageType.PAIN_002, data)
    group = body.need("OrgnlGrpInfAndSts")
    original_type = _code(group, "OrgnlMsgNmId", MessageType)
    if original_type not in _ANSWERED or not body.all("OrgnlPmtInfAndSts"):
        raise BadInput("it answers no payment of a pain.001 or pain.008", where=group.where, hint="name the message and its payments")
    report = StatusReport(
        body.identifier("GrpHdr/MsgId"),
        body.instant("GrpHdr/CreDtTm"),
        group.identifier("OrgnlMsgId"),
        original_type,
        tuple(map(_read_outcome, body.all("OrgnlPmtInfAndSts"))),
    )
    body.done()
    return report
