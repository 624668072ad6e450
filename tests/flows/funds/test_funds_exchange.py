"""The registrar's files: what goes to it byte for byte, what its answers do, and that whatever is wrong with them is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, BinaryIO

import pytest
from bill_town import MONDAY
from fund_town import ADVANCE, FUND, OTHER, OWN, FundTown, Values, accounts, bought, order, orders, set_in

from tapwealth.app.wiring import FILE_TAKERS
from tapwealth.flows.funds import exchange_in, exchange_out
from tapwealth.funds import advance_store, orders_store, store
from tapwealth.funds.entries import FundEntry
from tapwealth.funds.exchange_folder import Folder
from tapwealth.kernel.clock import shanghai
from tapwealth.ledger.chart import Kind
from tapwealth.wire.ofd import DataFileName, Header, fields_of, parse_index_name, read_index, write_data_file, write_index

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = (MONDAY + timedelta(days=n) for n in range(1, 7))


# ---- what goes out


def written(file_type: str, values: Values) -> bytes:
    """A record by the dictionary: numbers padded with zeros before, text with blanks behind."""
    made = b""
    for field in fields_of(file_type).values():
        value = values.pop(field.name, 0 if field.kind == "N" else "")
        made += f"{value:0{field.width}d}".encode() if field.kind == "N" else str(value).encode("gb18030").ljust(field.width)
    assert not values, values
    return made


def whole(file_type: str, day: str, *records: bytes) -> bytes:
    names = [name.encode() for name in fields_of(file_type)]
    lines = [
        b"OFDCFDAT", b"20  ", b"T01      ", b"H0       ", day.encode(), b"001", file_type.encode(), b"T01     ", b"H0      ",
        b"%03d" % len(names), *names, b"%08d" % len(records), *records, b"OFDCFEND",
    ]  # fmt: skip
    return b"".join(line + b"\r\n" for line in lines)


async def test_the_first_days_files_byte_for_byte(place: FundTown) -> None:
    """01: the advancer and the customer; 03: the order, whose holder has no TA account yet."""
    wang = await place.person("Wang", 100_000)
    await place.clock(shanghai(MONDAY, 14, 59, 59))
    await place.buy_one(wang, 12_345)
    await place.end(MONDAY)
    holder, (row,) = await place.holder(wang), await place.orders_of(wang)
    advancer = {
        "AppSheetSerialNo": "201402240000000000000000", "BusinessCode": "001", "TransactionAccountID": "00000000000000001",
        "InvestorName": "北京银行垫资专户", "CertificateType": "0", "CertificateNo": "911100001011259330", "TransactionDate": "20140224",
        "TransactionTime": "090000", "IndividualOrInstitution": "1", "DistributorCode": "T01",
        "AcctNoOfInvestorInClearingAgency": ADVANCE,
    }  # fmt: skip
    customer = {
        "AppSheetSerialNo": holder.application_serial, "BusinessCode": "001", "TransactionAccountID": holder.trading_account,
        "InvestorName": "王芳", "CertificateType": "0", "CertificateNo": "110105198401151037", "TransactionDate": "20140224",
        "TransactionTime": "145959", "IndividualOrInstitution": "1", "DistributorCode": "T01",
    }  # fmt: skip
    assert place.registrar.sent(MONDAY, "01") == whole("01", "20140224", written("01", advancer), written("01", customer))
    placed = {
        "AppSheetSerialNo": row.serial, "BusinessCode": "022", "TransactionAccountID": holder.trading_account, "FundCode": FUND,
        "ApplicationAmount": 12_345, "TransactionDate": "20140224", "TransactionTime": "145959", "DistributorCode": "T01",
        "CurrencyType": "156", "IndividualOrInstitution": "1",
    }  # fmt: skip
    assert place.registrar.sent(MONDAY, "03") == whole("03", "20140224", written("03", placed))
    index = (place.registrar.exchange.incoming / "OFI_T01_H0_20140224.TXT").read_bytes()
    assert index == (
        b"OFDCFIDX\r\n20  \r\nT01      \r\nH0       \r\n20140224\r\n002\r\n"
        b"OFD_T01_H0_20140224_01.TXT\r\nOFD_T01_H0_20140224_03.TXT\r\nOFDCFEND\r\n"
    )


async def test_captured_units_and_their_redemption_byte_for_byte(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    await place.pays_from_the_fund(wang, 4_000, TUESDAY)
    await place.next_day(TUESDAY)
    holder = await place.holder(wang)
    *_, fast = await place.orders_of(wang)
    moved = {
        "AppSheetSerialNo": fast.serial, "BusinessCode": "098", "TransactionAccountID": holder.trading_account,
        "TAAccountID": holder.ta_account, "FundCode": FUND, "ApplicationVol": 4_000, "TransactionDate": "20140225",
        "TransactionTime": "090500", "DistributorCode": "T01", "CurrencyType": "156", "IndividualOrInstitution": "1",
        "TargetTransactionAccountID": "00000000000000001", "TargetDistributorCode": "T01",
    }  # fmt: skip
    assert place.registrar.sent(TUESDAY, "03") == whole("03", "20140225", written("03", moved))
    await place.end(WEDNESDAY)
    async with place.house.database.read() as tx:
        (redemption,) = await advance_store.redemptions(tx)
    asked = {
        "AppSheetSerialNo": redemption.serial, "BusinessCode": "024", "TransactionAccountID": "00000000000000001",
        "TAAccountID": "198000000001", "FundCode": FUND, "ApplicationVol": redemption.units, "TransactionDate": "20140226",
        "TransactionTime": "145959", "DistributorCode": "T01", "CurrencyType": "156", "IndividualOrInstitution": "1",
    }  # fmt: skip
    assert place.registrar.sent(WEDNESDAY, "03") == whole("03", "20140226", written("03", asked))


# ---- what comes in


async def test_cash_and_units_of_an_order_are_one_entry(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    (row,) = await place.orders_of(wang)
    async with place.house.database.read() as tx:
        lines = await tx.fetch(
            "select key, asset, amount from transfer where reference = $1 and kind = $2 order by seq",
            row.id,
            int(FundEntry.PURCHASE_CONFIRMED),
        )
    assert [(line["asset"], line["amount"]) for line in lines] == [(1, 10_000), (2, 10_000)]
    assert len({line["key"] for line in lines}) == 1
    assert (row.state, row.confirmed_on, row.confirmed_amount, row.confirmed_units) == ("confirmed", TUESDAY, 10_000, 10_000)
    assert await place.total(Kind.FUND_COLLECTION_OUT) == 10_000
    await place.bank_executes(TUESDAY)
    assert (await place.total(Kind.FUND_COLLECTION), await place.total(Kind.FUND_COLLECTION_OUT)) == (0, 0)


async def picture(place: FundTown) -> Any:
    """What a file could have changed."""
    async with place.house.database.read() as tx:
        return [
            await tx.fetch("select * from transfer order by book, no"),
            await tx.fetch("select * from fund_order order by book, id"),
            await tx.fetch("select * from fund_account order by book, id"),
            await tx.fetch("select * from payment_instruction order by id"),
            await tx.fetch("select * from registrar_holding"),
            await tx.fetch("select * from fund_quotation"),
            await tx.fetch("select * from fund_income"),
        ]


TYPES = ("02", "04", "05", "06", "07")


def torn(content: bytes) -> bytes:
    return content[:-40]


def padded(content: bytes) -> bytes:
    lines = content.split(b"\r\n")
    return b"\r\n".join([*lines[:-3], lines[-3] + b" ", *lines[-2:]])


def doubled(content: bytes) -> bytes:
    return content * 2


def recounted(content: bytes) -> bytes:
    lines = content.split(b"\r\n")
    count = next(place for place, line in enumerate(lines) if len(line) == 8 and line.isdigit() and place > 10)
    lines[count] = b"%08d" % (int(lines[count]) + 1)
    return b"\r\n".join(lines)


def readdressed(content: bytes) -> bytes:
    return content.replace(b"\r\nT01      \r\n", b"\r\n996      \r\n", 1)


def unknown_field(content: bytes) -> bytes:
    return content.replace(b"\r\nReturnCode\r\n", b"\r\nReturnCod\r\n").replace(b"\r\nFundCode\r\n", b"\r\nFundCod\r\n")


def nothing(_content: bytes) -> bytes:
    return b""


SPOILT = {
    torn: "it is torn", padded: "bytes, expected", doubled: "there is text after the end of the file", recounted: "the header counts",
    readdressed: "the header belongs to OFD_H0_996_", unknown_field: "is not known in files of type", nothing: "the file ends where",
}  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("file_type", TYPES)
async def test_a_file_that_is_not_whole_posts_nothing_until_a_right_one_comes(
    place: FundTown, file_type: str, spoil: Callable[[bytes], bytes]
) -> None:
    day = MONDAY if file_type == "05" else TUESDAY
    await bought(place)
    if file_type == "05":
        await place.take()
        await place.end(TUESDAY)
        day = TUESDAY
        place.registrar.clock(shanghai(WEDNESDAY, 0, 10))
    path = place.registrar.path(day, file_type)
    right = path.read_bytes()
    path.write_bytes(spoil(right))
    taken = await place.take()
    assert f"{OWN}/{file_type}" not in taken
    before = await picture(place)
    assert await place.take() == []
    assert await picture(place) == before
    today = TUESDAY if file_type != "05" else WEDNESDAY
    complaints = [one for one in await place.said(today) if one.startswith(path.name)]
    assert len(complaints) == 1, "named once, however often it is looked at"
    assert SPOILT[spoil] in complaints[0]
    assert "\n" not in complaints[0]
    path.write_bytes(right)
    assert f"{OWN}/{file_type}" in await place.take()
    await place.take()
    assert await place.said(today) == [], "the complaint is taken back"


async def test_records_and_files_in_another_order_come_to_the_same(place: FundTown) -> None:
    """The registrar may write a file's records, and an index the files, in any order; accounts come before orders all the same."""
    people = [await place.person(name, 10_000_00) for name in ("Wang", "Li", "Zhao")]
    for person, amount in zip(people, (100_00, 200_00, 300_00), strict=True):
        await place.buy_one(person, amount)
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    for file_type in ("02", "04"):
        place.registrar.rewrite(TUESDAY, file_type, lambda records: records[::-1])
    path = place.registrar.exchange.outgoing / "OFI_H0_T01_20140225.TXT"
    index = read_index(path.read_bytes(), parse_index_name(path.name))
    path.write_bytes(write_index(replace(index, files=index.files[::-1])))
    taken = [one for one in await place.take() if one.startswith(OWN)]
    assert [one.partition("/")[2] for one in taken if one[-2:] in ("02", "04")] == ["02", "04"]
    assert (await place.units(*people), await place.said(TUESDAY)) == ([100_00, 200_00, 300_00], [])


