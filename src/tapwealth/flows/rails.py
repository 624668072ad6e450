"""The ports through which flows reach the partners. They are called outside transactions only."""

from dataclasses import dataclass
from typing import Protocol

from tapwealth.bank.bank_http import BankPort
from tapwealth.bills.biller import BillerPort
from tapwealth.customers.identity_http import IdentityPort
from tapwealth.insurance.insurer_http import InsurerPort


class ExchangeFolder(Protocol):
    """Where files for the registrar are left and its files are found."""

    def leave(self, name: str, content: bytes) -> None: ...

    def found(self) -> list[str]: ...

    def read(self, name: str) -> bytes: ...


class HeadsFile(Protocol):
    """Where the ends of the books' chains are kept, outside the database."""

    def append(self, lines: list[str]) -> None: ...

    def lines(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Rails:
    """One port per partner."""

    bank: BankPort
    biller: BillerPort
    identity: IdentityPort
    insurer: InsurerPort
    exchange: ExchangeFolder
    heads: HeadsFile
