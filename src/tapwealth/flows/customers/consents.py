"""A customer lets a client act, for what it was let in for or less, and takes that back.

What was taken back lets nothing through any more: it is asked for under the lock of the customer's book. The account's id that a client
uses is given to it by its customer, or read from the list of those who consented (decision 0012).
"""

from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.customers import consents
from tapwealth.customers.consents import Consent
from tapwealth.flows.customers.clients import PREFIX
from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.kernel.ids import derived, prefixed, unprefixed
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage import clients
from tapwealth.storage.clients import Client, ClientState, Scope
from tapwealth.storage.database import Tx

ACCOUNT = "acc"
"""How a client knows a person's account."""


class ConsentRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_CLIENT = auto()
    NOT_OFFERED = auto()
    NOT_GIVEN = auto()


class GiveConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That client may do this for me. Given again, it is changed."""

    client: str
    scopes: list[Scope]


class WithdrawConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    client: str


class ConsentView(msgspec.Struct, frozen=True):
    """`account` is how the client knows the customer's account."""

    client: str
    name: str
    account: str
    scopes: list[str]
    state: str
    since: datetime


async def give(house: House, envelope: Envelope, command: GiveConsent) -> ConsentView | Refusal:
    if not command.scopes:
        raise BadInput("no scope is named", where="scopes", hint=f"there are {', '.join(Scope)}")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> ConsentView | Refusal:
        client = await _active(tx, command.client)
        if isinstance(client, Refusal):
            return client
        beyond = sorted(set(command.scopes) - set(client.scopes))
        if beyond:
            return Refusal(ConsentRefusal.NOT_OFFERED, f"{client.name} does not ask for {' '.join(beyond)}; leave it out")
        scopes = tuple(one for one in client.scopes if one in command.scopes)
        return await _put(tx, envelope, client, Consent(book, person, client.id, scopes, "given", at.now))

    return await once(house, [book], envelope, command, act, ConsentView)


async def withdraw(house: House, envelope: Envelope, command: WithdrawConsent) -> ConsentView | Refusal:
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> ConsentView | Refusal:
        identifier = unprefixed(PREFIX, command.client)
        given = [one for one in await consents.of_person(tx, book, person) if one.client == identifier and one.state == "given"]
        client = await clients.client(tx, identifier) if identifier else None
        if not given or client is None:
            return Refusal(ConsentRefusal.NOT_GIVEN, "this client does not act for you; /view/consents lists those that do")
        return await _put(tx, envelope, client, Consent(book, person, client.id, given[0].scopes, "withdrawn", at.now))

    return await once(house, [book], envelope, command, act, ConsentView)


async def _active(tx: Tx, shown: str) -> Client | Refusal:
    identifier = unprefixed(PREFIX, shown)
    found = await clients.client(tx, identifier) if identifier else None
    if found is None or found.state != ClientState.ACTIVE:
        return Refusal(ConsentRefusal.UNKNOWN_CLIENT, "there is no such client now; check the id that its app has shown")
    return found


async def _put(tx: Tx, envelope: Envelope, client: Client, one: Consent) -> ConsentView:
    await consents.put(tx, [one])
    if one.state == "given":
        zh, en = f"您已允许“{client.name}”代您操作账户。", f"You let {client.name} act for your account."
    else:
        zh, en = f"您已收回“{client.name}”代您操作账户的许可。", f"You no longer let {client.name} act for your account."
    await notices.tell(
        tx,
        [Notice(one.book, derived(envelope.key, f"consent:{one.person}"), one.person, one.since, zh, en, NoticeKind.SECURITY, "consents")],
    )
    return _view(client, one)


def _view(client: Client, one: Consent) -> ConsentView:
    return ConsentView(prefixed(PREFIX, client.id), client.name, prefixed(ACCOUNT, one.person), list(one.scopes), one.state, one.since)


async def held(tx: Any, book: int, person: UUID) -> list[ConsentView]:
    """Whom a customer lets act or did, the newest first."""
    known = {one.id: one for one in await clients.clients(tx)}
    return [_view(known[one.client], one) for one in await consents.of_person(tx, book, person)]