async def differs(place: FundTown, file_type: str, change: Callable[[list[Values]], Any], text: str, day: Any = TUESDAY) -> None:
    """The file with its records changed is taken, and the one thing wrong with it named."""
    place.registrar.rewrite(day, file_type, change)
    await place.take()
    said = await place.said(day)
    assert len(said) == 1, said
    assert text in said[0]
    assert "\n" not in said[0]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (set_in(0, ConfirmedAmount=9_999), "asked for 100.00, confirmed are 99.99"),
        (set_in(0, ConfirmedAmount=10_001, ConfirmedVol=10_001), "asked for 100.00, confirmed are 100.01"),
        (set_in(0, ConfirmedVol=9_999), "100.00 yuan at 1.0000 are not 99.99 units"),
        (set_in(0, BusinessCode="124"), "has business code 022, the confirmation 124"),
        (set_in(0, TAAccountID="198000000009"), "the confirmation of 198000000009/"),
        (set_in(0, TransactionAccountID="77"), "the confirmation of 198000000002/77"),
        (set_in(0, FundCode="000199"), "is of fund 000198, the confirmation of 000199"),
        (set_in(0, BusinessFinishFlag="0"), "is marked as not finished, which only a redemption that is confirmed in part can be"),
    ],
)  # fmt: skip
async def test_a_confirmation_that_does_not_fit_its_order_is_named_and_posts_nothing(
    place: FundTown, change: Callable[[list[Values]], Any], text: str
) -> None:
    wang = await bought(place)
    await differs(place, "04", change, text)
    assert ([row.state for row in await place.orders_of(wang)], await place.units(wang)) == (["sent"], [0])
    assert await place.total(Kind.FUND_PURCHASE_COLLECTED) == 10_000


