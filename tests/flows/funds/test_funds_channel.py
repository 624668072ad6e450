"""Another distributor's channel: its holders, its receipt, its orders. A file stands whole or not at all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from bill_town import MONDAY
from fund_town import FUND, OTHER, FundTown, accounts, application, order, orders
from real_files import ORDERS_FILE

from tapwealth.flows.funds import channel, exchange_in, file_tables
from tapwealth.flows.funds.channel import paid_in
from tapwealth.funds import orders_store, store
from tapwealth.funds.exchange_in import ORDERS
from tapwealth.funds.exchange_out import OutgoingFile, Route, account_file, order_file, redated
from tapwealth.funds.exchange_values import BusinessCode
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.wire.ofd import read_data_file, write_data_file

TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def in_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few records are taken as long ones are."""
    monkeypatch.setattr(file_tables, "LEAST", 0)


SUM = 645_735_805
REAL = redated(ORDERS_FILE.read_bytes(), ORDERS_FILE.name, MONDAY)


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


def real_holders() -> OutgoingFile:
    """The 862 applications that open the holders of the real orders."""
    holders = dict.fromkeys((one.ta_account, one.trading_account) for one in ORDERS.values(REAL.content, REAL.name))
    made = [application(n, ta_account=ta, trading_account=trading) for n, (ta, trading) in enumerate(holders, 1)]
    assert len(made) == 862
    return account_file(Route(OTHER), MONDAY, made)


async def channel_money(place: FundTown, channel: str = OTHER) -> int:
    """What the channel has paid in and not used."""
    async with place.house.database.read() as tx:
        (account,) = await place.house.ledger.find_accounts(tx, [paid_in(channel)])
    return 0 if account is None else (await place.owed(account))[0]


async def nothing_of_it(place: FundTown, file: OutgoingFile, kind: str, text: str) -> None:
    """The file is refused in one line that ends so, and leaves no trace."""
    async with place.house.database.read() as tx:
        before = await tx.fetchrow(
            "select (select count(*) from fund_order), (select count(*) from fund_account), (select count(*) from exchange_file),"
            " (select count(*) from transfer)"
        )
    if kind == "bad input":
        with pytest.raises(BadInput) as caught:
            await place.hand_in(file)
        said = str(caught.value)
    else:
        answer = await place.hand_in(file)
        assert code(answer) == kind, answer
        assert isinstance(answer, Refusal)
        said = answer.text
    assert text in said
    assert "\n" not in said
    async with place.house.database.read() as tx:
        after = await tx.fetchrow(
            "select (select count(*) from fund_order), (select count(*) from fund_account), (select count(*) from exchange_file),"
            " (select count(*) from transfer)"
        )
    assert tuple(after) == tuple(before)


# ---- the real file


async def test_the_real_orders_become_units(place: FundTown) -> None:
    await place.clock(shanghai(MONDAY, 14, 31))
    assert await place.hand_in(real_holders()) is None
    await place.receipt(SUM)
    assert await channel_money(place) == SUM
    assert await place.hand_in(REAL) is None
    assert (await channel_money(place), await place.total(Kind.FUND_PURCHASE_COLLECTED)) == (0, SUM)
    async with place.house.database.read() as tx:
        rows = await orders_store.orders_for(tx, MONDAY, deals=True)
    assert (len(rows), sum(row.amount for row in rows)) == (1006, SUM)
    assert {row.dealing_date for row in rows} == {MONDAY}
    assert {row.book for row in rows} == set(place.house.all_books), "the holders lie in all books"
    await place.all_books_balance()
    assert await place.next_day(MONDAY) == [
        *("996/05", "T01/05", "996/02", "T01/02", "996/07", "T01/07", "996/04", "996/06", "T01/06")
    ]  # fmt: skip
    assert await place.said(TUESDAY) == []
    assert (await place.total_units(Kind.HOLDING), await place.total(Kind.FUND_PURCHASE_COLLECTED)) == (SUM, 0)
    assert await place.total(Kind.FUND_COLLECTION_OUT) == SUM, "on its way to custody"
    assert await place.bank_executes(TUESDAY) == ["CUS-996-000198-20140225"]
    assert (await place.total(Kind.FUND_COLLECTION), await place.total(Kind.FUND_COLLECTION_OUT)) == (0, 0)
    wanted = Counter[tuple[str, str]]()
    for one in ORDERS.values(REAL.content, REAL.name):
        wanted[one.ta_account, one.trading_account] += one.amount
    async with place.house.database.read() as tx:
        holders = await store.open_accounts_of_fund(tx)
    held = {(one.ta_account, one.trading_account): await place.holding(one.book, one.id) for one in holders if one.channel == OTHER}
    assert held == wanted


