"""The two ends of a payment: account, name, and the bank that keeps the account (its CNAPS member number).

Accounts of China have no IBAN: they go as Othr/Id. A card's account is its number (ISO/IEC 7812) and shows itself masked.
"""

from dataclasses import dataclass

from tapwealth.kernel.masked import Pan
from tapwealth.wire.iso20022 import values
from tapwealth.wire.iso20022.tree import Node, Tag, id_tag, text_tag
from tapwealth.wire.iso20022.values import ACCOUNT_LENGTH

CLEARING_SYSTEM = "CNAPS"
_CARD_DIGITS = 13
NAME_LENGTH = 140


def shown_account(account: str) -> str:
    """An account number as it may stand in a log: card numbers masked."""
    return str(Pan(account)) if len(account) >= _CARD_DIGITS else account


@dataclass(frozen=True, slots=True, repr=False)
class Party:
    """`account` 1–34 characters, `bank` the member number in CNAPS (12 digits there), `name` up to 140 characters or empty."""

    account: str
    bank: str
    name: str = ""

    def __repr__(self) -> str:
        return f"Party({shown_account(self.account)!r}, {self.bank!r})"


def account_tag(name: str, account: str) -> Tag:
    """CashAccount38 by its own number."""
    return Tag(name, [Tag("Id", [Tag("Othr", [id_tag("Id", account, ACCOUNT_LENGTH)])])])


def read_account(node: Node, path: str) -> str:
    return node.identifier(f"{path}/Id/Othr/Id", ACCOUNT_LENGTH)


def read_any_account(node: Node, path: str) -> str:
    """The account, or nothing, of somebody who may be anywhere: by its own number or by IBAN (ISO 13616)."""
    found = node.one_of(f"{path}/Id/Othr/Id", f"{path}/Id/IBAN")
    return values.printable(values.seen(found.text).strip(), found.where, ACCOUNT_LENGTH) if found else ""


def party_tags(role: str, party: Party, *, agent_first: bool = False) -> list[Tag]:
    """Name, account and agent of `Dbtr` or `Cdtr`; the order differs by message."""
    member = Tag("ClrSysMmbId", [Tag("ClrSysId", [Tag("Cd", CLEARING_SYSTEM)]), id_tag("MmbId", party.bank)])
    agent = Tag(f"{role}Agt", [Tag("FinInstnId", [member])])
    rest = [Tag(role, [text_tag("Nm", party.name, NAME_LENGTH)]), account_tag(f"{role}Acct", party.account)]
    return [agent, *rest] if agent_first else [*rest, agent]


def read_party(node: Node, role: str) -> Party:
    member = node.need(f"{role}Agt/FinInstnId/ClrSysMmbId")
    member.expect("ClrSysId/Cd", CLEARING_SYSTEM)
    node.need(role)
    return Party(read_account(node, f"{role}Acct"), member.identifier("MmbId"), node.printable(f"{role}/Nm", NAME_LENGTH))
