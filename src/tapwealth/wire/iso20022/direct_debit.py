"""pain.008.001.08, CustomerDirectDebitInitiation: the bank is told to collect from others' accounts, under their mandates."""

from dataclasses import dataclass
from datetime import date, datetime

from tapwealth.wire.iso20022.group import check_totals, header_tag, read_header, read_payment_id, refuse_unsafe_sum
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.party import Party, party_tags, read_party
from tapwealth.wire.iso20022.tree import Node, Tag, amount_tag, end_to_end_tag, id_tag, read, text_tag, write
from tapwealth.wire.iso20022.values import ID_LENGTH


@dataclass(frozen=True, slots=True)
class DirectDebit:
    """One collection of `amount` fen from debtor to creditor under a mandate that the debtor gave on `mandate_date`."""

    end_to_end_id: str
    amount: int
    creditor: Party
    debtor: Party
    collection_date: date
    mandate_id: str
    mandate_date: date
    purpose: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class DirectDebitInitiation:
    """The message; `created_at` is an aware instant."""

    message_id: str
    created_at: datetime
    initiator: str
    debits: tuple[DirectDebit, ...]


def _transaction_tag(debit: DirectDebit) -> Tag:
    mandate = Tag("MndtRltdInf", [id_tag("MndtId", debit.mandate_id), Tag("DtOfSgntr", debit.mandate_date.isoformat())])
    purpose = text_tag("Prtry", debit.purpose, ID_LENGTH)
    remittance = text_tag("Ustrd", debit.text)
    return Tag(
        "DrctDbtTxInf",
        [
            Tag("PmtId", [end_to_end_tag("EndToEndId", debit.end_to_end_id)]),
            amount_tag("InstdAmt", debit.amount),
            Tag("DrctDbtTx", [mandate]),
            *party_tags("Dbtr", debit.debtor, agent_first=True),
            Tag("Purp", [purpose]) if purpose else None,
            Tag("RmtInf", [remittance]) if remittance else None,
        ],
    )


def _block_tag(debit: DirectDebit) -> Tag:
    return Tag(
        "PmtInf",
        [
            id_tag("PmtInfId", debit.end_to_end_id),
            Tag("PmtMtd", "DD"),
            Tag("ReqdColltnDt", debit.collection_date.isoformat()),
            *party_tags("Cdtr", debit.creditor),
            _transaction_tag(debit),
        ],
    )


def write_direct_debit(message: DirectDebitInitiation) -> bytes:
    """The message as XML, valid against its schema. BadInput when a value cannot stand in it."""
    refuse_unsafe_sum(message.debits)
    header = header_tag(message.message_id, message.created_at, message.initiator, message.debits)
    return write(MessageType.PAIN_008, Tag("CstmrDrctDbtInitn", [header, *map(_block_tag, message.debits)]))


def _read_block(block: Node) -> DirectDebit:
    block.expect("PmtMtd", "DD")
    transaction = block.need("DrctDbtTxInf")
    mandate = transaction.need("DrctDbtTx/MndtRltdInf")
    return DirectDebit(
        read_payment_id(block, transaction),
        transaction.amount("InstdAmt"),
        read_party(block, "Cdtr"),
        read_party(transaction, "Dbtr"),
        block.date("ReqdColltnDt"),
        mandate.identifier("MndtId"),
        mandate.date("DtOfSgntr"),
        transaction.printable("Purp/Prtry", ID_LENGTH),
        transaction.printable("RmtInf/Ustrd"),
    )


def read_direct_debit(data: bytes) -> DirectDebitInitiation:
    """The message from its XML. BadInput, in one line with line and path, for anything amiss."""
    body = read(MessageType.PAIN_008, data)
    message_id, created_at, initiator = read_header(body)
    debits = tuple(map(_read_block, body.all("PmtInf")))
    check_totals(body, debits)
    body.done()
    return DirectDebitInitiation(message_id, created_at, initiator, debits)