async def test_what_goes_to_the_registrar_is_the_channels_orders(place: FundTown) -> None:
    """The same orders in the same order, each field as it came."""
    await place.clock(shanghai(MONDAY, 14, 31))
    await place.hand_in(real_holders())
    await place.receipt(SUM)
    await place.hand_in(REAL)
    await place.end(MONDAY)
    sent = ORDERS.values(place.registrar.sent(MONDAY, "03", OTHER), REAL.name)
    came = sorted(ORDERS.values(REAL.content, REAL.name), key=lambda one: (one.ordered_at, one.serial))
    plain = {"deposit_account": "", "target_trading_account": "", "target_ta_account": "", "target_distributor": ""}
    assert sent == [replace(one, **plain) for one in came]


async def test_the_channels_parameters_decide(place: FundTown) -> None:
    """Sixteen real orders are below one yuan and one is above a million: with a minimum or a cap, the first such order is named."""
    amounts = [one.amount for one in ORDERS.values(REAL.content, REAL.name)]
    assert (sum(1 for one in amounts if one < 100), sum(1 for one in amounts if one > 100_000_000)) == (16, 1)
    await place.clock(shanghai(MONDAY, 14, 31))
    await place.hand_in(real_holders())
    await place.receipt(SUM)
    smallest, greatest = next(n for n, one in enumerate(amounts, 1) if one < 100), amounts.index(max(amounts)) + 1
    for parameter, limit, number, text in (
        ("minimum_purchase", 100, smallest, "0.53 yuan is below the least purchase of 1.00"),
        ("day_cap", 100_000_000, greatest, "for one dealing day; at most 1,000,000.00 is possible"),
        ("holding_cap", 100_000_000, greatest, "yuan; at most 1,000,000.00 is possible"),
    ):
        await agree(place, parameter, limit)
        await nothing_of_it(place, REAL, "ORDER_REFUSED", text)
        answer = await place.hand_in(REAL)
        assert isinstance(answer, Refusal)
        assert answer.text.startswith(f"{REAL.name}, record {number} (")
        await agree(place, parameter, 1 if parameter == "minimum_purchase" else 0)
    assert await place.hand_in(REAL) is None


async def agree(place: FundTown, parameter: str, value: int) -> None:
    """Another parameter of the channel, as its contract would have it: the program itself cannot change one."""
    async with place.house.database.transaction() as tx:
        await tx.execute("select set_config('role', 'none', true)")
        await tx.execute(f"update sales_channel set {parameter} = $1 where code = '996'", value)


# ---- money


async def opened(place: FundTown, count: int = 3) -> None:
    assert await place.hand_in(accounts(range(1, count + 1))) is None


async def test_orders_are_taken_when_they_are_paid_to_the_fen(place: FundTown) -> None:
    await opened(place)
    file = orders([order(1, 10_000), order(2, 20_000)])
    await nothing_of_it(place, file, "NOT_PAID_IN", "orders 300.00 yuan, the channel has paid in 0.00; pay the rest first")
    await place.receipt(29_999)
    await nothing_of_it(place, file, "NOT_PAID_IN", "orders 300.00 yuan, the channel has paid in 299.99; pay the rest first")
    await place.receipt(1, "CH-2")
    assert await place.hand_in(file) is None
    assert await channel_money(place) == 0
    await place.all_books_balance()


async def test_a_fen_too_much_stays_the_channels(place: FundTown) -> None:
    await opened(place)
    await place.receipt(10_001)
    assert await place.hand_in(orders([order(1, 10_000)])) is None
    assert await channel_money(place) == 1


