"""A day's income by columns gives everybody what it gives them one by one, and finds holders by their names whatever these are."""

from datetime import date
from typing import Any

import asyncpg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.funds import holder_names
from tapwealth.funds.holder_names import TA_WIDTH, TRADING_WIDTH, HolderNames
from tapwealth.funds.income import Account, distribute, distribute_columns
from tapwealth.ledger.columns import NOTHING, total_of
from tapwealth.ledger.port import Shares, Spread
from tapwealth.ledger.share_rows import shares_of_books
from tapwealth.storage import fixed_rows as fixed_rows_module
from tapwealth.storage.fixed_rows import TEXT, Rows, UnequalRows, fixed_rows, letters, stream_rows

NAMES = st.tuples(st.text("01A", max_size=3), st.text("01z", max_size=3))
TEXTS = NAMES | st.tuples(st.text("01王é", max_size=3), st.text("01王", max_size=3))
RATES = st.integers(-99_999_999, 99_999_999)


def names_of(accounts: list[Account]) -> HolderNames:
    def padded(place: int, width: int) -> Any:
        raw = b"".join(name[place].encode("gb18030").ljust(width) for name in accounts)
        return np.frombuffer(raw, np.uint8).reshape(len(accounts), width)

    return HolderNames(padded(0, TA_WIDTH), padded(1, TRADING_WIDTH))


@given(st.dictionaries(TEXTS, st.integers(0, 10**12) | st.just(5_000), max_size=12), RATES | st.sampled_from([10_000, -10_000]))
def test_shares_by_column_are_those_one_by_one(holdings: dict[Account, int], rate: int) -> None:
    """Equal remainders among them, of names that are not ASCII too."""
    units = np.array(list(holdings.values()), np.int64)
    shares = distribute_columns(rate, units, names_of(list(holdings)).first)
    assert shares.tolist() == list(distribute(rate, holdings).values())


@given(st.lists(st.integers(0, (1 << 62)), min_size=1, max_size=6), RATES)
def test_units_beyond_what_a_number_holds_when_multiplied_are_exact(units: list[int], rate: int) -> None:
    holdings = {(f"{place:012d}", "1"): one for place, one in enumerate(units)}
    shares = distribute_columns(rate, np.array(units, np.int64), names_of(list(holdings)).first)
    assert shares.tolist() == list(distribute(rate, holdings).values())


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1)))
def test_a_sum_is_exact_however_great(column: list[int]) -> None:
    assert total_of(np.array(column, np.int64)) == sum(column)


@given(st.lists(NAMES, max_size=12), st.lists(NAMES, max_size=12, unique=True), st.booleans())
def test_holders_are_found_by_their_names_and_by_nothing_else(wanted: list[Account], known: list[Account], alike: bool) -> None:
    """If all names mix alike as well."""
    with pytest.MonkeyPatch.context() as patch:
        if alike:
            patch.setattr(holder_names, "_ODD", np.uint64(0))
        names = names_of(wanted)
        assert names.found_in(names_of(known)).tolist() == [known.index(one) if one in known else -1 for one in wanted]
        assert names.repeated() is (len(set(wanted)) < len(wanted))
        assert [names.text(place) for place in range(len(wanted))] == wanted


SHARES = st.dictionaries(st.integers(0, 600), st.integers(0, 1 << 40), max_size=40)


@given(st.lists(SHARES, min_size=1, max_size=3))
def test_what_rows_of_shares_give_in_all_is_their_sum(days: list[dict[int, int]]) -> None:
    """Slot by slot; an account of which nothing was said has nothing, one that was given nothing has zero."""
    book = 7 << 48
    ever: dict[int, int] = {}
    for shares in days:
        given_now = shares_of_books(Shares.of([(book + slot, amount) for slot, amount in shares.items()]))
        assert [one.amount for one in given_now.values()] == [sum(shares.values())] * (sum(shares.values()) > 0)
        for one in given_now.values():
            before = np.array([[ever.get((part << 8) + slot - book, NOTHING) for slot in range(256)] for part in one.parts.tolist()])
            ever = {slot: ever.get(slot, 0) + shares.get(slot, 0) for slot in ever.keys() | shares.keys()}
            after = [[ever.get((part << 8) + slot - book, NOTHING) for slot in range(256)] for part in one.parts.tolist()]
            assert one.totals(before).tolist() == after
            assert one.count == len(shares)


