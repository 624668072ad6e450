"""The audit holds over any history, and finds and locates whatever is changed behind the ledger's back by the owner of the database."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest
from apart import run_apart
from ledger_histories import FIRST_DAY, UNITS, Story, people_accounts

from tapwealth.kernel.ids import uuid7
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger import heads
from tapwealth.ledger.audit import Audit, audit, audit_snapshot
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.findings import Wrong
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.port import Shares, Spread
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage.database import Database

BOOKS, PEOPLE = 3, 24


@pytest.fixture(scope="module")
def told(database_url: str) -> str:
    """A database with a history: three dates closed, entries of the next recorded before the close, more since."""
    run_apart(tell(database_url))
    return database_url


async def tell(url: str) -> None:
    ledger = PostgresLedger(BOOKS)
    async with Database(url) as database:
        wanted = people_accounts(PEOPLE, BOOKS)
        async with database.transaction() as tx:
            await ledger.install(tx)
            await ledger.open_accounts(tx, house_accounts(BOOKS, UNITS))
            ids = await ledger.open_accounts(tx, wanted)
        story = Story.of(Random(7), BOOKS, PEOPLE, wanted, ids)
        for day in range(4):
            for turn, (now, entries) in enumerate(story.calls(14)):
                async with database.transaction() as tx:
                    await ledger.post(tx, now, entries)
                    if turn % 6 == 0:
                        await spread(ledger, tx, story)
            if day < 3:
                async with database.transaction() as tx:
                    for book in range(BOOKS + 1):
                        for date in (story.day - timedelta(days=1), story.day):
                            assert isinstance(await ledger.close_date(tx, story.now, book, date), int)
                story.day += timedelta(days=1)


async def spread(ledger: PostgresLedger, tx: Any, story: Story) -> None:
    """Income of every holding, nothing for some."""
    keys = {book: uuid7(story.now, book, lambda: story.random.getrandbits(64)) for book in range(1, BOOKS + 1)}
    shares = [(account, story.random.choice((0, 1, 30))) for of in story.units.values() for account in of]
    await ledger.spread(tx, story.now, Spread(keys, 9, story.day, 1, UNITS, Kind.ADVANCER), Shares.of(shares))


@pytest.fixture
async def owner(told: str) -> AsyncIterator[Any]:
    """The owner's connection, inside a transaction that is taken back: what one test changes the next does not see."""
    connection = await asyncpg.connect(told, server_settings={"search_path": "tapwealth"})
    change = connection.transaction()
    await change.start()
    yield connection
    await change.rollback()
    await connection.close()


def show(result: Audit) -> list[str]:
    return [str(finding) for finding in result.findings]


async def test_holds(owner: Any) -> None:
    result = await audit_snapshot(owner)
    assert show(result) == []
    assert result.batches > 50
    assert result.lines == await owner.fetchval("select (select count(*) from transfer) + (select count(*) from refusal)")
    assert await owner.fetchval("select count(distinct code) from refusal") >= 8
    assert await owner.fetchval("select count(*) from transfer where op = 4 and kind = 0") > 0


@pytest.mark.parametrize("day", range(3))
async def test_holds_since(owner: Any, day: int) -> None:
    result = await audit_snapshot(owner, since=FIRST_DAY + timedelta(days=day))
    assert show(result) == []
    assert 0 < result.lines < (await audit_snapshot(owner)).lines


async def test_since_an_open_date_is_bad_input(owner: Any) -> None:
    with pytest.raises(BadInput, match="is not closed"):
        await audit_snapshot(owner, since=FIRST_DAY + timedelta(days=30))


async def middle(owner: Any, where: str = "true", table: str = "transfer") -> Any:
    """A row from the middle of a history."""
    return await owner.fetchrow(
        f"select * from {table} where {where} order by book desc, no offset (select count(*) / 3 from {table} where {where}) limit 1"
    )


def places(result: Audit, wrong: Wrong) -> set[tuple[int, int | None, int | None]]:
    return {(finding.book, finding.batch, finding.line) for finding in result.findings if finding.wrong is wrong}


def place(row: Any) -> tuple[int, int, int]:
    return (row["book"], row["no"] >> 20, row["no"] & 0xFFFFF)