async def test_a_receipt_that_is_told_twice_counts_once(place: FundTown) -> None:
    await opened(place)
    await place.receipt(10_000)
    await place.receipt(10_000)
    assert await channel_money(place) == 10_000
    await nothing_of_it(place, orders([order(1, 10_001)]), "NOT_PAID_IN", "has paid in 100.00")


@pytest.mark.parametrize("text", ["purchases", "997 purchases", "T01 purchases", "99 6", ""])
async def test_nobody_elses_money_pays_a_channels_orders(place: FundTown, text: str) -> None:
    """Money that arrives without the channel's name is kept, and covers nothing."""
    await opened(place)
    await place.receipt(10_000, text=text)
    await nothing_of_it(place, orders([order(1, 10_000)]), "NOT_PAID_IN", "has paid in 0.00")
    assert await place.total(Kind.CHANNEL_FUNDS) == 10_000
    await place.all_books_balance()


async def test_money_at_another_account_pays_no_orders(place: FundTown) -> None:
    await opened(place)
    await place.receipt(10_000, account="0100000001")
    await nothing_of_it(place, orders([order(1, 10_000)]), "NOT_PAID_IN", "has paid in 0.00")
    assert await place.total(Kind.SUSPENSE) == 10_000


# ---- files that are not whole, or not what they say


def changed(change: Callable[[list[bytes]], object]) -> OutgoingFile:
    """The real file with its lines changed."""
    lines = REAL.content.split(b"\r\n")
    change(lines)
    return OutgoingFile(REAL.name, b"\r\n".join(lines))


TORN = {
    "torn in a record": (OutgoingFile(REAL.name, REAL.content[:100_000]), "the file ends within record 148 of 1006"),
    "torn before the end": (changed(lambda lines: lines.__setitem__(slice(-2, None), [b""])), "the file ends where OFDCFEND should stand"),
    "padded": (changed(lambda lines: lines.__setitem__(85, lines[85] + b" ")), "record 1 of 1006 has 666 bytes, expected 665"),
    "doubled": (OutgoingFile(REAL.name, REAL.content * 2), "there is text after the end of the file"),
    "a record doubled": (changed(lambda lines: lines.insert(85, lines[85])), "this record was here before"),
    "a record missing": (changed(lambda lines: lines.pop(85)), "OFDCFEND comes after 1005 records, the header counts 1006"),
    "empty": (OutgoingFile(REAL.name, b""), "the file ends where OFDCFDAT should stand"),
    "under another date": (
        OutgoingFile("OFD_996_H0_20140225_03.TXT", REAL.content),
        "the header belongs to OFD_996_H0_20140224_03.TXT",
    ),
    "of another channel": (orders([order(1, 100)], creator="997"), "this file was made by 997, not by 996"),
    "of another type": (OutgoingFile("OFD_996_H0_20140224_04.TXT", b""), "a file of type 04 is not taken from a channel"),
    "under no name": (OutgoingFile("orders.txt", b""), "is not the name of a data file"),
}


@pytest.mark.parametrize("defect", TORN)
async def test_a_file_that_is_not_whole_is_refused_in_one_line(place: FundTown, defect: str) -> None:
    await place.clock(shanghai(MONDAY, 14, 31))
    await place.hand_in(real_holders())
    await place.receipt(SUM)
    await nothing_of_it(place, TORN[defect][0], "bad input", TORN[defect][1])


