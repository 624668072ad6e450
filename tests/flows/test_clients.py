"""Clients of /v1: let in by two, a secret that nobody but its partner knows, a token, and a customer's consent."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from bill_town import MONDAY, NINE, Person
from fund_town import FundTown, fund_town
from others_wait import others_wait

from tapwealth.flows import setup
from tapwealth.flows.customers import clients, consents
from tapwealth.flows.customers.clients import ProposeClient, ProposeClientSecret, ProposeClientState, SuspendClient, Tokens
from tapwealth.flows.customers.consents import ConsentView, GiveConsent, WithdrawConsent
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.funds import purchase
from tapwealth.flows.funds.purchase import Placing, PurchaseFund, PurchasePlaced
from tapwealth.flows.v1 import reading
from tapwealth.flows.v1.reading import Part, Wanted
from tapwealth.kernel import clock
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import unprefixed
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.clients import Scope
from tapwealth.storage.operators import OperatorRole

SCOPES = [Scope.FUNDS_READ, Scope.ORDERS_READ, Scope.ORDERS_WRITE]
FAR = MONDAY + timedelta(days=365)


def secret(number: int) -> str:
    return f"a secret of 256 bits that a partner drew, number {number}"


def digest(number: int) -> str:
    return hashlib.sha256(secret(number).encode()).hexdigest()


def code_of(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name.lower()


@pytest.fixture
async def place(database_url: str, tmp_path: Path, new_database: Any) -> AsyncIterator[FundTown]:
    async with fund_town(new_database(), tmp_path) as made:
        async with made.house.database.transaction() as tx:
            role = [OperatorRole.OPERATIONS]
            await operators.create(tx, made.house.random64, "ops.qian", "ops.qian", role, "nobody signs in here", NINE)
        yield made


def by(place: FundTown, login: str) -> Envelope:
    return Envelope(place.envelope(None).key, Caller(ActorKind.OPERATOR, f"operator:{login}", "password"), place.biller.now)


async def decided(place: FundTown, command: Any, second: str = "ops.qian") -> Any:
    """Proposed by one, approved by another."""
    proposed = await setup.propose(place.house, by(place, "ops.chen"), command)
    if isinstance(proposed, Refusal):
        return proposed
    return await setup.approve(place.house, by(place, second), setup.Approve(proposed.proposal))


async def let_in(place: FundTown, number: int = 1) -> str:
    """A client with that secret; its id."""
    answer = await decided(place, ProposeClient(f"Phone maker {number}", SCOPES, digest(number), FAR))
    assert not isinstance(answer, Refusal), answer
    async with place.house.database.read() as tx:
        return next(one.client for one in await clients.shown(tx) if one.name == f"Phone maker {number}")


async def granted(place: FundTown, client: str, number: int = 1, wanted: list[str] | None = None) -> clients.Granted:
    answer = await clients.grant(place.house, client, Masked(secret(number)), wanted)
    assert not isinstance(answer, Refusal), answer
    return answer


async def refused(place: FundTown, client: str, number: int = 1, wanted: list[str] | None = None) -> str:
    return code_of(await clients.grant(place.house, client, Masked(secret(number)), wanted))


def acting(place: FundTown, client: str, person: Person, scope: str = Scope.ORDERS_WRITE) -> Envelope:
    caller = Caller(ActorKind.PARTNER, client, "client credentials", person.id, person.book, b"", unprefixed("cli", client), scope)
    return Envelope(place.envelope(None).key, caller, place.biller.now)


async def consent(place: FundTown, person: Person, client: str, scopes: list[Scope] = SCOPES) -> Any:
    return await consents.give(place.house, place.envelope(person), GiveConsent(client, scopes))


async def test_a_client_that_two_let_in_gets_a_token_for_its_secret_and_for_no_other(place: FundTown) -> None:
    client = await let_in(place)
    one = await granted(place, client)
    assert (one.scopes, one.seconds) == (tuple(SCOPES), 3600)
    bearer = Tokens(place.house).read(one.token)
    assert bearer is not None
    assert bearer == (unprefixed("cli", client), frozenset(SCOPES))
    assert (await granted(place, client, wanted=["orders:read"])).scopes == (Scope.ORDERS_READ,)
    assert await refused(place, client, wanted=["orders:read", "payments:write"]) == "invalid_scope"
    assert await refused(place, client, 2) == "invalid_client"
    assert await refused(place, "cli_" + "0" * 32) == "invalid_client"
    assert await refused(place, client.replace("cli_", "")) == "invalid_client"


async def test_one_operator_alone_lets_nobody_in(place: FundTown) -> None:
    command = ProposeClient("Alone", SCOPES, digest(1), FAR)
    assert code_of(await decided(place, command, second="ops.chen")) == "same_person"
    async with place.house.database.read() as tx:
        assert await clients.shown(tx) == []
    assert code_of(await setup.propose(place.house, by(place, "pm.zhou"), command)) == "not_allowed"


async def test_a_short_secret_opens_nothing_though_its_digest_was_taken(place: FundTown) -> None:
    weak = "guess me"
    await decided(place, ProposeClient("Phone maker 1", SCOPES, hashlib.sha256(weak.encode()).hexdigest(), FAR))
    async with place.house.database.read() as tx:
        (only,) = await clients.shown(tx)
    assert code_of(await clients.grant(place.house, only.client, Masked(weak), None)) == "invalid_client"


async def test_a_secret_is_good_until_its_successor_is_used(place: FundTown) -> None:
    client = await let_in(place)
    await granted(place, client, 1)
    assert code_of(await decided(place, ProposeClientSecret(client, digest(1), FAR))) == "secret_in_use"
    await decided(place, ProposeClientSecret(client, digest(2), FAR))
    await granted(place, client, 1)
    await granted(place, client, 2)
    assert await refused(place, client, 1) == "invalid_client"
    async with place.house.database.read() as tx:
        (only,) = await clients.shown(tx)
    assert [(one.number, one.state) for one in only.secrets] == [(2, "in use"), (1, "over")]


async def test_a_secret_ends_with_its_last_day(place: FundTown) -> None:
    client = await let_in(place)
    await decided(place, ProposeClientSecret(client, digest(2), MONDAY))
    await place.clock(shanghai(MONDAY, 23, 59))
    assert await clients.grant(place.house, client, Masked(secret(2)), None)
    await place.clock(shanghai(MONDAY, 24))
    assert await refused(place, client, 2) == "invalid_client"


async def test_a_client_is_suspended_by_one_resumed_by_two_and_revoked_for_good(place: FundTown) -> None:
    client = await let_in(place)
    stopped = await clients.suspend(place.house, by(place, "ops.chen"), SuspendClient(client, "its phone app was altered"))
    assert stopped == clients.ClientStanding(client, "suspended")
    assert await refused(place, client) == "invalid_client"
    assert not isinstance(await decided(place, ProposeClientState(client, "active", "a new version is out")), Refusal)
    await granted(place, client)
    assert not isinstance(await decided(place, ProposeClientState(client, "revoked", "the contract ended")), Refusal)
    assert await refused(place, client) == "invalid_client"
    for wanted in (ProposeClientState(client, "active", "again"), ProposeClientSecret(client, digest(2), FAR)):
        assert code_of(await decided(place, wanted)) == "not_from_here"
    async with place.house.database.read() as tx:
        (only,) = await clients.shown(tx)
    assert [(one["state"], one["by"], one["approved_by"]) for one in only.changes] == [
        ("active", "ops.chen", "ops.qian"), ("suspended", "ops.chen", ""), ("active", "ops.chen", "ops.qian"),
        ("revoked", "ops.chen", "ops.qian"),
    ]  # fmt: skip


async def test_a_client_that_is_not_there_is_not_changed(place: FundTown) -> None:
    nobody = "cli_" + "0" * 32
    assert code_of(await clients.suspend(place.house, by(place, "ops.chen"), SuspendClient(nobody, "why not"))) == "unknown_client"
    assert code_of(await decided(place, ProposeClientState(nobody, "revoked", "why not"))) == "unknown_client"
    assert code_of(await decided(place, ProposeClientSecret(nobody, digest(1), FAR))) == "unknown_client"


@pytest.mark.parametrize(
    ("command", "where"),
    [
        (ProposeClient(" ", SCOPES, digest(1), FAR), "name"),
        (ProposeClient("x" * 61, SCOPES, digest(1), FAR), "name"),
        (ProposeClient("A", [], digest(1), FAR), "scopes"),
        (ProposeClient("A", [Scope.ORDERS_READ, Scope.ORDERS_READ], digest(1), FAR), "scopes"),
        (ProposeClient("A", SCOPES, secret(1), FAR), "secret_sha256"),
        (ProposeClient("A", SCOPES, digest(1), MONDAY - timedelta(days=1)), "good_until"),
        (ProposeClient("A", SCOPES, digest(1), MONDAY + timedelta(days=732)), "good_until"),
        (ProposeClientState("cli_0", "suspended", "why"), "state"),
        (ProposeClientState("cli_0", "active", " "), "reason"),
    ],
)
async def test_a_proposal_that_cannot_be_read_is_named(place: FundTown, command: Any, where: str) -> None:
    with pytest.raises(BadInput, match=where):
        await setup.propose(place.house, by(place, "ops.chen"), command)


async def test_nothing_that_is_stored_or_shown_lets_a_secret_be_tried(place: FundTown) -> None:
    client = await let_in(place)
    await granted(place, client)
    async with place.house.database.read() as tx:
        names = await tx.fetch("select tablename from pg_tables where schemaname = 'tapwealth' and tablename <> 'alembic_version'")
        stored = "".join([str(await tx.fetch(f'select * from "{row[0]}"')) for row in names])
        seen = msgspec.json.encode(await clients.shown(tx)).decode()
    assert client.removeprefix("cli_") in stored.replace("-", "")
    assert secret(1) not in stored + seen
    assert digest(1) not in stored + seen
    assert repr(bytes.fromhex(digest(1)))[2:-1] not in stored


async def test_a_token_that_was_altered_or_is_over_is_nobodys(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await let_in(place)
    token = (await granted(place, client, wanted=["orders:read"])).token
    reads = Tokens(place.house)
    content, _, seal = token.removeprefix("twa_").partition(".")
    parts = msgspec.json.decode(base64.urlsafe_b64decode(content + "=="[: -len(content) % 4]))
    more = base64.urlsafe_b64encode(msgspec.json.encode([*parts[:2], [*parts[2], "orders:write"]])).decode().rstrip("=")
    for other in (f"twa_{more}.{seal}", token[:-2] + "AA", token.removeprefix("twa_"), "twa_", "twa_.", f"twa_{content}.", token + "é"):
        assert reads.read(other) is None, other
    assert reads.read(token) is not None
    now = clock.machine_seconds()
    for late, good in ((3590, True), (3601, False)):
        monkeypatch.setattr(clients, "machine_seconds", lambda late=late: now + late)
        assert (reads.read(token) is not None) is good
        assert (Tokens(place.house).read(token) is not None) is good


async def buy(place: FundTown, envelope: Envelope) -> Any:
    (answer,) = await place.buy(Placing(envelope, PurchaseFund("000198", 100)))
    return answer


async def test_a_client_buys_for_who_consented_and_for_nobody_else(place: FundTown) -> None:
    client, other = await let_in(place), await let_in(place, 2)
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    assert code_of(await buy(place, acting(place, client, wang))) == "unknown_account"
    given = await consent(place, wang, client)
    assert isinstance(given, ConsentView)
    assert (given.client, given.account, given.state) == (client, f"acc_{wang.id.hex}", "given")
    assert isinstance(await buy(place, acting(place, client, wang)), PurchasePlaced)
    assert code_of(await buy(place, acting(place, client, li))) == "unknown_account"
    assert code_of(await buy(place, acting(place, other, wang))) == "unknown_account"
    assert code_of(await buy(place, acting(place, client, wang, Scope.PAYMENTS_WRITE))) == "unknown_account"


async def test_what_was_taken_back_lets_nothing_through_and_is_not_remembered(place: FundTown) -> None:
    client, wang = await let_in(place), await place.person("Wang", 100_000)
    await consent(place, wang, client)
    asked = acting(place, client, wang)
    taken = await consents.withdraw(place.house, place.envelope(wang), WithdrawConsent(client))
    assert isinstance(taken, ConsentView)
    assert taken.state == "withdrawn"
    assert code_of(await buy(place, asked)) == "unknown_account"
    assert code_of(await consents.withdraw(place.house, place.envelope(wang), WithdrawConsent(client))) == "not_given"
    await consent(place, wang, client)
    assert isinstance(await buy(place, asked), PurchasePlaced)
    async with place.house.database.read() as tx:
        assert [(one.client, one.state) for one in await consents.held(tx, wang.book, wang.id)] == [(client, "given")]


async def test_what_is_of_somebody_else_in_the_same_book_is_not_shown(place: FundTown) -> None:
    client = await let_in(place)
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    same = next(name for name in map(str, range(9)) if sum(name.encode()) % place.house.books + 1 == wang.book)
    other = await place.person(same, 100_000)
    assert other.book == wang.book
    for one in (wang, li, other):
        await consent(place, one, client)
    bought = await buy(place, acting(place, client, wang))
    order = unprefixed("ord", bought.order)
    for person, found in ((wang, 1), (other, 0), (li, 0)):
        for wanted in (Wanted(10), Wanted(1, "", order)):
            part = await reading.orders(place.house, acting(place, client, person, Scope.ORDERS_READ).caller, wanted)
            assert isinstance(part, Part)
            assert len(part.found) == found


async def test_a_suspended_client_acts_for_nobody_at_once(place: FundTown) -> None:
    client, wang = await let_in(place), await place.person("Wang", 100_000)
    await consent(place, wang, client)
    await clients.suspend(place.house, by(place, "ops.chen"), SuspendClient(client, "its phone app was altered"))
    assert code_of(await buy(place, acting(place, client, wang))) == "session_ended"
    assert code_of(await consent(place, wang, client)) == "unknown_client"


@pytest.mark.parametrize("how", ["suspended", "revoked"])
async def test_who_stops_a_client_waits_for_what_it_has_under_way_and_nothing_comes_through_afterwards(place: FundTown, how: str) -> None:
    client, wang = await let_in(place), await place.person("Wang", 100_000)
    await consent(place, wang, client)
    done = []

    async def stop() -> None:
        if how == "suspended":
            await clients.suspend(place.house, by(place, "ops.chen"), SuspendClient(client, "its phone app was altered"))
        else:
            assert not isinstance(await decided(place, ProposeClientState(client, "revoked", "the contract ended")), Refusal)
        done.append(how)

    async with asyncio.TaskGroup() as sessions, place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, [wang.book])
        sessions.create_task(stop())
        await others_wait(tx)
        (answer,) = await purchase.purchase(place.house, tx, [Placing(acting(place, client, wang), PurchaseFund("000198", 100))])
        assert isinstance(answer, PurchasePlaced)
        assert not done, "nobody has been told yet that it is stopped"
    assert done == [how]
    assert code_of(await buy(place, acting(place, client, wang))) == "session_ended"


async def test_a_customer_lets_a_client_do_no_more_than_it_was_let_in_for(place: FundTown) -> None:
    client, wang = await let_in(place), await place.person("Wang", 100_000)
    assert code_of(await consent(place, wang, client, [Scope.ORDERS_READ, Scope.PAYMENTS_WRITE])) == "not_offered"
    assert code_of(await consent(place, wang, f"cli_{UUID(int=0).hex}")) == "unknown_client"
    with pytest.raises(BadInput, match="scopes"):
        await consent(place, wang, client, [])
    given = await consent(place, wang, client, [Scope.ORDERS_READ])
    assert isinstance(given, ConsentView)
    assert given.scopes == ["orders:read"]
    assert code_of(await buy(place, acting(place, client, wang))) == "unknown_account"
