"""The bank's messages as they arrive: read, credited under a name, and settled, whichever of the forms ISO 20022 allows a bank chose."""

import io
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from bill_town import MONDAY, Town

from tapwealth.bank import store as bank
from tapwealth.bank.entries import Part
from tapwealth.bank.statement import pack_lines, read_statement
from tapwealth.flows import proof
from tapwealth.flows.bank import bank_messages, mirrors, payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, actor_number, moment
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import Kind, house_account

GOLDEN = Path(__file__).parents[1] / "golden" / "iso20022"
RESERVE = "0100000001"
TOLD = (GOLDEN / "foreign_bank.camt.054.xml").read_bytes()


async def receipts_of(place: Town) -> list[tuple[str, str, int]]:
    async with place.house.database.read() as tx:
        return [(one.end_to_end_id, one.account, one.amount) for one in await bank.receipts_on(tx, MONDAY)]


async def test_payers_who_gave_no_id_are_told_apart_by_the_banks_reference(place: Town) -> None:
    """Two of the same sum on one account, one on another, told twice: each is credited once; what is expected only is not."""
    await bank_messages.take(place.house, TOLD)
    await bank_messages.take(place.house, TOLD)
    names = [f"bank reference {number} of {account} on 2014-02-24" for account, number in ((RESERVE, 1), (RESERVE, 2), ("0100000004", 1))]
    assert await receipts_of(place) == [(names[0], RESERVE, 500_00), (names[2], "0100000004", 20_50), (names[1], RESERVE, 500_00)]
    assert await place.total(Kind.SUSPENSE) == 1_000_00
    await place.all_books_balance()


async def test_what_was_told_without_an_id_agrees_with_the_statement(place: Town) -> None:
    await bank_messages.take(place.house, TOLD)
    report = TOLD.decode()
    first, second = report.index("<ns2:Ntry>"), report.index("</ns2:Ntfctn>")
    head = (GOLDEN / "camt.053.001.08.xml").read_text().split("<Ntry>")[0]
    head = head[: head.index("<TxsSummry>")].replace("1749.75", "1000.00").replace(">1000.00<", ">0<", 1)
    entries = report[first:second].replace("ns2:", "")
    statement = read_statement(io.BytesIO(f"{head}{entries}</Stmt></BkToCstmrStmt></Document>".encode()))
    async with place.house.database.transaction() as tx:
        lines = pack_lines(statement.lines)
        await bank.save_statement(tx, RESERVE, MONDAY, statement.opening, statement.closing, lines, b"", (await moment(tx)).now)
    proved = await mirrors.prove_mirrors(place.house, MONDAY)
    assert proved.wrong == []
    assert proved.figures[RESERVE]["matched"] == 2


class OneStatement:
    """A bank that has the same answer whatever it is asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def send(self, message: bytes) -> None:
        assert message

    async def statement(self, _account: str, _day: date) -> bytes:
        return self.content


async def kept_of(place: Town, content: bytes, day: date) -> tuple[list[str], list[str]]:
    """The accounts whose statement was kept, and what was wrong with the others, when the bank answers so."""
    house = replace(place.house, rails=replace(place.house.rails, bank=OneStatement(content)))
    report = await proof.receive_statements(house, day)
    async with house.database.read() as tx:
        return sorted(await bank.statements(tx, day)), report.wrong


async def test_a_statement_of_another_account_or_day_is_not_taken_for_the_one_that_was_asked_for(place: Town) -> None:
    content = (GOLDEN / "foreign_bank.camt.053.xml").read_bytes()
    kept, wrong = await kept_of(place, content, MONDAY)
    assert kept == [RESERVE]
    assert len(wrong) == 5
    assert wrong[0] == (
        "the bank's statement of 0100000002 for 2014-02-24: it is of 0100000001 on 2014-02-24; ask the bank for the right one"
    )
    kept, wrong = await kept_of(place, content, MONDAY + timedelta(days=1))
    assert (kept, len(wrong)) == ([], 6)


async def test_a_statement_that_cannot_be_read_names_its_account(place: Town) -> None:
    kept, wrong = await kept_of(place, b"<Document/>", MONDAY)
    assert kept == []
    assert wrong[0].startswith("the bank's statement of 0100000001 for 2014-02-24: ")


REPORT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"><CstmrPmtStsRpt>
<GrpHdr><MsgId>R-1</MsgId><CreDtTm>2014-02-24T09:31:00+08:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>{status}</GrpSts>
<StsRsnInf><Rsn><Cd>FF01</Cd></Rsn><AddtlInf>file format</AddtlInf></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"""


async def pays_out(place: Town, name: str, amount: int) -> str:
    """A payment from the reserve; the name of the message that it goes in."""
    async with place.house.database.transaction() as tx:
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        parts = (Part(HOUSE_BOOK, amount, house_account(HOUSE_BOOK, Kind.SUSPENSE, Asset.CNY)),)
        one = Payment(named(at.now, 0, name), name, Purpose.MERCHANT_PAYOUT, RESERVE, "0200000004", "shop", MONDAY, parts)
        await payments.instruct(place.house, tx, at, MONDAY, actor, [one])
    async with place.house.database.read() as tx:
        return (await bank.by_end_to_end(tx, [name]))[name].id.hex


async def test_a_message_that_the_bank_rejects_as_a_whole_rejects_its_payment(place: Town) -> None:
    await bank_messages.take(place.house, TOLD)
    message = await pays_out(place, "OUT", 120_00)
    await bank_messages.take(place.house, REPORT.format(message=message, status="ACTC").encode())
    assert await state_of(place, "OUT") == ("instructed", "")
    await bank_messages.take(place.house, REPORT.format(message=message, status="RJCT").encode())
    assert await state_of(place, "OUT") == ("rejected", "FF01 file format")
    assert await place.total(Kind.SUSPENSE) == 1_000_00, "the money is back where it came from"
    for unknown in ("0" * 32, "PAY-1"):
        with pytest.raises(BadInput, match=f"no message of ours is called {unknown}"):
            await bank_messages.take(place.house, REPORT.format(message=unknown, status="RJCT").encode())


async def state_of(place: Town, name: str) -> tuple[str, str]:
    async with place.house.database.read() as tx:
        one = (await bank.by_end_to_end(tx, [name]))[name]
    return one.state, one.reason