RECORD = "OFD_996_H0_20140224_03.TXT, record 2 (S00000002)"
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown fund": ({"fund_code": "000199"}, "ORDER_REFUSED", f"{RECORD}: this fund is not sold here"),
    "another distributor": ({"distributor": "997"}, "bad input", f"{RECORD}: it names the distributor 997"),
    "a redemption": ({"business_code": BusinessCode.REDEEM}, "bad input", f"{RECORD}: business code 024 is not taken from a channel"),
    "an unknown holder": ({"trading_account": "9"}, "UNKNOWN_HOLDER", f"{RECORD}: there is no holder 996000000002/9; open it with an 01"),
    "another's TA account": ({"ta_account": "996000000001"}, "UNKNOWN_HOLDER", "there is no holder 996000000001/00000000000000002"),
    "yesterday's order": ({"ordered_on": MONDAY - timedelta(days=1)}, "WRONG_DAY", f"{RECORD}: it is dated 2014-02-23 08:00:00"),
    "tomorrow's order": ({"ordered_on": TUESDAY}, "WRONG_DAY", f"{RECORD}: it is dated 2014-02-25 08:00:00"),
    "an order of a second ahead": ({"ordered_at": time(9, 0, 1)}, "WRONG_DAY", f"{RECORD}: it is dated 2014-02-24 09:00:01"),
    "nothing": ({"amount": 0}, "ORDER_REFUSED", f"{RECORD}: 0.00 yuan is below the least purchase of 0.01"),
}  # fmt: skip


@pytest.mark.parametrize("defect", WRONG)
async def test_one_order_that_cannot_stand_refuses_the_file(place: FundTown, defect: str) -> None:
    change, kind, text = WRONG[defect]
    await opened(place)
    await place.receipt(100_000)
    made = [order(1, 10_000), replace(order(2, 10_000), **change), order(3, 10_000)]
    await nothing_of_it(place, orders(made), kind, text)
    assert await place.hand_in(orders([order(1, 10_000), order(2, 10_000), order(3, 10_000)])) is None, "mended, it is taken"


async def test_a_file_of_another_day_is_refused(place: FundTown) -> None:
    await opened(place)
    await place.receipt(10_000)
    for day in (MONDAY - timedelta(days=1), TUESDAY):
        text = f"is of {day}, it can be taken for 2014-02-24 now; send it under that date"
        await nothing_of_it(place, orders([order(1, 10_000, day)], day), "WRONG_DAY", text)
        await nothing_of_it(place, accounts([9], day), "WRONG_DAY", text)


async def test_a_file_that_comes_while_its_day_is_cut_is_refused(place: FundTown) -> None:
    """Its orders would miss the file of that day, which has left: nobody would ever send them."""
    await opened(place)
    await place.receipt(10_000)
    await place.cut(MONDAY)
    await nothing_of_it(place, orders([order(1, 10_000)]), "WRONG_DAY", "is of 2014-02-24, it can be taken for 2014-02-25 now")


@pytest.mark.parametrize("channel", ["997", "T01"])
async def test_only_a_channel_that_is_agreed_on_hands_in_files(place: FundTown, channel: str) -> None:
    """Our own code is nobody else's to use."""
    route = Route(channel)
    for file in (
        account_file(route, MONDAY, [application(1, distributor=channel)]),
        order_file(route, MONDAY, [order(1, 10_000, distributor=channel)]),
    ):
        assert code(await place.hand_in(file, channel)) == "UNKNOWN_CHANNEL"


async def test_a_file_for_another_registrar_is_refused(place: FundTown) -> None:
    await nothing_of_it(place, account_file(Route(OTHER, "H1"), MONDAY, [application(1)]), "bad input", "it is for H1; address it to H0")


# ---- in slices


@pytest.fixture
def by_twos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_tables, "LEAST", 100)
    monkeypatch.setattr(channel, "_AT_ONCE", 2)
    monkeypatch.setattr(exchange_in, "_AT_ONCE", 2)


@pytest.mark.usefixtures("by_twos")
async def test_a_file_of_several_slices_is_taken_as_one(place: FundTown) -> None:
    await opened(place, 5)
    await place.receipt(15_001)
    file = orders([order(number, number * 1_000) for number in range(1, 6)])
    assert [await place.hand_in(file) for _ in range(2)] == [None, None]
    assert (await channel_money(place), await place.total(Kind.FUND_PURCHASE_COLLECTED)) == (1, 15_000)
    await place.all_books_balance()
    await place.next_day(MONDAY)
    assert await place.said(TUESDAY) == []
    async with place.house.database.read() as tx:
        holders = sorted(await store.accounts_of_channel(tx, OTHER), key=lambda one: one.trading_account)
    assert [await place.holding(one.book, one.id) for one in holders] == [1_000, 2_000, 3_000, 4_000, 5_000]


