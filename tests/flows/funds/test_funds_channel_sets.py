"""Another channel's files in sets: what is settled in sets is what would be settled one by one, and what is odd is looked at by itself."""

from datetime import date, time, timedelta
from io import BytesIO
from typing import Any

import pytest
from bill_town import MONDAY
from fund_files import put_on_sale, standing
from fund_town import FUND, OTHER, FundTown, Values, accounts, operator, order, orders

from tapwealth.flows.funds import exchange_out, file_tables, plain_answers, plain_orders
from tapwealth.funds import orders_store, store
from tapwealth.funds.entries import FundEntry
from tapwealth.funds.exchange_in import ORDERS
from tapwealth.funds.product import FundChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.fixed_rows import UnequalRows

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
HOLDERS = range(1, 13)


@pytest.fixture(autouse=True)
def in_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few records are taken as long ones are, their holders looked up."""
    monkeypatch.setattr(file_tables, "LEAST", 0)
    monkeypatch.setattr(file_tables, "BYTES_A_RECORD", 0)


either_way = pytest.mark.parametrize("a_record", [0, 1 << 20], ids=["looked up", "read as a whole"])
"""How holders and accounts are found."""


def answers_of(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[Any]:
    """What a function of a module gives from here on: what is not taken in sets is taken one by one, to the same end."""
    given: list[Any] = []
    asked = getattr(module, name)

    async def kept(*arguments: Any) -> Any:
        given.append(await asked(*arguments))
        return given[-1]

    monkeypatch.setattr(module, name, kept)
    return given


def serial(day: date, number: int) -> str:
    return f"{day:%d}A{number:05d}"


async def ordered(place: FundTown, day: date) -> None:
    """An order of each holder, and a second one of the first; the date ends, and the registrar has answered."""
    made = [order(number, number * 1_000, day, serial(day, number)) for number in HOLDERS]
    made.append(order(1, 77, day, serial(day, 99)))
    await place.receipt(sum(one.amount for one in made), f"CH-{day}")
    assert await place.hand_in(orders(made, day)) is None
    await place.end(day)
    await place.registrar_works(day + timedelta(days=1))


ODD: dict[int, dict[str, Any]] = {
    2: {"ReturnCode": "9003", "ConfirmedAmount": 0, "ConfirmedVol": 0},
    3: {"ConfirmedAmount": 2_999, "ConfirmedVol": 2_999},
    4: {"TAAccountID": "996000000009"},
    5: {"BusinessFinishFlag": "0"},
    6: {"FundCode": "000199"},
    7: {"ConfirmedVol": 6_999},
    8: {"AppSheetSerialNo": "NOBODYS"},
    9: {"BusinessCode": "124"},
    10: {"TransactionAccountID": "00000000000000001"},
}
"""By holder, what is said wrong; the second one's order is refused. The eleventh's is answered twice, the second time otherwise."""


def told(records: list[Values]) -> list[Values]:
    by_holder = {int(one["TransactionAccountID"]): one for one in records if int(one["ConfirmedAmount"]) != 77}
    for number, wrong in ODD.items():
        by_holder[number] |= wrong
    return [*records, {**by_holder[11], **ODD[2], "TASerialNO": "X11"}]


async def outcome(place: FundTown, day: date) -> dict[str, Any]:
    """What a dealing day came to: its orders, what its holders were given, what the registrar said wrong."""
    after = day + timedelta(days=1)
    async with place.house.database.read() as tx:
        rows = await tx.fetch(
            "select right(serial, 5) as serial, state, confirmed_amount, confirmed_units, return_code, confirmed_on - dealing_date as days,"
            " under_way from fund_order where channel = $1 and dealing_date = $2 order by serial",
            OTHER,
            day,
        )
        holders = sorted(await store.accounts_of_channel(tx, OTHER), key=lambda one: one.trading_account)
        asset = (await store.funds(tx))[FUND].asset
        wanted = [NewAccount(one.book, Kind.HOLDING, one.id, asset, Limit.DEBITS_WITHIN_CREDITS) for one in holders]
        given = []
        for account in await place.house.ledger.find_accounts(tx, wanted):
            assert account is not None
            lines = (await place.house.ledger.account_history(tx, account)).lines
            given.append(sum(one.moved for one in lines if one.business_date == after and one.kind == FundEntry.PURCHASE_CONFIRMED))
        assert not (await audit_snapshot(tx)).findings
    said = [text.replace(f"{after:%Y%m%d}", "DAY").replace(f"{day:%d}A", "A") for text in await place.said(after)]
    return {"orders": [tuple(row) for row in rows], "given": given, "said": sorted(text for text in said if "04.TXT" in text)}


@either_way
async def test_what_is_settled_in_sets_is_what_is_settled_one_by_one(
    place: FundTown, monkeypatch: pytest.MonkeyPatch, a_record: int
) -> None:
    """The same orders with the same odd answers on two days: once in sets, once with nothing that may be spread."""
    monkeypatch.setattr(file_tables, "BYTES_A_RECORD", a_record)
    settled = answers_of(monkeypatch, plain_answers, "settle")
    await place.hand_in(accounts(HOLDERS))
    outcomes = []
    for day in (MONDAY, TUESDAY):
        await ordered(place, day)
        place.registrar.rewrite(day + timedelta(days=1), "04", told, OTHER)
        assert f"{OTHER}/04" in await place.take()
        outcomes.append(await outcome(place, day))
        monkeypatch.setattr(plain_answers, "spreadable", nothing)
    in_sets, one_by_one = outcomes
    assert [len(one.left) for one in settled] == [11, 14], "of fourteen, and of the second day none is settled in sets"
    assert in_sets == one_by_one
    assert in_sets["given"] == [1_077, *[0] * 9, 11_000, 12_000]
    assert len(in_sets["said"]) == 9, "all but the refusal are named"
    await place.all_books_balance()


async def unequal(*_: Any) -> None:
    raise UnequalRows


async def test_a_file_of_purchases_by_column_is_that_record_by_record(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    by_column = answers_of(monkeypatch, exchange_out, "_leave_purchases")
    await place.hand_in(accounts(HOLDERS))
    await ordered(place, MONDAY)
    assert len(by_column) == 1
    left = place.registrar.sent(MONDAY, "03", OTHER)
    assert left.count(serial(MONDAY, 0)[:4].encode()) == 13
    (place.registrar.exchange.incoming / f"OFD_{OTHER}_H0_{MONDAY:%Y%m%d}_03.TXT").unlink()
    monkeypatch.setattr(orders_store, "outgoing_purchases", unequal)
    await exchange_out.send_files(place.house, MONDAY)
    assert len(by_column) == 1, "this time record by record"
    assert place.registrar.sent(MONDAY, "03", OTHER) == left


async def test_serials_of_unequal_length_go_out_all_the_same(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    by_column = answers_of(monkeypatch, exchange_out, "_leave_purchases")
    await place.hand_in(accounts(HOLDERS))
    made = [order(number, 1_000, MONDAY, "S" + "0" * number) for number in HOLDERS]
    await place.receipt(12_000)
    assert await place.hand_in(orders(made, MONDAY)) is None
    await place.end(MONDAY)
    assert not by_column
    assert place.registrar.sent(MONDAY, "03", OTHER) == orders(made, MONDAY).content


async def placed(place: FundTown, day: date) -> list[tuple[Any, ...]]:
    """The orders of a day's file as they stand there, all but the day."""
    async with place.house.database.read() as tx:
        rows = await tx.fetch(
            "select book, right(serial, 5), channel, fund, fund_account, funding, holding, business_code, amount, units, state,"
            " received_at - $2::date, dealing_date - $2::date, id, serial, received_at from fund_order"
            " where channel = $1 and business_date = $2 order by serial",
            OTHER,
            day,
        )
    for row in rows:
        assert row["id"] == named(row["received_at"], row["book"], f"order:{OTHER}:{row['serial']}")
    return [tuple(row)[:13] for row in rows]


