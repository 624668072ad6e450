"""The group header that pain.001 and pain.008 share, and how both state their count and sum.

Profile: one payment to a PmtInf, whose PmtInfId is the payment's EndToEndId; so every payment has its own date and accounts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.tree import Node, Tag, id_tag, text_tag
from tapwealth.wire.iso20022.values import write_instant, write_sum


class Payment(Protocol):
    """What the header needs to know of each payment."""

    @property
    def end_to_end_id(self) -> str: ...
    @property
    def amount(self) -> int: ...


def header_tag(message_id: str, created_at: datetime, initiator: str, payments: Sequence[Payment]) -> Tag:
    """GrpHdr with NbOfTxs and CtrlSum of the payments."""
    return Tag(
        "GrpHdr",
        [
            id_tag("MsgId", message_id),
            Tag("CreDtTm", write_instant(created_at)),
            Tag("NbOfTxs", str(len(payments))),
            Tag("CtrlSum", write_sum(sum(payment.amount for payment in payments))),
            Tag("InitgPty", [text_tag("Nm", initiator)]),
        ],
    )


def read_header(body: Node) -> tuple[str, datetime, str]:
    """Message id, creation and initiating party."""
    header = body.need("GrpHdr")
    return header.identifier("MsgId"), header.instant("CreDtTm"), header.printable("InitgPty/Nm")


def check_totals(body: Node, payments: Sequence[Payment]) -> None:
    """BadInput unless NbOfTxs and CtrlSum are what the payments give."""
    header = body.need("GrpHdr")
    header.equal("NbOfTxs", header.count("NbOfTxs"), len(payments))
    header.equal("CtrlSum", header.sum("CtrlSum"), sum(payment.amount for payment in payments))


def read_payment_id(block: Node, transaction: Node) -> str:
    """The end-to-end id, checked against the block's own id."""
    end_to_end_id = transaction.end_to_end("PmtId/EndToEndId")
    block.expect("PmtInfId", end_to_end_id)
    return end_to_end_id


def refuse_unsafe_sum(payments: Sequence[Payment]) -> None:
    """BadInput for a message without payments, or with an amount that is not above zero (a sum would hide it)."""
    if not payments:
        raise BadInput("there is no payment in the message", where="GrpHdr/NbOfTxs", hint="send nothing instead")
    for payment in payments:
        if payment.amount <= 0:
            raise BadInput(f"payment {payment.end_to_end_id} is not above zero", where="InstdAmt")