@pytest.mark.usefixtures("by_twos")
async def test_answers_of_several_slices_are_those_of_one_file(place: FundTown) -> None:
    """An order answered twice in one file is settled once, wherever the second answer stands; what is refused comes back in one sum."""
    await opened(place, 5)
    await place.receipt(15_000)
    await place.hand_in(orders([order(number, number * 1_000) for number in range(1, 6)]))
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)

    def told(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refused = {"ReturnCode": "9003", "ConfirmedAmount": 0, "ConfirmedVol": 0}
        for place_in_file in (1, 3):
            records[place_in_file] |= refused
        again = [{**records[0], "TASerialNO": "X1"}, {**records[2], **refused, "TASerialNO": "X2"}]
        return [*records, *again]

    place.registrar.rewrite(TUESDAY, "04", told, OTHER)
    path = place.registrar.path(TUESDAY, "04", OTHER)
    right = path.read_bytes()
    path.write_bytes(right[:-4])
    assert f"{OTHER}/04" not in await place.take(), "torn at its end"
    assert (await channel_money(place), await place.total_units(Kind.HOLDING)) == (0, 0)
    path.write_bytes(right)
    assert f"{OTHER}/04" in await place.take()
    assert (await channel_money(place), await place.total_units(Kind.HOLDING)) == (6_000, 9_000)
    assert await place.total(Kind.FUND_COLLECTION_OUT) == 9_000
    assert ("registrar", "doubled", True) in await place.breaks(TUESDAY)
    assert [text for text in await place.said(TUESDAY) if "twice, differently" not in text] == []
    assert len(await place.said(TUESDAY)) == 1
    await place.all_books_balance()


@pytest.mark.usefixtures("by_twos")
async def test_what_is_wrong_with_the_last_slice_takes_back_the_first(place: FundTown) -> None:
    await opened(place, 5)
    await place.receipt(9_999)
    made = [order(number, 2_000) for number in range(1, 6)]
    strange = replace(made[4], trading_account="9")
    await nothing_of_it(place, orders([*made[:4], strange]), "UNKNOWN_HOLDER", "record 5 (S00000005): there is no holder")
    await nothing_of_it(place, orders(made), "NOT_PAID_IN", "orders 100.00 yuan, the channel has paid in 99.99; pay the rest first")
    whole = orders([strange, *made[:4]])
    torn = OutgoingFile(whole.name, whole.content[:-4])
    await nothing_of_it(place, torn, "bad input", "OFDCFEND should stand after the 5 records")


@pytest.mark.usefixtures("by_twos")
async def test_a_cap_counts_what_earlier_slices_took(place: FundTown) -> None:
    await opened(place)
    await place.receipt(100_000)
    made = [order(1, 6_000), order(2, 1), order(1, 4_000, serial="A2"), order(3, 1), order(1, 1, serial="A3")]
    for parameter in ("day_cap", "holding_cap"):
        await agree(place, parameter, 10_000)
        await nothing_of_it(place, orders(made), "ORDER_REFUSED", "record 5 (A3): ")
        await agree(place, parameter, 0)
    await agree(place, "holding_cap", 10_001)
    assert await place.hand_in(orders(made)) is None


# ---- once


async def test_a_file_that_comes_twice_is_taken_once(place: FundTown) -> None:
    await opened(place)
    await opened(place)
    await place.receipt(20_000)
    file = orders([order(1, 10_000)])
    assert [await place.hand_in(file) for _ in range(2)] == [None, None]
    assert await channel_money(place) == 10_000
    other = orders([order(1, 10_001)])
    await nothing_of_it(place, other, "OTHER_CONTENT", "was taken before with other content, which stands")
    await place.clock(shanghai(TUESDAY, 9))
    assert await place.hand_in(file) is None, "also days later"
    assert await channel_money(place) == 10_000


async def test_a_serial_or_holder_that_was_there_before_is_refused(place: FundTown) -> None:
    await opened(place)
    await place.receipt(30_000)
    assert await place.hand_in(orders([order(1, 10_000)])) is None
    await place.clock(shanghai(TUESDAY, 9))
    again = orders([order(2, 10_000, TUESDAY, serial="S00000001")], TUESDAY)
    await nothing_of_it(place, again, "KNOWN_ALREADY", "record 1 (S00000001): an order with this serial was taken before")
    text = "the holder 996000000003/00000000000000003 or this serial was in an application before"
    await nothing_of_it(place, accounts([4, 3], TUESDAY), "KNOWN_ALREADY", text)
    twice = account_file(Route(OTHER), TUESDAY, [application(5, TUESDAY), application(5, TUESDAY, serial="A2")])
    await nothing_of_it(place, twice, "KNOWN_ALREADY", "record 2 (A2): the holder 996000000005/00000000000000005")
    same_serial = account_file(Route(OTHER), TUESDAY, [application(6, TUESDAY, serial=application(1).serial)])
    await nothing_of_it(place, same_serial, "KNOWN_ALREADY", "or this serial was in an application before")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"business_code": "002"}, "business code 002 is not taken from a channel; only 001 and 008 are"),
        ({"distributor": "997"}, "it names the distributor 997; a file of 996 holds its own holders"),
        ({"ta_account": ""}, "TAAccountID is blank; an 008 names the TA account that exists"),
    ],
)
async def test_an_application_that_cannot_stand_refuses_the_file(place: FundTown, change: dict[str, Any], text: str) -> None:
    file = account_file(Route(OTHER), MONDAY, [application(1), application(2, **change)])
    await nothing_of_it(place, file, "bad input", f"OFD_996_H0_20140224_01.TXT, record 2 (20140224{2:016d}): {text}")


