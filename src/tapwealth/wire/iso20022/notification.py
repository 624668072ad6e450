"""camt.054.001.08, BankToCustomerDebitCreditNotification: the bank tells of entries in its customer's accounts as they are booked.

Written: entries of one account. Read: those of several accounts, and entries that are not booked yet, which are passed over.
"""

from dataclasses import dataclass
from datetime import datetime

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.entry import Entry, entry_tag, is_booked, read_entry
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.party import account_tag
from tapwealth.wire.iso20022.report import ASIDE, read_header, read_own_account, refuse_pages
from tapwealth.wire.iso20022.tree import Node, Tag, id_tag, read, write
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


def read_notifications(data: bytes) -> tuple[Notification, ...]:
    """The message from its XML, a notification for each account. BadInput, in one line with line and path, for anything amiss."""
    body = read(MessageType.CAMT_054, data)
    message_id, created_at = read_header(body)
    body.pass_over("SplmtryData")
    reports = [(one, _read_entries(one)) for one in body.all("Ntfctn")]
    made = tuple(Notification(message_id, created_at, read_own_account(one, "Acct"), entries) for one, entries in reports)
    body.done()
    return made


def _read_entries(report: Node) -> tuple[Entry, ...]:
    """The booked entries of one account."""
    refuse_pages(report, "NtfctnPgntn")
    report.pass_over("Id", "FrToDt", "TxsSummry", "Ntry", *ASIDE)
    entries = report.all("Ntry")
    if not entries:
        raise BadInput("there is no entry in it", where=report.where, hint="send nothing instead")
    return tuple(entry for one in entries if is_booked(one) for entry in read_entry(one))
