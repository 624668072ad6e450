"""camt.054.001.08, BankToCustomerDebitCreditNotification: the bank tells of entries in an account as they are booked."""

from dataclasses import dataclass
from datetime import datetime

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.entry import Entry, entry_tag, read_entry
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.party import account_tag, read_account
from tapwealth.wire.iso20022.tree import Tag, id_tag, read, write
from tapwealth.wire.iso20022.values import write_instant


@dataclass(frozen=True, slots=True)
class Notification:
    """The message: at least one entry of one account; `created_at` is aware."""

    message_id: str
    created_at: datetime
    account: str
    entries: tuple[Entry, ...]


def write_notification(message: Notification) -> bytes:
    """The message as XML, valid against its schema. BadInput when a value cannot stand in it."""
    if not message.entries:
        raise BadInput("there is no entry in the notification", where="Ntfctn", hint="send nothing instead")
    header = Tag("GrpHdr", [id_tag("MsgId", message.message_id), Tag("CreDtTm", write_instant(message.created_at))])
    body = [id_tag("Id", message.message_id), account_tag("Acct", message.account), *map(entry_tag, message.entries)]
    return write(MessageType.CAMT_054, Tag("BkToCstmrDbtCdtNtfctn", [header, Tag("Ntfctn", body)]))


def read_notification(data: bytes) -> Notification:
    """The message from its XML. BadInput, in one line with line and path, for anything amiss."""
    body = read(MessageType.CAMT_054, data)
    message_id = body.identifier("GrpHdr/MsgId")
    report = body.need("Ntfctn")
    report.expect("Id", message_id)
    notification = Notification(
        message_id, body.instant("GrpHdr/CreDtTm"), read_account(report, "Acct"), tuple(map(read_entry, report.all("Ntry")))
    )
    if not notification.entries:
        raise BadInput("there is no entry in it", where=report.where, hint="send nothing instead")
    body.done()
    return notification
