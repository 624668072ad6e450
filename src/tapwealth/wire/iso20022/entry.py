"""ReportEntry10, the entry that camt.053 and camt.054 share.

Written: booked entries only (status BOOK), one transaction to an entry, the amount signed here (above zero: into the account). An entry of
the bank's own, such as a fee, has no end-to-end id: it is empty here and `NOTPROVIDED` in the XML.

Read is what a bank may write: an entry of several transactions (a batch) gives one `Entry` for each, and their amounts must add up to what
was booked. CdtDbtInd is the direction of the booking also where RvslInd says that it takes another one back. The bank's reference is
AcctSvcrRef, or NtryRef where there is none; a transaction of a batch has its number behind it. What says nothing about the money or its
sender is passed over.
"""

from dataclasses import dataclass
from datetime import date

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.party import NAME_LENGTH, account_tag, read_any_account, shown_account
from tapwealth.wire.iso20022.tree import Node, Tag, amount_tag, id_tag, text_tag
from tapwealth.wire.iso20022.values import ID_LENGTH, NOT_PROVIDED, name_of_payment, seen

CREDIT, DEBIT = "CRDT", "DBIT"
_BOOKED = "BOOK"
_NOT_BOOKED = ("PDNG", "INFO", "FUTR")
"""ExternalEntryStatus1Code: expected, for information, of a later day."""

_ASIDE = (
    "RvslInd", "ValDt", "Avlbty", "ComssnWvrInd", "AddtlInfInd", "AmtDtls", "Chrgs", "TechInptChanl", "Intrst", "CardTx", "AddtlNtryInf",
)  # fmt: skip
_ASIDE_OF_DETAILS = (
    "AmtDtls", "Avlbty", "BkTxCd", "Chrgs", "Intrst", "RltdAgts", "LclInstrm", "Purp", "RltdRmtInf", "RltdDts", "RltdPric", "RltdQties",
    "FinInstrmId", "Tax", "RtrInf", "CorpActn", "SfkpgAcct", "CshDpst", "CardTx", "AddtlTxInf", "SplmtryData",
)  # fmt: skip


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


def _reference_tag(entry: Entry) -> Tag | None:
    return text_tag("EndToEndId", name_of_payment(entry.end_to_end_id, "EndToEndId") or NOT_PROVIDED, ID_LENGTH)


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


def is_booked(node: Node) -> bool:
    """Whether an entry has been booked; BadInput for a status that is none of ISO 20022's."""
    status = node.need("Sts/Cd")
    if status.text != _BOOKED and status.text not in _NOT_BOOKED:
        what = f"{status.text[:40]!r} is not the status of an entry"
        raise BadInput(what, where=status.where, hint=f"write {_BOOKED}, or one of {', '.join(_NOT_BOOKED)}")
    return status.text == _BOOKED


def read_entry(node: Node) -> list[Entry]:
    """What a booked entry holds: one for each of its transactions. What might change its meaning and is not known is refused."""
    amount = signed(node, "Amt")
    booked_on, reference, code = node.day("BookgDt"), _read_reference(node), _read_code(node.need("BkTxCd"))
    batches = node.all("NtryDtls")
    details = [one for batch in batches for one in batch.all("TxDtls")]
    alone = len(details) == 1
    names = [reference] if alone else [f"{reference}/{number}" for number in range(1, len(details) + 1)]
    made = [_read_details(one, _share(one, amount, alone=alone), booked_on, name, code) for one, name in zip(details, names, strict=True)]
    if made and (total := sum(one.amount for one in made)) != amount:
        what = f"its {len(made)} transactions add up to {total} fen, booked were {amount}"
        raise BadInput(what, where=node.where, hint="give each transaction its amount and direction")
    node.pass_over(*_ASIDE)
    for batch in batches:
        batch.pass_over("Btch")
    node.done()
    return made or [Entry(reference, "", amount, booked_on, code)]


def _read_reference(node: Node) -> str:
    node.find("NtryRef")
    found = node.one_of("AcctSvcrRef", "NtryRef")
    if found is None:
        raise BadInput("AcctSvcrRef and NtryRef are missing", where=node.where, hint="name each booking")
    return node.identifier(found.name)


def _read_code(codes: Node) -> str:
    """The bank's own kind of booking, else ISO 20022's as domain/family/sub-family."""
    codes.pass_over("Domn", "Prtry")
    if codes.find("Prtry"):
        return codes.identifier("Prtry/Cd")
    parts = [codes.find(path) for path in ("Domn/Cd", "Domn/Fmly/Cd", "Domn/Fmly/SubFmlyCd")]
    return "/".join(part.text for part in parts if part)


def _share(details: Node, booked: int, *, alone: bool) -> int:
    """A transaction's own amount and direction; the only one of an entry may leave that to the entry."""
    if alone and not details.find("Amt"):
        details.pass_over("CdtDbtInd")
        return booked
    amount = details.amount("Amt")
    direction = details.find("CdtDbtInd")
    is_debit = direction.text == DEBIT if direction else booked < 0
    return -amount if is_debit else amount


def _read_name(parties: Node, path: str) -> str:
    found = parties.find(path)
    return seen(found.text) if found else ""


def _read_details(details: Node, amount: int, booked_on: date, reference: str, code: str) -> Entry:
    """One transaction. The counterparty of a credit is its debtor, and the other way round."""
    role = "Dbtr" if amount > 0 else "Cdtr"
    parties, end_to_end = details.find("RltdPties"), details.find("Refs/EndToEndId")
    remittance = [line.text for block in details.all("RmtInf") for line in block.all("Ustrd")]
    details.pass_over("Refs", "RltdPties", "RmtInf", *_ASIDE_OF_DETAILS)
    return Entry(
        reference,
        details.value("Refs/EndToEndId", name_of_payment) if end_to_end else "",
        amount,
        booked_on,
        code,
        read_any_account(parties, f"{role}Acct") if parties else "",
        _read_name(parties, f"{role}/Pty/Nm") if parties else "",
        seen(" ".join(remittance)),
    )
