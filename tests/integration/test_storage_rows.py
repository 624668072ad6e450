"""Clock, actors, remembered answers, progress, outbox, operators, approvals and installation on the real database."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest

from tapwealth.customers import consents
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.kernel.ids import seeded_random, uuid7
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.storage import actors, approvals, clients, idempotency, installation, operators, outbox, platform_clock, progress
from tapwealth.storage.actors import Actor, ActorKind
from tapwealth.storage.approvals import ApprovalRefusal, ApprovalState
from tapwealth.storage.clients import ClientState
from tapwealth.storage.columns import table, written
from tapwealth.storage.database import Database, Tx
from tapwealth.storage.keystore import FileKeyStore
from tapwealth.storage.operators import Operator, OperatorRefusal, OperatorRole
from tapwealth.storage.outbox import OutboxMessage
from tapwealth.storage.platform_clock import ClockRefusal

NOON = datetime(2014, 2, 24, 4, tzinfo=UTC)
DAY = date(2014, 2, 24)
WORKER, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
def random() -> Random:
    return seeded_random(7)


def new_id(random: Random, book: int = 1) -> UUID:
    return uuid7(NOON, book, lambda: random.getrandbits(64))


async def test_clock_only_forward(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises(Outage, match="not been started"):
            await platform_clock.read(tx)
        assert await platform_clock.start(tx, NOON) == NOON
        assert await platform_clock.start(tx, NOON + timedelta(days=9)) == NOON, "a running clock is left alone"
        later = NOON + timedelta(microseconds=1)
        assert await platform_clock.advance(tx, later) == later
        assert await platform_clock.advance(tx, later) == later
        refused = await platform_clock.advance(tx, NOON)
        assert isinstance(refused, Refusal)
        assert refused.code is ClockRefusal.BACKWARDS
        assert await platform_clock.read(tx) == later


async def test_actors_have_one_number_each(database: Database) -> None:
    wanted = [Actor(book, ActorKind.CUSTOMER, who, "passkey") for book in (1, 2) for who in ("a", "b", "a")]
    async with database.transaction() as tx:
        numbers = await actors.intern(tx, wanted)
    assert numbers[0] == numbers[2] != numbers[1]
    assert [number >> 47 for number in numbers] == [1, 1, 1, 2, 2, 2]
    async with database.transaction() as tx:
        assert await actors.intern(tx, wanted) == numbers
        assert await tx.fetchval("select count(*) from actor where who in ('a', 'b')") == 4


async def test_actor_of_a_rolled_back_transaction_is_added_again(database: Database) -> None:
    actor = Actor(3, ActorKind.PARTNER, "bank", "bearer token")
    with pytest.raises(LookupError):
        await _intern_and_fail(database, actor)
    async with database.transaction() as tx:
        number = (await actors.intern(tx, [actor]))[0]
        assert await tx.fetchval("select who from actor where book = 3 and id = $1", number) == "bank"


async def test_actor_of_a_rolled_back_savepoint_is_added_again(database: Database) -> None:
    actor = Actor(3, ActorKind.PARTNER, "biller", "bearer token")
    async with database.transaction() as tx:
        for _ in range(2):
            with pytest.raises(LookupError):
                await _intern_twice_and_fail(tx, actor)
    for _ in range(3):
        async with database.transaction() as tx:
            number = (await actors.intern(tx, [actor]))[0]
            assert await tx.fetchval("select who from actor where book = 3 and id = $1", number) == "biller"


async def _intern_twice_and_fail(tx: Tx, actor: Actor) -> None:
    async with tx.transaction():
        assert await actors.intern(tx, [actor]) == await actors.intern(tx, [actor])
        raise LookupError


async def test_actor_that_two_add_at_once(database: Database) -> None:
    async def add(who: str) -> int:
        async with database.transaction() as tx:
            both = [Actor(7, ActorKind.CUSTOMER, name, "passkey") for name in ("shared", who)]
            first, _ = await actors.intern(tx, both)
            await tx.fetchval("select pg_sleep(0.05)")
            return first

    assert len(set(await asyncio.gather(*(add(str(n)) for n in range(6))))) == 1


async def _intern_and_fail(database: Database, actor: Actor) -> None:
    async with database.transaction() as tx:
        await actors.intern(tx, [actor])
        raise LookupError


async def test_two_actors_at_one_number(database: Database) -> None:
    newcomer = Actor(4, ActorKind.OPERATOR, "li", "password")
    async with database.transaction() as tx:
        await tx.execute("insert into actor values (4, $1, 1, 'was here first', '')", newcomer.number())
        assert await actors.intern(tx, [newcomer]) == [newcomer.number(turn=1)]
        assert await tx.fetchval("select who from actor where book = 4 and id = $1", newcomer.number()) == "was here first"


async def test_first_answer_is_recalled(database: Database, random: Random) -> None:
    key, unknown = new_id(random), new_id(random)
    async with database.transaction() as tx:
        await idempotency.remember(tx, [(1, key, "Open", b"content", b'{"answer":1}', NOON)])
    async with database.transaction() as tx:
        same, other, book, new = await idempotency.recall(
            tx, [(1, key, b"content"), (1, key, b"other"), (2, key, b"content"), (1, unknown, b"content")]
        )
        assert same is not None
        assert (same.reused, same.answer) == (False, '{"answer": 1}')
        assert other is not None
        assert other.reused
        assert book is None
        assert new is None
        with pytest.raises(asyncpg.UniqueViolationError):
            await idempotency.remember(tx, [(1, key, "Open", b"content", b"{}", NOON)])


async def test_answers_of_several_kinds_and_instants_are_each_kept_under_their_own(database: Database, random: Random) -> None:
    one, other, third = (new_id(random) for _ in range(3))
    later = NOON + timedelta(seconds=1)
    async with database.transaction() as tx:
        await idempotency.remember(tx, [(1, one, "Open", b"a", b'{"answer":1}', NOON), (2, other, "Close", b"b", b'{"answer":2}', later)])
        await idempotency.remember(tx, [(3, third, "Open", b"c", b'{"answer":3}', later), (1, third, "Open", b"d", b'{"answer":4}', later)])
        rows = await tx.fetch("select book, key, kind, content_hash, answer ->> 'answer', recorded_at from command_log order by book, kind")
    assert {tuple(row) for row in rows if row["key"] in (one, other, third)} == {
        (1, one, "Open", b"a", "1", NOON), (2, other, "Close", b"b", "2", later),
        (3, third, "Open", b"c", "3", later), (1, third, "Open", b"d", "4", later),
    }  # fmt: skip


async def test_a_client_may_by_its_own_state_and_by_each_person(database: Database, random: Random) -> None:
    active, stopped, person, other = (new_id(random) for _ in range(4))
    async with database.transaction() as tx:
        for client, state in ((active, ClientState.ACTIVE), (stopped, ClientState.SUSPENDED)):
            await clients.add_client(tx, clients.Client(client, str(client)[:8], tuple(clients.Scope), state, NOON))
        await customers.add_persons(tx, [PersonRow(1, one, one.bytes, b"", "*", 1, NOON) for one in (person, other)])
        reads, writes = "orders:read", "orders:write"
        given = [consents.Consent(1, person, client, (reads,), "given", NOON) for client in (active, stopped)]
        await consents.put(tx, [*given, consents.Consent(1, other, active, (reads, writes), "withdrawn", NOON)])
        wanted = [
            (1, person, active, reads), (1, person, active, writes), (1, other, active, writes), (1, person, stopped, reads),
            (2, person, active, reads), (1, person, active, reads),
        ]  # fmt: skip
        lacking = await consents.lacking(tx, [consents.Permission(*one) for one in wanted])
    assert lacking == {1: (True, False), 2: (True, False), 3: (False, True), 4: (True, False)}


async def test_progress_keeps_the_first_report(database: Database) -> None:
    async with database.transaction() as tx:
        await progress.fail(tx, "end_of_day", DAY, "prove", 1, {"wrong": 1})
        assert await progress.finished(tx, "end_of_day", DAY, 1) == {}
        assert await progress.failed(tx, "end_of_day", DAY, 1) == {"prove": {"wrong": 1}}
        await progress.finish(tx, "end_of_day", DAY, "prove", 1, {"wrong": 0})
        await progress.finish(tx, "end_of_day", DAY, "prove", 1, {"wrong": 2})
        await progress.fail(tx, "end_of_day", DAY, "prove", 1, {"wrong": 3})
        assert await progress.finished(tx, "end_of_day", DAY, 1) == {"prove": {"wrong": 0}}
        assert await progress.finished(tx, "end_of_day", DAY, 2) == {}


async def test_outbox_leases_and_retries(database: Database, random: Random) -> None:
    first, second = (OutboxMessage(1, new_id(random), "bank", "payment", {"n": n}) for n in (1, 2))
    async with database.transaction() as tx:
        await outbox.put(tx, [first, second])
        await outbox.put(tx, [OutboxMessage(1, first.id, "bank", "payment", {"n": "a rerun changes nothing"})])
    async with database.transaction() as tx:
        taken = await outbox.take(tx, [1], "bank", WORKER, NOON)
        assert [(message.payload, message.attempts) for message in taken] == [({"n": 1}, 1), ({"n": 2}, 1)] or first.id > second.id
        assert await outbox.take(tx, [1], "bank", OTHER, NOON) == [], "leased"
        assert await outbox.take(tx, [1], "biller", OTHER, NOON) == []
        assert await outbox.take(tx, [2], "bank", OTHER, NOON) == []
        await outbox.mark_sent(tx, [(taken[0], {"ok": True})], NOON)
        await outbox.mark_failed(tx, [(taken[1], "no answer")], WORKER, NOON)
    async with database.transaction() as tx:
        assert await outbox.take(tx, [1], "bank", OTHER, NOON) == [], "not yet"
        again = await outbox.take(tx, [1], "bank", OTHER, NOON + outbox.pause_after(1))
        assert [message.id for message in again] == [taken[1].id]
        assert again[0].attempts == 2
        await outbox.renew(tx, [1], OTHER, NOON + timedelta(minutes=1))
        await outbox.renew(tx, [1], WORKER, NOON + timedelta(hours=1))
        assert await outbox.take(tx, [1], "bank", WORKER, NOON + timedelta(minutes=1) + outbox.LEASE / 2) == [], "its holder lives"
    expired = NOON + timedelta(minutes=2)
    async with database.transaction() as tx:
        assert len(await outbox.take(tx, [1], "bank", WORKER, expired)) == 1, "the lease of a dead worker runs out"
        await outbox.mark_failed(tx, [(again[0], "the old worker wakes up")], OTHER, expired)
        assert await tx.fetchval("select leased_by from outbox where id = $1", again[0].id) == WORKER


async def test_two_workers_share_the_outbox(database: Database, random: Random) -> None:
    messages = [OutboxMessage(5, new_id(random, 5), "biller", "pay", {}) for _ in range(10)]
    async with database.transaction() as tx:
        await outbox.put(tx, messages)
    async with database.transaction() as one, database.transaction() as two:
        left = await outbox.take(one, [5], "biller", WORKER, NOON, limit=4)
        right = await outbox.take(two, [5], "biller", OTHER, NOON)
    assert (len(left), len(right)) == (4, 6)
    assert {message.id for message in (*left, *right)} == {message.id for message in messages}


def test_pauses_grow_to_a_minute() -> None:
    pauses = [outbox.pause_after(attempts) for attempts in range(1, 100)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(milliseconds=200), timedelta(seconds=60))


async def hired(database: Database, random: Random, login: str, *roles: OperatorRole) -> Operator:
    stored = await operators.password_hash(Masked(f"the password of {login}"))
    assert isinstance(stored, str)
    async with database.transaction() as tx:
        operator = await operators.create(tx, lambda: random.getrandbits(64), login, login.title(), roles, stored, NOON)
    assert isinstance(operator, Operator)
    return operator


async def test_operators_and_passwords(database: Database, random: Random) -> None:
    operator = await hired(database, random, "wang", OperatorRole.ACCOUNTANT)
    async with database.transaction() as tx:
        taken = await operators.create(tx, lambda: 5, "wang", "Another", [], "hash", NOON)
        assert isinstance(taken, Refusal)
        assert taken.code is OperatorRefusal.LOGIN_TAKEN
        found, nobody = await operators.stored(tx, "wang"), await operators.stored(tx, "nobody")
        assert await operators.find(tx, operator.id) == operator
    assert found is not None
    assert "password" not in found[1]
    assert await operators.verify(found, Masked("the password of wang")) == operator
    for wrong in (await operators.verify(found, Masked("wrong")), await operators.verify(nobody, Masked("nobody has this password"))):
        assert isinstance(wrong, Refusal)
        assert wrong.code is OperatorRefusal.WRONG_CREDENTIALS
    weak = await operators.password_hash(Masked("short"))
    assert isinstance(weak, Refusal)
    async with database.transaction() as tx:
        await operators.set_active(tx, operator.id, False)
        found = await operators.stored(tx, "wang")
    inactive = await operators.verify(found, Masked("the password of wang"))
    assert isinstance(inactive, Refusal)
    assert inactive.code is OperatorRefusal.INACTIVE


async def test_four_eyes(database: Database, random: Random) -> None:
    role = OperatorRole.PRODUCT_MANAGER
    zhao, qian = await hired(database, random, "zhao", role), await hired(database, random, "qian", role)
    sun = await hired(database, random, "sun", OperatorRole.SUPPORT)
    key = new_id(random)
    async with database.transaction() as tx:
        not_allowed = await approvals.propose(tx, 1, key, "fee", {"per_mille": 6}, sun, role, NOON)
        await approvals.propose(tx, 1, key, "fee", {"per_mille": 6}, zhao, role, NOON)
        assert [approval.id for approval in await approvals.waiting(tx, 1)] == [key]
        refusals = [
            not_allowed,
            await approvals.decide(tx, 1, key, ApprovalState.APPROVED, sun, role, "", NOON),
            await approvals.decide(tx, 1, new_id(random), ApprovalState.APPROVED, qian, role, "", NOON),
            await approvals.decide(tx, 1, key, ApprovalState.APPROVED, zhao, role, "", NOON),
        ]
        approved = await approvals.decide(tx, 1, key, ApprovalState.APPROVED, qian, role, "checked", NOON)
        refusals.append(await approvals.decide(tx, 1, key, ApprovalState.REJECTED, qian, role, "", NOON))
        assert await approvals.waiting(tx, 1) == []
    assert isinstance(approved, approvals.Approval)
    assert (approved.state, approved.approver, approved.proposal) == (ApprovalState.APPROVED, qian.id, {"per_mille": 6})
    assert [refusal.code for refusal in refusals if isinstance(refusal, Refusal)] == [
        ApprovalRefusal.NOT_ALLOWED,
        ApprovalRefusal.NOT_ALLOWED,
        ApprovalRefusal.UNKNOWN,
        ApprovalRefusal.SAME_PERSON,
        ApprovalRefusal.ALREADY_DECIDED,
    ]


async def test_database_itself_refuses_one_pair_of_eyes(database: Database, random: Random) -> None:
    operator = await hired(database, random, "zhou", OperatorRole.OPERATIONS)
    async with database.transaction() as tx:
        with pytest.raises(asyncpg.CheckViolationError):
            await tx.execute(
                "insert into approval (book, id, kind, proposal, proposer, proposed_at, state, approver, decided_at)"
                " values (1, $1, 'fee', '{}', $2, $3, 'approved', $2, $3)",
                new_id(random),
                operator.id,
                NOON,
            )


async def test_keys_belong_to_the_database(database: Database, tmp_path: Path) -> None:
    right, wrong = FileKeyStore(tmp_path / "right"), FileKeyStore(tmp_path / "wrong")
    async with database.transaction() as tx:
        assert await installation.install(tx, 16, right, NOON) == 16
        assert await installation.install(tx, 4, right, NOON) == 16, "the number of books is fixed once"
        with pytest.raises(Outage, match="does not belong"):
            await installation.install(tx, 16, wrong, NOON)


class _Row(NamedTuple):
    number: int
    word: str
    day: date | None


@pytest.mark.parametrize("days", [[DAY, DAY, DAY], [None, None, None], [DAY, None, DAY + timedelta(days=1)], [DAY], []])
async def test_rows_come_out_as_they_were_handed_in(database: Database, days: list[date | None]) -> None:
    """What all rows have alike is handed in once; an empty field among others stays empty."""
    rows = [_Row(number, "alike", day) for number, day in enumerate(days)]
    types = {"number": "int", "word": "text", "day": "date"}
    async with database.look() as tx:
        handed = written(rows, list(types))
        assert all(len(column) == 1 for column in handed if column and set(column) == {column[0]})
        found = await tx.fetch(f"select * from {table(types, place='place')} order by place", *handed)
    assert [tuple(row) for row in found] == [(*row, place) for place, row in enumerate(rows, 1)]


async def test_statements_do_not_grow_with_the_list(
    database: Database, random: Random, count_statements: Callable[[Any], list[str]]
) -> None:
    counts: dict[int, int] = {}
    for many in (1, 10, 1_000):  # the first lets the driver learn the types
        async with database.transaction() as tx:
            seen = count_statements(tx)
            await actors.intern(tx, [Actor(6, ActorKind.CUSTOMER, f"{many}-{n}", "passkey") for n in range(many)])
            keys = [new_id(random, 6) for _ in range(many)]
            await idempotency.recall(tx, [(6, key, b"") for key in keys])
            await idempotency.remember(tx, [(6, key, "Open", b"", b"{}", NOON) for key in keys])
            await outbox.put(tx, [OutboxMessage(6, key, "bank", "payment", {}) for key in keys])
            await asyncio.sleep(0)  # the driver reports a statement a moment later
            counts[many] = len(seen)
    assert (counts[10], counts[1_000]) == (5, 5)


@pytest.fixture
def count_statements() -> Callable[[Any], list[str]]:
    def watch(connection: Any) -> list[str]:
        seen: list[str] = []
        connection.add_query_logger(lambda record: seen.append(record.query))
        return seen

    return watch