@either_way
async def test_orders_placed_in_sets_are_those_placed_one_by_one(place: FundTown, monkeypatch: pytest.MonkeyPatch, a_record: int) -> None:
    """The same file on two days: once in sets, once as if something were odd about it. One of its orders is past the cut-off."""
    monkeypatch.setattr(file_tables, "BYTES_A_RECORD", a_record)
    taken = answers_of(monkeypatch, plain_orders, "place")
    await place.hand_in(accounts(HOLDERS))
    days, channel_has = [], []
    for day in (MONDAY, TUESDAY):
        await place.clock(shanghai(day, 15, 30))
        made = [order(n, n * 1_000, day, serial(day, n), ordered_at=time(8 + n // 2, n, 59)) for n in HOLDERS]
        made += [order(1, 77, day, serial(day, 99)), order(3, 50, day, serial(day, 98), ordered_at=time(15, 0, 0))]
        await place.receipt(100_000, f"CH-{day}")
        assert await place.hand_in(orders(made, day)) is None
        days.append(await placed(place, day))
        channel_has.append(await place.total(Kind.FUND_PURCHASE_COLLECTED))
        monkeypatch.setattr(plain_orders, "place", not_for_certain)
    assert [orders for orders, _ in taken] == [14], "the first day's are placed in sets"
    assert days[0] == days[1] != []
    assert {row[1] for row in days[0] if row[12] == 1} == {"00098"}, "the next dealing day's"
    assert channel_has == [78_127, 2 * 78_127]
    await place.all_books_balance()


async def not_for_certain(*_: Any) -> None:
    return None


async def nothing(*_: Any) -> list[Any]:
    return []


async def test_what_is_confirmed_as_asked_is_one_line_a_book(place: FundTown) -> None:
    """However many holders it has, and none of their accounts is touched."""
    await place.hand_in(accounts(HOLDERS))
    await ordered(place, MONDAY)
    assert await place.take() != []
    async with place.house.database.read() as tx:
        posted = await tx.fetch("select book, count(*) from transfer where kind = $1 group by book", FundEntry.PURCHASE_CONFIRMED)
        books = {one.book for one in await store.accounts_of_channel(tx, OTHER)}
    assert {row["book"]: row["count"] for row in posted} == dict.fromkeys(books, 2), "cash and units"
    assert (await outcome(place, MONDAY))["given"] == [1_077, *(number * 1_000 for number in HOLDERS[1:])]


async def test_answers_that_come_after_a_later_days_income_give_their_units_all_the_same(place: FundTown) -> None:
    """Shares of an earlier date cannot stand behind later ones: they are posted one by one."""
    await place.hand_in(accounts(HOLDERS))
    await ordered(place, MONDAY)
    place.registrar.withhold(TUESDAY, "04", OTHER)
    assert f"{OTHER}/04" not in await place.take()
    await ordered(place, TUESDAY)
    assert f"{OTHER}/04" in await place.take()
    place.registrar.send_after_all()
    assert await place.take() == [f"{OTHER}/04"]
    late_one = await outcome(place, MONDAY)
    assert {one[1] for one in late_one["orders"]} == {"confirmed"}
    assert late_one["given"] == [1_077, *(number * 1_000 for number in HOLDERS[1:])]
    await place.all_books_balance()


MANY = [f"R{number:05d}" for number in range(1, 1_501)]
"""More than a block of records."""
SERIALS: dict[str, tuple[list[str], tuple[str, str] | None]] = {
    "rising": (MANY, (MANY[0], MANY[-1])),
    "of unequal length": (["A", "A1", "AB", "B"], ("A", "B")),
    "twice in a block": (["A", "B", "B", "C"], None),
    "twice across blocks": ([*MANY[:1_024], *MANY[1_023:]], None),
    "falling once": ([*MANY[:1_100], MANY[50], *MANY[1_101:]], None),
    "falling at a block's beginning": ([*MANY[:1_024], "A", *MANY[1_024:]], None),
}


@pytest.mark.parametrize("name", SERIALS)
async def test_serials_that_rise_are_seen_so_and_no_others(place: FundTown, name: str) -> None:
    serials, rising = SERIALS[name]
    file = orders([order(1, 100, MONDAY, one) for one in serials], MONDAY)
    async with place.house.database.transaction() as tx:
        staged = await file_tables.stage(tx, "said", ORDERS.open(BytesIO(file.content), file.name), {"AppSheetSerialNo": "serial"})
        assert [row["serial"].rstrip() for row in await tx.fetch("select serial from said")] == serials
    assert staged == (len(serials), rising)


async def test_an_order_that_was_there_is_named_wherever_it_stands_among_rising_ones(place: FundTown) -> None:
    await place.hand_in(accounts(HOLDERS))
    await place.receipt(100_000)
    assert await place.hand_in(orders([order(1, 100, MONDAY, "S3")], MONDAY)) is None
    await place.next_day(MONDAY)
    for serials, hit in ((["S1", "S3", "S9"], 2), (["S3", "S9"], 1), (["S1", "S3"], 2), (["S9", "S3", "S1"], 2)):
        refused = await place.hand_in(orders([order(n, 100, TUESDAY, one) for n, one in enumerate(serials, 1)], TUESDAY))
        assert refused is not None
        assert f"record {hit} (S3): an order with this serial was taken before" in refused.text
    assert await place.hand_in(orders([order(n, 100, TUESDAY, one) for n, one in enumerate(["S4", "S9"], 1)], TUESDAY)) is None


async def test_what_is_under_way_counts_against_a_channels_first_cap(place: FundTown) -> None:
    """Its orders of before carried no mark, as nobody asked what its holders have under way; answered, they are what is held."""
    await place.hand_in(accounts(HOLDERS))
    await ordered(place, MONDAY)
    definition = await standing(place.house, FUND)
    definition.channels[OTHER] = FundChannel(False, 1, holding_cap=20_000)
    assert await put_on_sale(place.house, lambda login: operator(place, login), definition) is None
    for holder, there in ((12, 12_000), (1, 1_077)):
        room = 20_000 - there
        await place.receipt(room + 1, f"MORE-{holder}")
        refused = await place.hand_in(orders([order(holder, room + 1, TUESDAY, "TOOMUCH")], TUESDAY))
        assert isinstance(refused, Refusal)
        assert "at most 200.00 is possible" in refused.text
    assert await place.hand_in(orders([order(12, 8_000, TUESDAY, "ALLOFIT")], TUESDAY)) is None
    await place.take()
    async with place.house.database.read() as tx:
        marked = await tx.fetch("select serial from fund_order where channel = $1 and under_way", OTHER)
    assert [row["serial"] for row in marked] == ["ALLOFIT"]
