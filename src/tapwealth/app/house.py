"""The house from its settings: database started and migrated, keys, ledger, ports to the partners."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tapwealth.bank.bank_http import BankHttp
from tapwealth.bank.depository_http import DepositoryHttp
from tapwealth.bank.mandate_http import MandateHttp
from tapwealth.bills.biller_http import BillerHttp
from tapwealth.clearing.network_http import NetworkHttp
from tapwealth.customers.identity_http import IdentityHttp
from tapwealth.flows import sensitive_proposals
from tapwealth.flows.catalogue import sales
from tapwealth.flows.frame import House
from tapwealth.flows.insurance import applications, claim_untold
from tapwealth.flows.issuing import cards
from tapwealth.flows.rails import Billers, Rails, outside
from tapwealth.funds.exchange_folder import Folder
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.kernel.calendar_data import load_calendar
from tapwealth.kernel.ids import seeded_random, system_random
from tapwealth.kernel.in_flight import InFlight
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.notices.messenger_http import MessengerHttp
from tapwealth.storage import installation, key_choice, migrate, platform_clock
from tapwealth.storage.archive_folder import ArchiveFolder
from tapwealth.storage.database import Database
from tapwealth.storage.embedded import EmbeddedServer, Role
from tapwealth.storage.heads import Heads
from tapwealth.storage.keyfile import KeyFile
from tapwealth.storage.keystore import KeyStore

DEFAULT_BOOKS = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """Where everything is. Without `database_url` the embedded server of the data folder is used."""

    data: Path
    database_url: str | None = None
    books: int = DEFAULT_BOOKS
    rule_set: str = "current"
    http_port: int = 0
    host_port: int = 0
    token: str = ""
    """What partners and we prove ourselves with to each other."""
    keys: str = ""
    """Where the keys are: `software`, or a PKCS#11 URI; empty: where they were the last time (see `key_choice`)."""
    seed: int | None = None
    """Makes ids follow a seed, until the platform is started again; only for a played week."""
    bank_url: str = ""
    biller_urls: Mapping[str, str] = field(default_factory=dict)
    """By the name of a connection: several billers may be reached by one."""
    identity_url: str = ""
    insurer_url: str = ""
    network_url: str = ""
    messenger_url: str = ""
    proxies: tuple[str, ...] = ()
    """Addresses and networks whose word is taken on where a request comes from."""
    exchange: Path = field(default=Path("exchange"))


@asynccontextmanager
async def open_house(settings: Settings, started_at: datetime | None = None) -> AsyncIterator[House]:
    """The house, its database started. `started_at` makes what is not there: tables, books, keys, and a clock that starts at that instant.

    Without it the house is one that has been made: anything else is refused, and left as it is. Raises BadInput, Outage.
    """
    if started_at is None:
        require_made(settings.data, settings.database_url)
    settings.data.mkdir(parents=True, exist_ok=True)
    server = None if settings.database_url else EmbeddedServer(settings.data)
    if server is not None:
        server.start()
    try:
        owner = settings.database_url or _embedded_dsn(server)
        await (migrate.require_current(owner) if started_at is None else migrate.apply(owner))
        async with Database(owner, size=16, revive=server.revive if server else None) as database:
            house = await _house(settings, database, started_at)
            if started_at is not None:
                await sales.seal_those_of_before(house)
                await sales.seal_open_records(house)
                await applications.seal_open_answers(house)
                await claim_untold.ask_for_those_of_before(house)
                await sensitive_proposals.seal_open_proposals(house)
            yield house
    finally:
        if server is not None:
            server.stop()


def require_made(data: Path, database_url: str | None) -> None:
    """Raises BadInput where a folder holds no database and none is named: a question must not make one."""
    if database_url is None and not (data / "database").exists():
        raise BadInput(
            "there is no Tapwealth data here", where=str(data.absolute()), hint="run `tapwealth demo` or `up`, or give --data-dir"
        )


def archives_in(data: Path) -> Archives:
    """The archived years of a data folder: where its database lies makes no difference."""
    return Archives(ArchiveFolder(data / "archive"))


def _embedded_dsn(server: EmbeddedServer | None) -> str:
    assert server is not None, "without a database URL there is an embedded server"
    return server.dsn(Role.OWNER)


async def _house(settings: Settings, database: Database, started_at: datetime | None) -> House:
    folder = settings.data / "keys"
    chosen = key_choice.chosen(folder, settings.keys)
    keys = _keys(settings, folder, chosen)
    async with database.transaction() as tx:
        begun = await installation.is_installed(tx)
        if not begun and started_at is None:
            raise Outage("the platform has never run on this database; run `tapwealth up` once, or look at --database-url")
        if started_at is not None:
            await platform_clock.start(tx, started_at)
        books = await installation.install(tx, settings.books, keys, await platform_clock.read(tx))
        ledger = PostgresLedger(books, archives_in(settings.data))
        await ledger.install(tx)
    key_choice.remember(folder, chosen)
    rails = Rails(
        outside(BankHttp(settings.bank_url, settings.token), "bank"),
        Billers({name: outside(BillerHttp(url, settings.token), f"biller {name}") for name, url in settings.biller_urls.items()}),
        outside(IdentityHttp(settings.identity_url, settings.token), "identity"),
        outside(InsurerHttp(settings.insurer_url, settings.token), "insurer"),
        Folder(settings.exchange),
        Heads(settings.data / "heads.jsonl"),
        outside(MandateHttp(settings.bank_url, settings.token), "bank"),
        outside(NetworkHttp(settings.network_url, settings.token), "network"),
        outside(MessengerHttp(settings.messenger_url, settings.token), "messenger") if settings.messenger_url else None,
        outside(DepositoryHttp(settings.bank_url, settings.token), "depository"),
    )
    random64 = system_random()
    if settings.seed is not None and not begun:  # started again, the same draws under a clock that stands still would be the same ids
        draw = seeded_random(settings.seed)
        random64 = lambda: draw.getrandbits(64)  # noqa: E731
    return House(database, ledger, keys, books, settings.rule_set, load_calendar(), rails, random64, InFlight())


def _keys(settings: Settings, folder: Path, chosen: str) -> KeyStore:
    """The installation's keys: from the operating system, from a token, or for a played week from its seed."""
    if settings.seed is not None:
        if chosen != key_choice.SOFTWARE:
            raise BadInput("the keys of a played week follow its seed, a token makes its own", where="--keys", hint="leave --seed out")
        draw = seeded_random(settings.seed)
        named = {name: draw.getrandbits(128).to_bytes(16, "big") for name in cards.MASTER_KEYS.values()}
        KeyFile(folder).create_from(draw.getrandbits(256).to_bytes(32, "big"), named)
    return key_choice.opened(folder, chosen)
