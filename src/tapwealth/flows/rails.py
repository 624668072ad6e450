"""The ports through which flows reach the partners. They are called outside transactions only: `outside` holds it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TypeVar, cast

from tapwealth.bank.bank_http import BankPort
from tapwealth.bank.depository_http import DepositoryPort
from tapwealth.bank.mandate_http import MandatePort
from tapwealth.bills.biller import BillerPort
from tapwealth.clearing.network_http import NetworkPort
from tapwealth.customers.identity_http import IdentityPort
from tapwealth.funds.exchange_folder import Look
from tapwealth.insurance.claim_insurer import ClaimPort
from tapwealth.insurance.insurer_http import InsurerPort
from tapwealth.kernel.refusal import Outage
from tapwealth.notices.messenger import MessengerPort
from tapwealth.storage.database import forbid_in_transaction


class ExchangeFolder(Protocol):
    """Where files for the registrar are left and its files are found."""

    def leave(self, name: str, content: bytes) -> None: ...

    def leaving(self, name: str) -> AbstractContextManager[BinaryIO]: ...

    def has_left(self, name: str) -> bool: ...

    def found(self) -> list[str]: ...

    def look(self, files: Sequence[str]) -> Look: ...

    def settle(self, index: str, files: Sequence[str], look: Look) -> None: ...

    def read(self, name: str) -> bytes: ...

    def arriving(self, name: str) -> BinaryIO: ...


class HeadsFile(Protocol):
    """Where the ends of the books' chains are kept, outside the database."""

    def append(self, lines: list[str]) -> None: ...

    def lines(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Billers:
    """A port for each connection to billers, by its name."""

    ports: Mapping[str, BillerPort]

    def at(self, connection: str) -> BillerPort:
        """Raises Outage where the platform was started without the address of that connection."""
        port = self.ports.get(connection)
        if port is None:
            raise Outage(f"there is no address for the biller connection {connection!r}; start with --biller-url {connection}=URL")
        return port


class Insurer(InsurerPort, ClaimPort, Protocol):
    """All that an insurer is asked."""


@dataclass(frozen=True, slots=True)
class Rails:
    """One port per partner. Without a messenger notices stay in the inbox, and wait there to be brought to phones; without a
    depository no date on which deposits moved is closed."""

    bank: BankPort
    billers: Billers
    identity: IdentityPort
    insurer: Insurer
    exchange: ExchangeFolder
    heads: HeadsFile
    mandates: MandatePort
    network: NetworkPort
    messenger: MessengerPort | None = None
    depository: DepositoryPort | None = None


Port = TypeVar("Port")


def outside(port: Port, what: str) -> Port:
    """The port, each of whose calls first makes sure that no transaction is open: none may wait for somebody else's machine."""
    return cast(Port, _Outside(port, what))


class _Outside:
    def __init__(self, port: object, what: str) -> None:
        self._port, self._what = port, what

    def __getattr__(self, name: str) -> Any:
        forbid_in_transaction(f"{self._what}.{name}")
        return getattr(self._port, name)