async def test_an_answer_to_what_we_never_asked_is_named_and_the_rest_stands(place: FundTown) -> None:
    wang = await bought(place)

    def strange(records: list[Values]) -> list[Values]:
        return [*records, {**records[0], "AppSheetSerialNo": "X1", "TASerialNO": "X1"}]

    await differs(place, "04", strange, "OFD_H0_T01_20140225_04.TXT answers X1, which we never sent; ask the registrar")
    assert await place.units(wang) == [10_000]


async def test_an_order_answered_twice_is_settled_once(place: FundTown) -> None:
    """Two records under serials of the registrar's: alike, the second is noted; different, it is not explained."""
    wang = await bought(place)
    place.registrar.rewrite(TUESDAY, "04", lambda records: [*records, {**records[0], "TASerialNO": "X1"}])
    await place.take()
    assert (await place.said(TUESDAY), await place.units(wang)) == ([], [10_000])
    assert ("registrar", "doubled", True) in await place.breaks(TUESDAY)


async def test_an_order_answered_twice_differently_is_named(place: FundTown) -> None:
    wang = await bought(place)

    def other(records: list[Values]) -> list[Values]:
        return [*records, {**records[0], "TASerialNO": "X1", "ReturnCode": "9003", "ConfirmedVol": 0, "ConfirmedAmount": 0}]

    await differs(place, "04", other, "twice, differently; the first one stands")
    assert await place.units(wang) == [10_000]