COLUMNS = {
    "amount": "amount + 1",
    "debit": "debit + 1",
    "credit": "credit + 1",
    "actor": "actor + 1",
    "kind": "kind + 1",
    "asset": "3 - asset",
    "business_date": "business_date + 1",
    "reference": "coalesce(null, '00000000-0000-0000-0000-000000000009'::uuid)",
    "key": "'00000000-0000-0000-0000-000000000009'::uuid",
    "expires_at": "'2020-01-01'::timestamptz",
    "row_hash": "row_hash # 1",
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("table", ["transfer", "refusal"])
async def test_a_changed_line(owner: Any, table: str, column: str) -> None:
    row = await middle(owner, "debit + 1 <> credit and credit + 1 <> debit", table)
    await owner.execute(f"update {table} set {column} = {COLUMNS[column]} where book = $1 and no = $2", row["book"], row["no"])
    result = await audit_snapshot(owner)
    assert places(result, Wrong.LINE_CHANGED) == {place(row)}


async def test_a_changed_amount_with_its_hash_made_good(owner: Any) -> None:
    """The chain names the batch, the balances the two accounts."""
    row = await middle(owner, "op = 0 and seq = 0")
    await owner.execute("update transfer set amount = amount + 7 where book = $1 and no = $2", row["book"], row["no"])
    await owner.execute(
        "update transfer set row_hash = ledger_row_hash(no, key, debit, credit, amount, actor, business_date, seq, op, kind, asset,"
        " 0::smallint, hold, expires_at, reference) where book = $1 and no = $2",
        row["book"],
        row["no"],
    )
    result = await audit_snapshot(owner)
    assert places(result, Wrong.CHAIN_BROKEN) == {(row["book"], row["no"] >> 20, None)}
    touched = [finding.detail for finding in result.findings if finding.wrong is Wrong.BALANCE_CHANGED]
    assert len(touched) == 2
    assert all(any(f"account {row[side]} " in detail for detail in touched) for side in ("debit", "credit"))


async def test_a_deleted_middle_line(owner: Any) -> None:
    row = await middle(owner)
    await owner.execute("delete from transfer where book = $1 and no = $2", row["book"], row["no"])
    assert places(await audit_snapshot(owner), Wrong.LINE_MISSING) == {place(row)}


async def test_a_deleted_last_line(owner: Any) -> None:
    row = await owner.fetchrow("select * from transfer where book = 2 order by no desc limit 1")
    await owner.execute("delete from transfer where book = 2 and no = $1", row["no"])
    assert places(await audit_snapshot(owner), Wrong.LINE_MISSING) == {place(row)}


async def test_a_deleted_refusal(owner: Any) -> None:
    row = await middle(owner, table="refusal")
    await owner.execute("delete from refusal where book = $1 and no = $2", row["book"], row["no"])
    assert places(await audit_snapshot(owner), Wrong.LINE_MISSING) == {place(row)}


async def test_a_deleted_last_batch_with_all_that_shows_it(owner: Any) -> None:
    """Lines, link, and the row of the book put back to what it was before: the balances still know, and so do the heads kept outside."""
    kept = [
        heads.KeptHead("2014-02-26", *row)
        for row in await owner.fetch("select book, batch, encode(digest, 'hex') from book where book = 1")
    ]
    batch = kept[0].batch
    for table in ("transfer", "refusal"):
        await owner.execute(f"delete from {table} where book = 1 and no >= $1::bigint << 20", batch)
    await owner.execute("delete from batch where book = 1 and batch = $1", batch)
    await owner.execute(
        "update book b set batch = p.batch, digest = p.digest from batch p where b.book = 1 and p.book = 1 and p.batch = $1", batch - 1
    )
    result = await audit_snapshot(owner, heads=kept)
    assert places(result, Wrong.HEAD_CHANGED) == {(1, batch, None)}
    assert {finding.wrong for finding in result.findings} >= {Wrong.HEAD_CHANGED, Wrong.BOOK_CHANGED}


async def test_a_batch_taken_out_with_its_lines(owner: Any) -> None:
    batch = await owner.fetchval("select batch / 2 from book where book = 2")
    for table in ("transfer", "refusal"):
        await owner.execute(f"delete from {table} where book = 2 and no >> 20 = $1", batch)
    await owner.execute("delete from batch where book = 2 and batch = $1", batch)
    assert places(await audit_snapshot(owner), Wrong.BATCH_MISSING) == {(2, batch, None)}


async def test_an_inserted_line(owner: Any) -> None:
    row = await middle(owner)
    lines = await owner.fetchval("select lines from batch where book = $1 and batch = $2", row["book"], row["no"] >> 20)
    no = row["no"] >> 20 << 20 | lines + 1
    await owner.execute(
        "insert into transfer select $2, '00000000-0000-0000-0000-000000000009', debit, credit, amount, debit_before, credit_before, actor,"
        " row_hash, book, business_date, 0, op, kind, asset, hold, expires_at, reference from transfer where book = $1 and no = $3",
        row["book"],
        no,
        row["no"],
    )
    assert places(await audit_snapshot(owner), Wrong.LINE_ADDED) == {(row["book"], no >> 20, no & 0xFFFFF)}


async def test_two_lines_swapped(owner: Any) -> None:
    first = await middle(owner)
    second = await owner.fetchrow(
        "select * from transfer where book = $1 and no > $2 and amount <> $3 order by no limit 1 offset 3",
        first["book"],
        first["no"],
        first["amount"],
    )
    for no in (first["no"], second["no"]):
        await owner.execute("update transfer set seq = seq + 100 where book = $1 and no = $2", first["book"], no)
    for one, other in ((first, second), (second, first)):
        await owner.execute(
            "update transfer set key = $3, seq = $4, debit = $5, credit = $6, amount = $7, asset = $8, kind = $9, op = $10, hold = $11,"
            " expires_at = $12, reference = $13, actor = $14, business_date = $15, row_hash = $16 where book = $1 and no = $2",
            one["book"],
            one["no"],
            *(
                other[name]
                for name in (
                    "key",
                    "seq",
                    "debit",
                    "credit",
                    "amount",
                    "asset",
                    "kind",
                    "op",
                    "hold",
                    "expires_at",
                    "reference",
                    "actor",
                    "business_date",
                    "row_hash",
                )
            ),
        )
    assert places(await audit_snapshot(owner), Wrong.LINE_CHANGED) == {place(first), place(second)}


HOLD_COLUMNS = {
    "amount": "amount + 1",
    "captured": "captured + 1",
    "state": "case state when 1 then 3 else 1 end",
    "expires_at": "expires_at + interval '1 hour'",
    "debit": "debit + 1",
    "link": "'00000000-0000-0000-0000-000000000009'::uuid",
    "linked": "linked + 1",
}


@pytest.mark.parametrize("column", HOLD_COLUMNS)
@pytest.mark.parametrize("state", [1, 2])
async def test_a_changed_hold(owner: Any, column: str, state: int) -> None:
    hold = await owner.fetchrow("select * from hold where state = $1 order by book, id limit 1 offset 2", state)
    await owner.execute(f"update hold set {column} = {HOLD_COLUMNS[column]} where book = $1 and id = $2", hold["book"], hold["id"])
    line = await owner.fetchrow("select * from transfer where book = $1 and hold = $2 and op = 1", hold["book"], hold["id"])
    result = await audit_snapshot(owner)
    assert places(result, Wrong.HOLD_CHANGED) == {place(line)}
    assert any(str(hold["id"]) in text for text in show(result))


async def test_a_hold_taken_out_and_one_put_in(owner: Any) -> None:
    hold = await owner.fetchrow("select * from hold where state = 1 order by book, id limit 1")
    await owner.execute("update hold set id = '00000000-0000-0000-0000-000000000009' where book = $1 and id = $2", hold["book"], hold["id"])
    details = [finding.detail for finding in (await audit_snapshot(owner)).findings if finding.wrong is Wrong.HOLD_CHANGED]
    assert sorted(details) == ["hold 00000000-0000-0000-0000-000000000009 was placed by no line", f"hold {hold['id']} is not there"]


async def test_a_changed_answer(owner: Any) -> None:
    """Another reason for a refusal; and a refusal where an entry stands."""
    row = await middle(owner, table="refusal")
    await owner.execute("update refusal set code = code % 12 + 1 where book = $1 and no = $2", row["book"], row["no"])
    assert places(await audit_snapshot(owner), Wrong.LINE_CHANGED) == {place(row)}


async def test_a_second_answer_under_the_same_key(owner: Any) -> None:
    refused, posted = (
        await middle(owner, table="refusal"),
        await owner.fetchrow("select * from transfer where book = 1 and seq = 0 limit 1"),
    )
    await owner.execute("update refusal set key = $3, book = 1 where book = $1 and no = $2", refused["book"], refused["no"], posted["key"])
    result = await audit_snapshot(owner)
    assert any(finding.wrong is Wrong.ANSWER_CHANGED and str(posted["key"]) in finding.detail for finding in result.findings)


@pytest.mark.parametrize("column", ["debits_posted", "credits_posted", "debits_pending", "credits_pending", "last_no"])
async def test_a_changed_balance(owner: Any, column: str) -> None:
    account = await owner.fetchrow("select * from account where side = 0 and last_no > 0 order by id limit 1")
    await owner.execute(f"update account set {column} = {column} + 1 where id = $1", account["id"])
    result = await audit_snapshot(owner)
    wrong = Wrong.PENDING_CHANGED if "pending" in column else Wrong.BALANCE_CHANGED
    assert [finding.book for finding in result.findings if finding.wrong is wrong] == [account["book"]]
    assert any(f"account {account['id']} " in text for text in show(result))


@pytest.mark.parametrize("column", ["debits_posted", "credits_posted", "debits_so_far", "credits_so_far", "last_no"])
async def test_a_changed_balance_of_a_closed_date(owner: Any, column: str) -> None:
    row = await owner.fetchrow("select * from balance_day order by book desc, account, business_date limit 1 offset 5")
    await owner.execute(
        f"update balance_day set {column} = {column} + 1 where book = $1 and account = $2 and business_date = $3",
        row["book"],
        row["account"],
        row["business_date"],
    )
    assert [finding.book for finding in (await audit_snapshot(owner)).findings if finding.wrong is Wrong.DAY_CHANGED] == [row["book"]]


@pytest.mark.parametrize("column", ["debit_before", "credit_before"])
async def test_a_changed_pointer(owner: Any, column: str) -> None:
    row = await middle(owner)
    await owner.execute(f"update transfer set {column} = {column} + 1 where book = $1 and no = $2", row["book"], row["no"])
    assert places(await audit_snapshot(owner), Wrong.POINTER_CHANGED) == {place(row)}


TAMPERED = {
    "a share": ("update spread_share set amounts[slot] = amounts[slot] + 1", Wrong.SHARE_CHANGED),
    "a share and its total": (
        "update spread_share set amounts[slot] = amounts[slot] + 1, totals[slot] = totals[slot] + 1",
        Wrong.SHARE_CHANGED,
    ),
    "a total": ("update spread_share set totals[slot] = totals[slot] + 1", Wrong.SHARE_CHANGED),
    "a share moved to a neighbour": (
        "update spread_share set amounts[slot] = amounts[slot] - 1, amounts[slot + 1] = coalesce(amounts[slot + 1], 0) + 1",
        Wrong.SHARE_CHANGED,
    ),
    "a share's date": ("update spread_share set business_date = business_date + 1", Wrong.SHARE_CHANGED),
    "shares taken out": ("delete from spread_share", Wrong.SHARE_CHANGED),
    "a share of a number that is none": ("update spread_share set no = no + 1", Wrong.SHARE_CHANGED),
    "what is noted of a spread": ("update spread set accounts = accounts + 1", Wrong.SHARE_CHANGED),
    "a note taken out": ("delete from spread", Wrong.SHARE_CHANGED),
    "what was folded": ("update spread_fold set amount = amount + 1", Wrong.FOLD_CHANGED),
    "what was folded so far": ("update spread_fold set so_far = so_far + 1", Wrong.FOLD_CHANGED),
    "another account's fold": ("update spread_fold set account = account + 1", Wrong.FOLD_CHANGED),
    "a fold's date": ("update spread_fold set business_date = business_date + 1", Wrong.FOLD_CHANGED),
    "a fold taken out": ("delete from spread_fold", Wrong.FOLD_CHANGED),
}


@pytest.mark.parametrize("since", [None, FIRST_DAY + timedelta(days=2)], ids=["from the beginning", "since the last close"])
@pytest.mark.parametrize("what", TAMPERED)
async def test_a_changed_spread(owner: Any, what: str, since: date | None) -> None:
    """Also one from before: what a holder has may hang on an old row."""
    statement, wrong = TAMPERED[what]
    row = await middle(owner, table=statement.split()[2 if statement.startswith("delete") else 1])
    if "slot" in statement:
        slot = next(slot for slot, amount in enumerate(row["amounts"], 1) if amount)
        statement = statement.replace("slot", str(slot))
    where = " and ".join(f"{column} = {row[column]}" for column in ("book", "no", "part", "account") if column in dict(row))
    await owner.execute(f"{statement} where {where}")
    result = await audit_snapshot(owner, since=since)
    assert (row["book"], row["no"] >> 20, row["no"] & 0xFFFFF) in places(result, wrong)


async def test_what_lies_in_the_pool_is_what_is_not_folded(owner: Any) -> None:
    """A whole history of one account's folds gone, and the last of its shares: the sums tell."""
    book, account = await owner.fetchrow("select book, account from spread_fold limit 1")
    await owner.execute("delete from spread_fold where book = $1 and account = $2", book, account)
    result = await audit_snapshot(owner)
    assert any("the pool holds" in one.detail for one in result.findings if one.wrong is Wrong.SHARE_CHANGED)


async def test_a_changed_head(owner: Any) -> None:
    await owner.execute("update book set digest = sha256(digest) where book = 2")
    batch = await owner.fetchval("select batch from book where book = 2")
    assert places(await audit_snapshot(owner), Wrong.HEAD_CHANGED) == {(2, batch, None)}


async def test_a_changed_digest(owner: Any) -> None:
    last = await owner.fetchval("select batch from book where book = 2")
    for batch in (last // 2, last):
        await owner.execute("update batch set digest = sha256(digest) where book = 2 and batch = $1", batch)
        assert (2, batch, None) in places(await audit_snapshot(owner), Wrong.BATCH_CHANGED)
    assert len((await audit_snapshot(owner)).findings) == 2


@pytest.mark.parametrize(
    "what",
    [
        "clock = clock + interval '1 s'",
        "top = '00000000-0000-0000-0000-000000000009'",
        "closed_through = closed_through + 1",
        "batch = batch - 1",
    ],
)
async def test_a_changed_book(owner: Any, what: str) -> None:
    await owner.execute(f"update book set {what} where book = 1")
    result = await audit_snapshot(owner)
    assert result.findings
    assert {finding.book for finding in result.findings} == {1}


async def test_a_head_kept_outside(owner: Any) -> None:
    lines = 2 * heads.lines_of(FIRST_DAY, await PostgresLedger(BOOKS).heads(owner))
    kept = heads.parse(lines)
    assert len(kept) == 2 * (BOOKS + 1)
    assert show(await audit_snapshot(owner, heads=kept)) == []
    lines[2] = lines[2].replace(kept[2].digest, kept[2].digest[::-1])
    result = await audit_snapshot(owner, heads=heads.parse(lines))
    assert places(result, Wrong.HEAD_CHANGED) == {(2, kept[2].batch, None)}


GOOD = '{"date": "2014-02-24", "book": 1, "batch": 2, "digest": "ab"}'


@pytest.mark.parametrize(
    "line", ["{}", "nonsense", GOOD.replace("1,", '"1",'), GOOD.replace("2,", "-2,"), "[1]", "\x00", "7", GOOD[:-9], "[" * 100_000]
)
def test_an_unreadable_head_is_named(line: str) -> None:
    with pytest.raises(BadInput, match=r"line 2: .*; restore"):
        heads.parse([GOOD, line])


async def test_as_data(told: str) -> None:
    async with Database(told) as database:
        async with database.read() as tx:
            lines = heads.lines_of(FIRST_DAY, await PostgresLedger(BOOKS).heads(tx))
        clean = await audit(database, lines, FIRST_DAY)
        assert clean == {
            "clean": True,
            "since": "2014-02-24",
            "books": 4,
            "batches": clean["batches"],
            "lines": clean["lines"],
            "archives": 0,
            "heads": 4,
            "findings": [],
        }
        changed = await audit(database, [line.replace('"batch": ', '"batch": 9') for line in lines])
    assert not changed["clean"]
    assert [finding["wrong"] for finding in changed["findings"]] == ["head_changed"] * 4
    assert changed["findings"][1]["text"].startswith("book 1, batch 9")


async def test_what_an_accounts_row_says_was_folded_is_what_was(owner: Any) -> None:
    """A register that is read whole takes it from there."""
    book, account, folded = await owner.fetchrow("select book, id, folded from account where folded > 0 limit 1")
    await owner.execute("update account set folded = folded - 1 where book = $1 and id = $2", book, account)
    said = f"account {account}: {folded - 1} was folded by its row, {folded} by its folds"
    assert [str(one) for one in (await audit_snapshot(owner)).findings if one.wrong is Wrong.FOLD_CHANGED] == [
        f"book {book}: {Wrong.FOLD_CHANGED.value}; {said}"
    ]