async def test_rows_of_shares_hash_as_the_database_hashes_them(database_url: str) -> None:
    """Whole ones, and those with gaps."""
    shares = Shares.of([((3 << 48) + slot, slot * 7) for slot in (*range(256), 300, 511, 700)])
    (one,) = shares_of_books(shares).values()
    reference, _ = one.rows(1 << 20 | 1, 3, Spread({}, 1, date(2014, 4, 1), 1, 2, 1), np.full((3, 256), NOTHING))
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "tapwealth"})
    try:
        texts = [[slot * 7 if (3 << 48) + slot in shares.accounts else None for slot in range(at, at + 256)] for at in (0, 256, 512)]
        expected = await connection.fetchval(
            "select ledger_spread_reference(string_agg(ledger_share_digest(x.part, string_to_array(x.amounts, ',', 'null')::bigint[]), ''"
            " order by x.part)) from unnest($1::bigint[], $2::text[]) x(part, amounts)",
            one.parts.tolist(),
            [",".join("null" if value is None else str(value) for value in row) for row in texts],
        )
    finally:
        await connection.close()
    assert reference == expected


async def test_rows_of_other_widths_are_refused_and_others_come_whole(database_url: str) -> None:
    connection: Any = await asyncpg.connect(database_url)
    try:
        rows = await fixed_rows(connection, "select x::bigint, x > $1::int from generate_series(1, 3) x", 1, row={"x": ">i8", "big": "?"})
        assert (rows["x"].tolist(), rows["big"].tolist()) == ([1, 2, 3], [False, True, True])
        for query in ("values ('ab'), ('c')", "values ('ab'), (null)", "values ('abc'), ('a')"):
            with pytest.raises(UnequalRows):
                await fixed_rows(connection, query, row={"text": "V2"})
        with pytest.raises(UnequalRows):
            await fixed_rows(connection, "values ('a', 'bcd')", row={"one": "V2", "other": "V2"})
    finally:
        await connection.close()


async def test_rows_come_in_slices_and_unequal_ones_leave_the_transaction_as_it_is(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However late the first one comes that is not as wide as the others."""
    monkeypatch.setattr(fixed_rows_module, "_AT_ONCE", 100)
    row, numbers = {"x": ">i8", "text": TEXT}, "select x::bigint, (x + $1::int)::text from generate_series(1, 80000) x order by x"
    slices: list[tuple[list[int], list[bytes]]] = []

    def take(rows: Rows) -> bool:
        slices.append((rows["x"].tolist(), [one.tobytes() for one in letters(rows, "text")]))
        return wanted

    wanted = True
    connection: Any = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await stream_rows(connection, numbers, 1_000_000, row=row, take=take)
            assert len(slices) > 1, "more than comes in one piece over the wire"
            assert [x for some, _ in slices for x in some] == [*range(1, 80_001)]
            assert [text for _, some in slices for text in some] == [b"%d" % (1_000_000 + x) for x in range(1, 80_001)]
            await stream_rows(connection, "select 1::bigint, 'a' where $1 = 2", 1, row=row, take=take)
            with pytest.raises(UnequalRows):
                await stream_rows(connection, numbers, 9_930_000, row=row, take=take)
            with pytest.raises(UnequalRows):
                await stream_rows(connection, "select 1::bigint, '' where $1 = 1", 1, row=row, take=take)
            slices.clear()
            wanted = False
            with pytest.raises(UnequalRows):
                await stream_rows(connection, numbers, 1_000_000, row=row, take=take)
            assert len(slices) == 1, "nothing more is handed over once it is not taken"
            assert await connection.fetchval("select 1") == 1
    finally:
        await connection.close()
