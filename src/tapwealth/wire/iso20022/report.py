"""What a bank's reports of accounts (camt.053, camt.054) share around their entries, when they are read.

A report stands for itself only when it is whole: one that comes in pages is refused.
"""

from datetime import datetime

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022 import values
from tapwealth.wire.iso20022.party import read_account
from tapwealth.wire.iso20022.tree import Node

ASIDE = (
    "ElctrncSeqNb", "RptgSeq", "LglSeqNb", "CreDtTm", "CpyDplctInd", "RptgSrc", "RltdAcct", "Intrst", "AddtlStmtInf", "AddtlNtfctnInf",
)  # fmt: skip
"""Elements of a report that say nothing about the money of its account."""


def read_header(body: Node) -> tuple[str, datetime]:
    """Message id and creation."""
    header = body.need("GrpHdr")
    refuse_pages(header, "MsgPgntn")
    header.pass_over("MsgRcpt", "OrgnlBizQry", "AddtlInf")
    return header.identifier("MsgId"), header.instant("CreDtTm")


def refuse_pages(node: Node, name: str) -> None:
    """BadInput if the message, or what it reports of one account, is a part of several."""
    page = node.find(name)
    if page and (page.count("PgNb") != 1 or page.value("LastPgInd", str.strip) not in ("true", "1")):
        raise BadInput("it is one page of several", where=page.where, hint="send it in one")


def read_own_account(node: Node, path: str) -> str:
    """The account that a bank reports of, by its own number; it must be kept in CNY, if the bank says in what."""
    account = node.need(path)
    account.pass_over("Tp", "Nm", "Prxy", "Ownr", "Svcr")
    if account.find("Ccy"):
        account.expect("Ccy", values.CURRENCY)
    account.need("Id/Othr").pass_over("SchmeNm", "Issr")
    return read_account(node, path)
