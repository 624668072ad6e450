"""ReportEntry10, the booked entry that camt.053 and camt.054 share.

Profile: booked entries only (status BOOK), one transaction to an entry, the amount signed here (above zero: into the account). An entry of
the bank's own, such as a fee, has no end-to-end id: it is empty here and `NOTPROVIDED` in the XML.
"""

from dataclasses import dataclass
from datetime import date

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.party import NAME_LENGTH, account_tag, read_account, shown_account
from tapwealth.wire.iso20022.tree import Node, Tag, amount_tag, end_to_end_tag, id_tag, text_tag
from tapwealth.wire.iso20022.values import NOT_PROVIDED

CREDIT, DEBIT = "CRDT", "DBIT"
_BOOKED = "BOOK"


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """`reference` is the bank's own name of the booking, unique in the account; `amount` signed fen; `code` the bank's kind of booking."""

    reference: str
    end_to_end_id: str
    amount: int
    booked_on: date
    code: str
    counterparty_account: str = ""
    counterparty_name: str = ""
    text: str = ""

    def __repr__(self) -> str:
        other = shown_account(self.counterparty_account)
        return f"Entry({self.reference!r}, {self.end_to_end_id!r}, {self.amount}, {self.booked_on}, {self.code!r}, {other!r})"


def direction_tag(amount: int) -> Tag:
    return Tag("CdtDbtInd", DEBIT if amount < 0 else CREDIT)


def signed(node: Node, path: str, *, positive: bool = True) -> int:
    """An amount with the sign its CdtDbtInd gives."""
    amount = node.amount(path, positive=positive)
    return -amount if node.need("CdtDbtInd").text == DEBIT else amount


def _parties_tag(entry: Entry) -> Tag | None:
    role = "Dbtr" if entry.amount > 0 else "Cdtr"
    name = text_tag("Nm", entry.counterparty_name, NAME_LENGTH)
    party = Tag(role, [Tag("Pty", [name])]) if name else None
    account = account_tag(f"{role}Acct", entry.counterparty_account) if entry.counterparty_account else None
    return Tag("RltdPties", [party, account]) if party or account else None


def _reference_tag(entry: Entry) -> Tag:
    return end_to_end_tag("EndToEndId", entry.end_to_end_id) if entry.end_to_end_id else Tag("EndToEndId", NOT_PROVIDED)


def _details_tag(entry: Entry) -> Tag:
    references = Tag("Refs", [_reference_tag(entry)])
    remittance = text_tag("Ustrd", entry.text)
    return Tag("TxDtls", [references, _parties_tag(entry), Tag("RmtInf", [remittance]) if remittance else None])


def entry_tag(entry: Entry) -> Tag:
    """Ntry of a non-zero amount."""
    return Tag(
        "Ntry",
        [
            id_tag("NtryRef", entry.reference),
            amount_tag("Amt", abs(entry.amount)),
            direction_tag(entry.amount),
            Tag("Sts", [Tag("Cd", _BOOKED)]),
            Tag("BookgDt", [Tag("Dt", entry.booked_on.isoformat())]),
            Tag("BkTxCd", [Tag("Prtry", [id_tag("Cd", entry.code)])]),
            Tag("NtryDtls", [_details_tag(entry)]),
        ],
    )


def read_entry(node: Node) -> Entry:
    """The entry, whole: what it does not know in it is refused."""
    node.expect("Sts/Cd", _BOOKED)
    details = node.need("NtryDtls/TxDtls")
    amount = signed(node, "Amt")
    role, other = ("Dbtr", "Cdtr") if amount > 0 else ("Cdtr", "Dbtr")
    parties = details.find("RltdPties")
    if parties and (parties.all(other) or parties.all(f"{other}Acct")):
        raise BadInput(f"the counterparty of this entry stands as {other}", where=parties.where, hint=f"write it as {role}")
    end_to_end_id = details.identifier("Refs/EndToEndId")
    entry = Entry(
        node.identifier("NtryRef"),
        "" if end_to_end_id == NOT_PROVIDED else end_to_end_id,
        amount,
        node.date("BookgDt/Dt"),
        node.identifier("BkTxCd/Prtry/Cd"),
        read_account(parties, f"{role}Acct") if parties and parties.all(f"{role}Acct") else "",
        parties.printable(f"{role}/Pty/Nm", NAME_LENGTH) if parties else "",
        details.printable("RmtInf/Ustrd"),
    )
    node.done()
    return entry