async def test_a_missing_answer_leaves_the_order_in_transit(place: FundTown) -> None:
    wang = await bought(place)
    place.registrar.rewrite(TUESDAY, "04", lambda records: records.clear() or [])
    await place.take()
    async with place.house.database.read() as tx:
        assert await orders_store.unconfirmed(tx, TUESDAY) == [("T01/022", 1, 10_000, 0)]
    assert (await place.units(wang), await place.total(Kind.FUND_PURCHASE_COLLECTED)) == ([0], 10_000)


WRONG_DAYS = {"02": "TransactionCfmDate", "04": "TransactionCfmDate", "06": "DividentDate", "07": "UpdateDate"}


@pytest.mark.parametrize("file_type", WRONG_DAYS)
async def test_records_of_another_day_are_not_taken(place: FundTown, file_type: str) -> None:
    wang = await bought(place)
    day = TUESDAY
    if file_type == "06":
        await place.take()
        await place.end(TUESDAY)
        day = WEDNESDAY
        await place.registrar_works(day)
    before = await place.units(wang)
    await differs(place, file_type, set_in(0, **{WRONG_DAYS[file_type]: "20140201"}), "is dated 2014-02-01, it should be 2014-02-2", day)
    assert await place.take() == []
    assert await place.units(wang) == (before if file_type in ("04", "06") else [10_000])


async def test_a_file_of_a_day_that_has_not_come_waits_for_it(place: FundTown) -> None:
    """The registrar's clock is ahead of ours: nothing is posted under a date that nobody has reached."""
    wang = await bought(place)
    await place.take()
    await place.end(TUESDAY)
    place.registrar.clock(shanghai(THURSDAY, 9, 5))
    morning = ["996/07", "T01/07", "996/06", "T01/06"]
    assert await place.take() == ["996/05", "T01/05", *morning, "996/05", "T01/05"]
    assert await place.take() == []
    assert "OFD_H0_T01_20140227_06.TXT" in await exchange_in.pending(place.house)
    assert await place.said(WEDNESDAY) == []
    await place.clock(shanghai(THURSDAY, 9, 5))
    assert await place.take() == morning
    assert (await place.units(wang))[0] > 10_000


# ---- accounts


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (set_in(1, TAAccountID=""), "is accepted without a TA account"),
        (set_in(1, TransactionAccountID="77"), "the answer 77/101"),
        (set_in(1, BusinessCode="108"), "/101, the answer "),
        (set_in(1, AppSheetSerialNo="X1"), "answers X1, which we never sent"),
    ],
)
async def test_an_answer_that_does_not_fit_its_application_opens_nothing(
    place: FundTown, change: Callable[[list[Values]], Any], text: str
) -> None:
    wang = await bought(place)
    place.registrar.rewrite(TUESDAY, "04", lambda records: records.clear() or [])
    await differs(place, "02", change, text)
    assert (await place.holder(wang)).state == "sent"


async def test_a_taken_over_account_keeps_the_number_it_applied_with(place: FundTown) -> None:
    await place.hand_in(accounts([1, 2]))
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    place.registrar.rewrite(TUESDAY, "02", set_in(1, TAAccountID="198000000099"), OTHER)
    await place.take()
    (said,) = await place.said(TUESDAY)
    assert "is of TA account 996000000002, the answer of 198000000099" in said
    async with place.house.database.read() as tx:
        found = {one.trading_account: (one.state, one.ta_account) for one in await store.accounts_of_channel(tx, OTHER)}
    assert found == {f"{1:017d}": ("open", "996000000001"), f"{2:017d}": ("sent", "996000000002")}


# ---- the folder