async def test_an_empty_file_is_taken_and_changes_nothing(place: FundTown) -> None:
    assert await place.hand_in(orders([])) is None
    assert await place.hand_in(accounts([])) is None
    assert await place.total(Kind.FUND_PURCHASE_COLLECTED) == 0


# ---- what the registrar says of it


async def test_a_refused_holder_buys_no_more(place: FundTown) -> None:
    await opened(place, 2)
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)

    def refuse(records: list[dict[str, Any]]) -> None:
        records[1] |= {"ReturnCode": "9009", "ErrorDetail": "this TA account is another person's"}

    place.registrar.rewrite(TUESDAY, "02", refuse, OTHER)
    await place.take()
    await place.receipt(20_000)
    bad = orders([order(1, 10_000, TUESDAY), order(2, 10_000, TUESDAY)], TUESDAY)
    text = "(S00000002): the registrar has refused this fund account (this TA account is another person's)"
    await nothing_of_it(place, bad, "ORDER_REFUSED", text)
    assert await place.hand_in(orders([order(1, 10_000, TUESDAY)], TUESDAY)) is None


async def test_refused_orders_money_pays_for_the_channels_next_ones(place: FundTown) -> None:
    await opened(place, 2)
    await place.receipt(30_000)
    await place.hand_in(orders([order(1, 10_000), order(2, 20_000)]))
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)

    def refuse(records: list[dict[str, Any]]) -> None:
        for record in records:
            if record["AppSheetSerialNo"] == "S00000002":
                record |= {"ReturnCode": "9003", "ConfirmedAmount": 0, "ConfirmedVol": 0}

    place.registrar.rewrite(TUESDAY, "04", refuse, OTHER)
    await place.take()
    assert (await channel_money(place), await place.total(Kind.CHANNEL_FUNDS)) == (20_000, 20_000)
    assert await place.total_units(Kind.HOLDING) == 10_000
    await place.all_books_balance()
    assert await place.hand_in(orders([order(2, 20_000, TUESDAY, serial="S3")], TUESDAY)) is None
    assert await channel_money(place) == 0


def test_the_real_file_reads_and_writes_the_same() -> None:
    """What the tests above rely on."""
    header, records = read_data_file(REAL.content, REAL.name)
    assert write_data_file(header, records) == REAL.content
    assert {record["FundCode"] for record in records} == {FUND}
