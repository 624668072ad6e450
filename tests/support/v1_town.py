"""A partner's program at /v1 of a town, let in by two operators and consented to by one customer."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from api_client import ApiClient
from bill_town import Person, Town
from four_eyes import decided, propose
from served_house import Doors

from tapwealth.app.wiring import open_edges
from tapwealth.flows.customers import clients, consents
from tapwealth.flows.customers.clients import ProposeClient
from tapwealth.flows.customers.consents import GiveConsent
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import platform_clock
from tapwealth.storage.clients import Scope

SECRET = "a secret of 256 bits that a partner drew"
NOTHING: Any = None
"""Nobody's days were played here."""


@asynccontextmanager
async def at_v1(place: Town, person: Person) -> AsyncIterator[tuple[ApiClient, str]]:
    """The client with its token, and the path of the account that consents."""
    async with place.house.database.read() as tx:
        until = business_date_of(await platform_clock.read(tx)) + timedelta(days=365)
    client = ProposeClient("Phone maker", list(Scope), hashlib.sha256(SECRET.encode()).hexdigest(), until)
    assert not isinstance(await decided(place, await propose(place, client)), Refusal)
    async with place.house.database.read() as tx:
        (let_in,) = await clients.shown(tx)
    given = await consents.give(place.house, place.envelope(person), GiveConsent(let_in.client, list(Scope)))
    assert not isinstance(given, Refusal), given
    edges = await open_edges(place.house, "token", real_time=False)
    transport = httpx.ASGITransport(edges.http)
    async with edges.batcher, httpx.AsyncClient(transport=transport, base_url="http://house") as http:
        made = ApiClient(Doors(NOTHING, http, edges.http), let_in.client, SECRET)
        await made.sign_in()
        yield made, f"/v1/accounts/{given.account}"