async def test_a_file_that_is_not_there_keeps_no_other_waiting(place: FundTown) -> None:
    wang = await bought(place)
    path = place.registrar.path(TUESDAY, "07", OTHER)
    kept = path.read_bytes()
    path.unlink()
    taken = await place.take()
    assert {"T01/02", "T01/04", "T01/06", "T01/07"} <= set(taken)
    assert await place.said(TUESDAY) == [f"{path.name}: the index names a file that is not there; ask the registrar to send it again"]
    assert await place.units(wang) == [10_000]
    path.write_bytes(kept)
    assert await place.take() == ["996/07"]
    assert await place.said(TUESDAY) == []


async def test_an_index_that_cannot_be_read_is_named_until_it_can(place: FundTown) -> None:
    wang = await bought(place)
    path = place.registrar.exchange.outgoing / "OFI_H0_T01_20140225.TXT"
    kept = path.read_bytes()
    path.write_bytes(kept[:-12])
    await place.take()
    (said,) = await place.said(TUESDAY)
    assert said.startswith("OFI_H0_T01_20140225.TXT line ")
    assert await place.units(wang) == [0]
    path.write_bytes(kept)
    await place.take()
    assert (await place.said(TUESDAY), await place.units(wang)) == ([], [10_000])


@pytest.mark.parametrize(("creator", "receiver"), [("H1", OWN), ("H0", "997")])
async def test_a_file_between_others_is_not_ours(place: FundTown, creator: str, receiver: str) -> None:
    await bought(place)
    await place.take()
    before = await picture(place)
    fields = tuple(fields_of("05"))
    content = write_data_file(Header(creator, receiver, TUESDAY, "05", fields, 0), [])
    name = DataFileName(creator, receiver, TUESDAY, "05")
    (place.registrar.exchange.outgoing / f"OFI_{creator}_{receiver}_20140225.TXT").write_bytes(
        b"OFDCFIDX\r\n20  \r\n%-9s\r\n%-9s\r\n20140225\r\n000\r\nOFDCFEND\r\n" % (creator.encode(), receiver.encode())
    )
    place.registrar.leave(str(name), content)
    assert await place.take() == []
    assert await place.said(TUESDAY) == [
        f"{name}: it is from {creator} for {receiver}, and no fund of ours has that registrar and channel;"
        " ask the registrar whose file it is"
    ]
    assert await picture(place) == before


async def test_a_file_that_comes_again_with_other_content_is_named_and_the_first_stands(place: FundTown) -> None:
    wang = await bought(place)
    await place.take()
    before = await picture(place)
    await differs(place, "04", set_in(0, ConfirmedVol=1, ConfirmedAmount=1), "came again with other content; the first one stands")
    assert await picture(place) == before
    assert await place.units(wang) == [10_000]


@pytest.mark.parametrize("file_type", ["02", "04", "07", "06", "05"])
async def test_a_kill_in_the_middle_of_a_file_leaves_nothing_of_it(place: FundTown, file_type: str) -> None:
    """The file is posted and the process dies before the commit: the next look takes it whole."""
    wang = await bought(place)
    before = await picture(place)

    async def dies(*given: Any) -> Any:
        await FILE_TAKERS[file_type](*given)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await exchange_in.take_files(place.house, {**FILE_TAKERS, file_type: dies})
    if file_type == "05":
        assert await picture(place) == before, "holdings come first"
    await place.take()
    assert (await place.said(TUESDAY), await place.units(wang)) == ([], [10_000])
    assert await place.take() == []
    await place.all_books_balance()


async def test_orders_of_two_channels_stand_apart(place: FundTown) -> None:
    """The same serial may occur at both; each channel's answer settles its own."""
    wang = await place.person("Wang", 100_000)
    await place.buy_one(wang, 10_000)
    (own,) = await place.orders_of(wang)
    await place.hand_in(accounts([1]))
    await place.receipt(20_000)
    assert await place.hand_in(orders([replace(order(1, 20_000), serial=own.serial)])) is None
    await place.next_day(MONDAY)
    assert await place.said(TUESDAY) == []
    assert (await place.units(wang), await place.total_units(Kind.HOLDING)) == ([10_000], 30_000)


