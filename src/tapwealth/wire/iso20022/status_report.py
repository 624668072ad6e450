"""pain.002.001.12, CustomerPaymentStatusReport: what became of the payments of one pain.001 or pain.008.

Codes are of ISO 20022's external code sets ExternalPaymentTransactionStatus1Code and ExternalStatusReason1Code.

Written: a status for each payment. Read: also one for all payments of a block (PmtInfSts) or of the message (GrpSts), which holds for each
payment that has none of its own; any status of the code set, as one of the three that matter here; and any reason. The rest of a report
repeats what was asked, and is passed over.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.tree import Node, Tag, end_to_end_tag, id_tag, read, text_tag, write
from tapwealth.wire.iso20022.values import seen, write_instant

_REASON_TEXT_LENGTH = 105


class PaymentStatus(StrEnum):
    """`PENDING`: taken, and waiting for its date; the other two are final."""

    SETTLED = "ACSC"
    PENDING = "PDNG"
    REJECTED = "RJCT"


_MEANINGS = {
    **dict.fromkeys(("ACSC", "ACCC"), PaymentStatus.SETTLED),
    **dict.fromkeys(("RJCT", "CANC"), PaymentStatus.REJECTED),
    **dict.fromkeys(
        ("ACCP", "ACFC", "ACPC", "ACSP", "ACTC", "ACWC", "ACWP", "PART", "PATC", "PDNG", "PRES", "RCVD"), PaymentStatus.PENDING
    ),
}
"""What a bank may answer; what is settled on the creditor's account is settled on the debtor's too."""


class StatusReason(StrEnum):
    """Why the bank of the sandbox rejects a payment; another bank may give any code."""

    INCORRECT_ACCOUNT = "AC01"
    FORBIDDEN = "AG01"
    INSUFFICIENT_FUNDS = "AM04"
    DUPLICATE = "DUPL"
    NO_MANDATE = "MD01"
    WRONG_BANK = "RC01"


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """What became of one payment.

    `settled_at` (aware) is the instant by which the bank dates its booking; `reason` is a code. Written, each is there exactly when the
    payment is settled or rejected; read, a bank may have left it out.
    """

    end_to_end_id: str
    status: PaymentStatus
    settled_at: datetime | None = None
    reason: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The message; `original_type` is pain.001 or pain.008. `whole` is what became of all its payments, where none is named (its
    end-to-end id is empty)."""

    message_id: str
    created_at: datetime
    original_message_id: str
    original_type: MessageType
    outcomes: tuple[PaymentOutcome, ...]
    whole: PaymentOutcome | None = None


_ANSWERED = (MessageType.PAIN_001, MessageType.PAIN_008)


def _consistent(outcome: PaymentOutcome, where: str) -> PaymentOutcome:
    if (outcome.status is PaymentStatus.SETTLED) != (outcome.settled_at is not None):
        raise BadInput("AccptncDtTm goes with ACSC, and only with it", where=where)
    if (outcome.status is PaymentStatus.REJECTED) != (outcome.reason is not None):
        raise BadInput("a reason goes with RJCT, and only with it", where=where)
    return outcome


def _outcome_tag(outcome: PaymentOutcome) -> Tag:
    _consistent(outcome, outcome.end_to_end_id)
    reason = Tag("Rsn", [Tag("Cd", outcome.reason)]) if outcome.reason else None
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


def _status(node: Node, path: str) -> PaymentStatus | None:
    """The status at that path, if there is one. BadInput when it is none of the code set."""
    found = node.find(path)
    if found is None:
        return None
    status = _MEANINGS.get(found.text)
    if status is None:
        raise BadInput(f"{found.text[:40]!r} is not known as a status", where=found.where, hint=f"one of {', '.join(_MEANINGS)}")
    return status


def _reason(node: Node) -> tuple[str | None, str]:
    """The first reason that is given, and all words about it."""
    informed = node.all("StsRsnInf")
    reasons = [found.text for one in informed if (found := one.one_of("Rsn/Cd", "Rsn/Prtry"))]
    words = [line.text for one in informed for line in one.all("AddtlInf")]
    return (seen(reasons[0]) if reasons else None), seen(" ".join(words))


def _outcome(node: Node, name: str, status: PaymentStatus, settled_at: datetime | None = None) -> PaymentOutcome:
    reason, text = _reason(node)
    is_settled, is_rejected = status is PaymentStatus.SETTLED, status is PaymentStatus.REJECTED
    return PaymentOutcome(name, status, settled_at if is_settled else None, reason if is_rejected else None, text)


def _read_block(block: Node, whole: PaymentStatus | None) -> list[PaymentOutcome]:
    """A PmtInf is one payment and is called as it (`group`), so that it may be named by either."""
    status, name = _status(block, "PmtInfSts") or whole, block.end_to_end("OrgnlPmtInfId")
    transactions = block.all("TxInfAndSts")
    if transactions:
        return [_read_transaction(one, name, status) for one in transactions]
    if status is None:
        raise BadInput("it says nothing about its payments", where=block.where, hint="give PmtInfSts, or TxSts for each")
    return [_outcome(block, name, status)]


def _read_transaction(transaction: Node, block_name: str, inherited: PaymentStatus | None) -> PaymentOutcome:
    status = _status(transaction, "TxSts") or inherited
    if status is None:
        raise BadInput("TxSts is missing", where=transaction.where, hint="say what became of the payment")
    name = transaction.end_to_end("OrgnlEndToEndId") if transaction.find("OrgnlEndToEndId") else block_name
    if name != block_name:
        raise BadInput(f"{name} is in the block of {block_name}", where=transaction.where, hint="a block is called as its payment")
    settled_at = transaction.instant("AccptncDtTm") if transaction.find("AccptncDtTm") else None
    return _outcome(transaction, name, status, settled_at)


def _answered(group: Node) -> MessageType:
    """By the name of the message, with a version or without."""
    name = group.need("OrgnlMsgNmId")
    for known in _ANSWERED:
        if name.text.startswith(known.family):
            return known
    raise BadInput("it answers no payment of a pain.001 or pain.008", where=group.where, hint="name the message and its payments")


def read_status_report(data: bytes) -> StatusReport:
    """The message from its XML. BadInput, in one line with line and path, for anything amiss."""
    body = read(MessageType.PAIN_002, data)
    group, blocks = body.need("OrgnlGrpInfAndSts"), body.all("OrgnlPmtInfAndSts")
    original_type, status = _answered(group), _status(group, "GrpSts")
    if not blocks and status is None:
        raise BadInput("it answers no payment", where=group.where, hint="give GrpSts, or a status for each payment")
    return StatusReport(
        body.identifier("GrpHdr/MsgId"),
        body.instant("GrpHdr/CreDtTm"),
        group.identifier("OrgnlMsgId"),
        original_type,
        tuple(outcome for block in blocks for outcome in _read_block(block, status)),
        None if blocks or status is None else _outcome(group, "", status),
    )
