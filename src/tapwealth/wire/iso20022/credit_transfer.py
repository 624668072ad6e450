"""pain.001.001.09, CustomerCreditTransferInitiation: the bank is told to pay from accounts of the sender."""

from dataclasses import dataclass
from datetime import date, datetime

from tapwealth.wire.iso20022.group import check_totals, header_tag, read_header, read_payment_id, refuse_unsafe_sum
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.party import Party, party_tags, read_party
from tapwealth.wire.iso20022.tree import Node, Tag, amount_tag, end_to_end_tag, id_tag, read, text_tag, write
from tapwealth.wire.iso20022.values import ID_LENGTH


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """One payment of `amount` fen from debtor to creditor, to be executed on that date. `purpose` and `text` may be empty."""

    end_to_end_id: str
    amount: int
    debtor: Party
    creditor: Party
    execution_date: date
    purpose: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class CreditTransferInitiation:
    """The message; `created_at` is an aware instant."""

    message_id: str
    created_at: datetime
    initiator: str
    transfers: tuple[CreditTransfer, ...]


def _transaction_tag(transfer: CreditTransfer) -> Tag:
    name, account, agent = party_tags("Cdtr", transfer.creditor)
    purpose = text_tag("Prtry", transfer.purpose, ID_LENGTH)
    remittance = text_tag("Ustrd", transfer.text)
    return Tag(
        "CdtTrfTxInf",
        [
            Tag("PmtId", [end_to_end_tag("EndToEndId", transfer.end_to_end_id)]),
            Tag("Amt", [amount_tag("InstdAmt", transfer.amount)]),
            agent,
            name,
            account,
            Tag("Purp", [purpose]) if purpose else None,
            Tag("RmtInf", [remittance]) if remittance else None,
        ],
    )


def _block_tag(transfer: CreditTransfer) -> Tag:
    return Tag(
        "PmtInf",
        [
            id_tag("PmtInfId", transfer.end_to_end_id),
            Tag("PmtMtd", "TRF"),
            Tag("ReqdExctnDt", [Tag("Dt", transfer.execution_date.isoformat())]),
            *party_tags("Dbtr", transfer.debtor),
            _transaction_tag(transfer),
        ],
    )


def write_credit_transfer(message: CreditTransferInitiation) -> bytes:
    """The message as XML, valid against its schema. BadInput when a value cannot stand in it."""
    refuse_unsafe_sum(message.transfers)
    header = header_tag(message.message_id, message.created_at, message.initiator, message.transfers)
    return write(MessageType.PAIN_001, Tag("CstmrCdtTrfInitn", [header, *map(_block_tag, message.transfers)]))


def _read_block(block: Node) -> CreditTransfer:
    block.expect("PmtMtd", "TRF")
    transaction = block.need("CdtTrfTxInf")
    return CreditTransfer(
        read_payment_id(block, transaction),
        transaction.amount("Amt/InstdAmt"),
        read_party(block, "Dbtr"),
        read_party(transaction, "Cdtr"),
        block.date("ReqdExctnDt/Dt"),
        transaction.printable("Purp/Prtry", ID_LENGTH),
        transaction.printable("RmtInf/Ustrd"),
    )


def read_credit_transfer(data: bytes) -> CreditTransferInitiation:
    """The message from its XML. BadInput, in one line with line and path, for anything amiss."""
    body = read(MessageType.PAIN_001, data)
    message_id, created_at, initiator = read_header(body)
    transfers = tuple(map(_read_block, body.all("PmtInf")))
    check_totals(body, transfers)
    body.done()
    return CreditTransferInitiation(message_id, created_at, initiator, transfers)