async def test_a_look_at_the_folder_reads_only_what_has_changed(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much has come in all the years; what changes is seen all the same."""
    wang = await bought(place)
    await place.take()
    read: list[str] = []
    honest = Folder.arriving

    def counting(self: Folder, name: str) -> BinaryIO:
        read.append(name)
        return honest(self, name)

    monkeypatch.setattr(Folder, "arriving", counting)
    assert await place.take() == []
    assert (read, await exchange_in.pending(place.house)) == ([], [])
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    assert len(await place.take()) == 6
    assert {name.rsplit("_", 1)[0][-8:] for name in read if name.startswith("OFD_")} == {"20140225", "20140226"}
    read.clear()
    place.registrar.rewrite(TUESDAY, "04", set_in(0, ConfirmedVol=1, ConfirmedAmount=1))
    await place.take()
    assert "OFD_H0_T01_20140225_04.TXT" in read
    (said,) = await place.said(WEDNESDAY)
    assert "came again with other content" in said
    assert (await place.units(wang))[0] >= 10_000
    read.clear()
    await place.take()
    assert read == []


async def test_a_file_that_changes_while_it_is_read_is_looked_at_again(place: FundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    await bought(place)
    path = place.registrar.path(TUESDAY, "04")
    honest = Folder.arriving

    def overtaken(self: Folder, name: str) -> BinaryIO:
        content = honest(self, name)
        if name == path.name:
            monkeypatch.setattr(Folder, "arriving", honest)
            place.registrar.rewrite(TUESDAY, "04", set_in(0, ConfirmedVol=1, ConfirmedAmount=1))
        return content

    monkeypatch.setattr(Folder, "arriving", overtaken)
    await place.take()
    assert await place.said(TUESDAY) == []
    await place.take()
    (said,) = await place.said(TUESDAY)
    assert "came again with other content" in said


async def test_a_file_that_is_written_into_while_it_is_read_is_not_taken(place: FundTown) -> None:
    """Instead of being left whole under its name: nothing of it is posted, and it is taken when it has come to rest."""
    wang = await bought(place)
    path = place.registrar.path(TUESDAY, "04")
    whole = path.read_bytes()

    async def written_into(house: Any, tx: Any, at: Any, file: Any, content: BinaryIO) -> Any:
        taken = await FILE_TAKERS["04"](house, tx, at, file, content)
        with path.open("ab") as writer:
            writer.write(b"more")
        return taken

    await exchange_in.take_files(place.house, {**FILE_TAKERS, "04": written_into})
    assert await place.units(wang) == [0]
    assert any("it changed while it was read" in one for one in await place.said(MONDAY + timedelta(days=1)))
    path.write_bytes(whole)
    await place.take()
    assert (await place.said(TUESDAY), await place.units(wang)) == ([], [10_000])


async def test_answers_wait_until_it_is_noted_that_what_they_answer_has_left(place: FundTown) -> None:
    """The platform dies after it has left the files and is back when the registrar has answered: the step done again leaves the same files
    and sweeps the money, and then the answers are taken."""
    wang = await place.person("Wang", 100_000)
    await place.buy_one(wang, 10_000)
    await place.clock(shanghai(TUESDAY, 0, 30))
    await place.cut(MONDAY)
    await exchange_out._leave(place.house, MONDAY)
    assert {one[:3] for one in await place.morning(TUESDAY)} == {"996"}, "to whom nothing had left"
    assert (await place.orders_of(wang))[0].state == "placed"
    report = await exchange_out.send_files(place.house, MONDAY)
    assert "100.00 yuan swept" in report.text
    await place.bank_executes(TUESDAY)
    assert "T01/04" in await place.take()
    assert (await place.units(wang), await place.total(Kind.FUND_PURCHASE_IN_TRANSIT)) == ([10_000], 0)
    assert (await place.total(Kind.FUND_PURCHASE_COLLECTED), await place.said(TUESDAY)) == (0, [])
    await place.all_books_balance()


async def test_a_fault_of_ours_in_a_file_is_named_and_keeps_no_other_waiting(place: FundTown) -> None:
    """What it had written is undone; mended, the file is taken."""
    await bought(place)

    async def faulty(house: Any, tx: Any, at: Any, file: Any, content: BinaryIO) -> Any:
        await FILE_TAKERS["04"](house, tx, at, file, content)
        raise ZeroDivisionError

    taken = await exchange_in.take_files(place.house, {**FILE_TAKERS, "04": faulty})
    assert {name[-6:-4] for name in taken} >= {"02", "07"}
    assert not [name for name in taken if name.endswith("_04.TXT")]
    said = await place.said(MONDAY + timedelta(days=1))
    assert any("_04.TXT cannot be taken by a fault of ours (ZeroDivisionError, see the log): tell the engineers" in one for one in said)
    assert await place.total_units(Kind.HOLDING) == 0
    assert "T01/04" in await place.take()
    assert not [one for one in await place.said(MONDAY + timedelta(days=1)) if "fault of ours" in one]
    assert await place.total_units(Kind.HOLDING) > 0
