"""A played house behind the doors that `tapwealth up` opens: HTTP at an address of its own, the batcher and the worker behind it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID, uuid4

import httpx
from patience import comes

from tapwealth.api.origin import Network
from tapwealth.api.v1.edge import App
from tapwealth.app.platform import QuietServer, http_config, listening
from tapwealth.app.wiring import open_edges
from tapwealth.flows.frame import House
from tapwealth.storage.database import Database

PARTNER_TOKEN = "token-of-the-partners"
PASSWORD = "a long password"


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """The application at a free port, served as the platform does; its address."""
    server = QuietServer(http_config(app))
    task = asyncio.create_task(server.serve([listening(0)]))
    async with comes("the server's start"):
        while not server.started:
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class Furnished(Protocol):
    """Whatever has a house: a played one, or a town's."""

    @property
    def house(self) -> House: ...


@dataclass
class Doors:
    """The platform as callers meet it."""

    on: Any
    http: httpx.AsyncClient
    app: App

    async def login(self, login: str, password: str = PASSWORD) -> str:
        answer = await self.http.post("/login", json={"login": login, "password": password})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token

    async def command(self, name: str, body: Any, token: str = "", key: UUID | str | None = None, **more: Any) -> httpx.Response:
        """Give a command; `body` as JSON, or as it is if it is bytes. Without `key` under a fresh one."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(key or uuid4())}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return await self.http.post(f"/commands/{name}", headers=headers, **content, **more)

    async def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        return await rows_of(self.on.house.database)


@asynccontextmanager
async def open_doors(
    on: Furnished, *, token: str = PARTNER_TOKEN, real_time: bool = False, working: bool = False, proxies: Sequence[Network] = ()
) -> AsyncIterator[Doors]:
    """As `tapwealth up` opens them; `real_time`: without a test clock. Unless they are `working`, nobody works off the outbox meanwhile, so
    that whatever is written was written by a request."""
    edges = await open_edges(on.house, token, real_time=real_time, proxies=proxies)
    behind = edges.running() if working else edges.batcher
    async with behind, serving(edges.http) as address, httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as http:
        yield Doors(on, http, edges.http)


async def rows_of(database: Database) -> dict[str, int]:
    """How many rows each table of the schema has, partitions in their parents."""
    async with database.read() as tx:
        names = [
            row["name"]
            for row in await tx.fetch(
                "select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'tapwealth'"
                " and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'alembic_version' order by 1"
            )
        ]
        counted = await tx.fetchrow("select " + ", ".join(f'(select count(*) from "{name}") as "{name}"' for name in names))
    return dict(counted)


async def on_sale(doors: Doors, product: str, file: str, maker: str, checker: str) -> None:
    """A product, drafted by one and put on sale by another, over HTTP."""
    named = {"product": product, "version": 1}
    steps = (("draft_product", {"yaml": file}, maker), ("review_product", named, checker), ("approve_product", named, checker))
    for name, body, by in steps:
        put = await doors.command(name, body, by)
        assert put.status_code == 200, put.text
