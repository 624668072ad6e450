"""A merchant's life with the house: applied for, screened, approved, suspended, resumed, closed; its terminals and their keys.

What is refused leaves no trace but its memory, what is kept is paid, and who did it is on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import msgspec
import pytest
from bill_town import MONDAY, NINE
from card_town import TERMINAL, CardTown
from merchant_sales import buyer, owed, settle, sold

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.standing import MerchantState
from tapwealth.app.wiring import Terminals
from tapwealth.bank import store as bank
from tapwealth.flows import setup
from tapwealth.flows.acquiring import merchant_settlement, merchants, terminals
from tapwealth.flows.acquiring.merchants import ListParty, ProposeMerchant, ProposeMerchantState, SuspendMerchant
from tapwealth.flows.acquiring.terminals import (
    ChangeTerminal,
    EnrolTerminal,
    EnterTransportKey,
    RegisterTerminal,
    RenewTerminalKey,
    TerminalKeyed,
)
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.reports.enrolment import MerchantFile, merchant_file, merchant_lines
from tapwealth.flows.reports.standing import proposals
from tapwealth.flows.setup import Approve, Approved, Proposed
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.group_commit import Batcher
from tapwealth.storage.operators import OperatorRole
from tapwealth.wire.emv_crypto import xor
from tapwealth.wire.iso8583.requests import Management, ManagementRequest, TransactionKind
from tapwealth.wire.iso8583.working_keys import deciphered
from tapwealth.wire.key_block import key_check_value, read_key_block

TUESDAY = MONDAY + timedelta(days=1)
SHOP = "898110058120099"
REPRESENTATIVE, NUMBER = "钱多", "11010519491231002X"
APPLICATION = ProposeMerchant(
    SHOP, "巷口面馆有限公司", "5812", "91110000600037341L", "313100000013", "0200000004", REPRESENTATIVE, NUMBER, 38
)  # fmt: skip
CHEN, ZHOU, LIN = "ops.chen", "ops.zhou", "ri.lin"
FIRST, SECOND = bytes(range(32)), bytes(range(7, 39))


@dataclass
class Desk:
    """The bank's people at work, and the host that hears of it."""

    host: CardTown
    doors: Terminals
    keys: Any = field(default_factory=lambda: count(1))

    async def give(self, who: str, flow: Any, command: Any) -> Any:
        caller = Caller(ActorKind.OPERATOR, f"operator:{who}", "password")
        now = self.host.place.biller.now
        answer = await flow(self.host.place.house, Envelope(named(NINE, 0, f"desk {next(self.keys)}"), caller, now), command)
        await self.doors.reload()
        return answer

    async def decided(self, command: Any, by: str = ZHOU) -> Any:
        """Proposed by Chen; what the other one's yes comes to."""
        made = await self.give(CHEN, setup.propose, command)
        assert isinstance(made, Proposed), made
        return await self.give(by, setup.approve, Approve(made.proposal))

    async def enrolled(self) -> acquiring.Merchant:
        """The merchant, with the terminal of the town."""
        assert await self.decided(APPLICATION) == Approved("ProposeMerchant")
        registered = await self.give(CHEN, terminals.register, RegisterTerminal(SHOP, TERMINAL, "5A" * 16))
        assert not isinstance(registered, Refusal), registered
        return self.host.cards.merchants[SHOP]

    async def file(self) -> MerchantFile:
        async with self.host.place.house.database.read() as tx:
            found = await merchant_file(tx, SHOP)
        assert isinstance(found, MerchantFile), found
        return found

    async def with_transport_key(self) -> bytes:
        for who, part in ((CHEN, FIRST), (ZHOU, SECOND)):
            said = await self.give(who, terminals.enter_transport_key, entered(part))
            assert not isinstance(said, Refusal), said
        return xor(FIRST, SECOND)

    async def signs_on(self, terminal: str) -> Any:
        at = self.host.place.biller.now
        asked = ManagementRequest(
            merchant_id=SHOP, terminal_id=terminal, batch="000001", stan="000001", received_at=at, kind=Management.SIGN_ON
        )
        return await self.doors.management(asked)


def entered(component: bytes, **changes: str) -> EnterTransportKey:
    made = EnterTransportKey(SHOP, component.hex(), key_check_value(component).hex())
    return msgspec.structs.replace(made, **changes)


@pytest.fixture
async def desk(host: CardTown) -> Desk:
    house = host.place.house
    operations, compliance = [OperatorRole.OPERATIONS], [OperatorRole.COMPLIANCE]
    async with house.database.transaction() as tx:
        for login, roles in ((CHEN, operations), (ZHOU, operations), (LIN, compliance)):
            await operators.create(tx, house.random64, login, login, roles, "nobody signs in here", NINE)
    return Desk(host, Terminals(house, host.cards, Batcher(house.database, {})))


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


# ---- onboarding


async def test_a_merchant_is_applied_for_by_one_approved_by_another_and_active_with_its_first_terminal(desk: Desk) -> None:
    made = await desk.give(CHEN, setup.propose, APPLICATION)
    async with desk.host.place.house.database.read() as tx:
        (shown,), lines = await proposals(desk.host.place.house, tx), await merchant_lines(tx)
    assert [(one.number, one.state, one.fee_class) for one in lines if one.number == SHOP] == [(SHOP, "applied", "dining")]
    assert REPRESENTATIVE not in str(shown.content)
    assert NUMBER[:-1] not in str(shown.content)
    assert code(await desk.give(CHEN, terminals.register, RegisterTerminal(SHOP, TERMINAL, "5A" * 16))) == "UNKNOWN_MERCHANT"
    assert code(await desk.give(CHEN, setup.approve, Approve(made.proposal))) == "SAME_PERSON"
    assert await desk.give(ZHOU, setup.approve, Approve(made.proposal)) == Approved("ProposeMerchant")
    await desk.give(CHEN, terminals.register, RegisterTerminal(SHOP, TERMINAL, "5A" * 16))
    found = await desk.file()
    assert (found.merchant.state, found.representative, found.settlement_account) == ("active", "*多", "****0004")
    assert [(one.state, one.terminal, one.by, one.approved_by) for one in found.history] == [
        ("applied", "", CHEN, ""), ("approved", "", CHEN, ZHOU), ("active", "", CHEN, ""), ("active", TERMINAL, CHEN, ""),
    ]  # fmt: skip
    assert code(await desk.give(CHEN, setup.propose, APPLICATION)) == "EXISTS"


async def test_a_rejected_application_leaves_its_reason_and_no_merchant(desk: Desk) -> None:
    made = await desk.give(CHEN, setup.propose, APPLICATION)
    no = setup.Reject(made.proposal, "the licence has run out")
    assert code(await desk.give(CHEN, setup.reject, no)) == "SAME_PERSON"
    assert not isinstance(await desk.give(ZHOU, setup.reject, no), Refusal)
    assert code(await desk.give(ZHOU, setup.approve, Approve(made.proposal))) == "ALREADY_DECIDED"
    async with desk.host.place.house.database.read() as tx:
        assert await tx.fetchval("select reason from approval where id = $1", made.proposal) == "the licence has run out"
    assert SHOP not in desk.host.cards.merchants


@pytest.mark.parametrize(
    ("name", "number"),
    [("巷口面馆", ""), ("钱 多", ""), ("somebody else", "91110000600037341l"), ("somebody else", "11010519491231002x")],
    ids=["its name", "its representative", "its credit code", "its representative's number"],
)
async def test_who_is_under_sanctions_becomes_no_merchant_and_who_is_watched_only_by_compliance(desk: Desk, name: str, number: str) -> None:
    sanctioned = await desk.give(LIN, merchants.list_party, ListParty("sanctions", name, "list of 2014-02", number))
    assert code(await desk.give(CHEN, setup.propose, APPLICATION)) == "ON_SANCTIONS_LIST"
    await desk.give(LIN, merchants.delist_party, merchants.DelistParty(sanctioned.entry, "a namesake"))
    assert code(await desk.give(LIN, merchants.delist_party, merchants.DelistParty(sanctioned.entry, "a namesake"))) == "NOT_LISTED"
    await desk.give(LIN, merchants.list_party, ListParty("watch", name, "in the press", number))
    made = await desk.give(CHEN, setup.propose, APPLICATION)
    (remark,) = made.screening
    assert "is on the watch list (in the press)" in remark
    assert code(await desk.give(ZHOU, setup.approve, Approve(made.proposal))) == "COMPLIANCE_DECIDES"
    assert await desk.give(LIN, setup.approve, Approve(made.proposal)) == Approved("ProposeMerchant")
    assert (await desk.file()).history[1].reason == remark


async def test_who_is_listed_after_the_application_is_found_before_the_approval_and_after_it_by_name(desk: Desk) -> None:
    made = await desk.give(CHEN, setup.propose, APPLICATION)
    entry = await desk.give(LIN, merchants.list_party, ListParty("sanctions", "巷口面馆", "list of 2014-03"))
    assert (entry.merchants, code(await desk.give(ZHOU, setup.approve, Approve(made.proposal)))) == ([], "ON_SANCTIONS_LIST")
    await desk.give(LIN, merchants.delist_party, merchants.DelistParty(entry.entry, "a mistake"))
    assert await desk.give(ZHOU, setup.approve, Approve(made.proposal)) == Approved("ProposeMerchant")
    assert (await desk.give(LIN, merchants.list_party, ListParty("watch", REPRESENTATIVE, "news"))).merchants == [SHOP]


async def test_compliance_decides_of_merchants_and_of_nothing_else(desk: Desk) -> None:
    await desk.enrolled()
    made = await desk.give(CHEN, setup.propose, ProposeMerchantState(SHOP, "closed", "moved away"))
    assert code(await desk.give(LIN, setup.approve, Approve(made.proposal))) == "NOT_ALLOWED"


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"fee_bp": 122}, "123 to 127"), ({"fee_bp": 128}, "123 to 127"), ({"fee_bp": 125, "fee_cap": 80_00}, "no cap"),
     ({"fee_bp": 125, "fee_minimum": 1}, "no minimum"), ({"category_code": "5511", "fee_bp": 125}, "a cap from 79.00 to 81.00"),
     ({"category_code": "8211", "fee_bp": 1}, "0 to 0")],
)  # fmt: skip
async def test_where_the_rules_state_a_price_no_other_is_asked(desk: Desk, changes: Mapping[str, Any], words: str) -> None:
    """The notice of 2013: dining 1.25 %, of which the acquirer's 0.22 may be moved by a tenth."""
    asked = msgspec.structs.replace(APPLICATION, **changes)
    with pytest.raises(BadInput, match=words):
        merchants.check(replace(desk.host.place.house, rule_set="2014"), asked)
    merchants.check(desk.host.place.house, asked)
    for fits in ({"fee_bp": 123}, {"fee_bp": 127}, {"category_code": "5511", "fee_bp": 125, "fee_cap": 80_00}):
        merchants.check(replace(desk.host.place.house, rule_set="2014"), msgspec.structs.replace(APPLICATION, **fits))


# ---- suspended, resumed, closed


async def test_a_suspended_merchant_is_declined_its_money_is_kept_and_paid_when_it_is_resumed(desk: Desk) -> None:
    host, shop = desk.host, await desk.enrolled()
    person, phone = await buyer(host)
    sale, *_ = await sold(host, shop, phone, 30_00, 20_00)
    assert not isinstance(await desk.give(CHEN, merchants.suspend, SuspendMerchant(SHOP, "complaints")), Refusal)
    shop = host.cards.merchants[SHOP]
    one = await settle(host, MONDAY)
    assert (one.gross, one.fee, one.net, one.paid, one.kept) == (50_00, 19, 49_81, 0, 49_81)
    assert await owed(host, shop, person) == 49_81
    await host.after(days=1)
    asked = host.sale(phone, 10_00, merchant_id=SHOP)
    (declined,) = await host.authorise(asked)
    assert (declined.response_code, (await host.row(asked)).reason) == ("03", "merchant_suspended: the merchant is suspended")
    (later,) = await host.later(host.follow_up(TransactionKind.REFUND, *sale))
    assert later.response_code == "03"
    one = await settle(host, TUESDAY)
    assert (one.net, one.brought_forward, one.paid, one.kept) == (0, 49_81, 0, 49_81), "day after day"
    assert await desk.decided(ProposeMerchantState(SHOP, "active", "settled with the customers")) == Approved("ProposeMerchantState")
    assert (await host.tap(phone, 10_00, merchant_id=SHOP))[1] == "00"
    await host.after(days=1)
    one = await settle(host, TUESDAY + timedelta(days=1))
    assert (one.gross, one.brought_forward, one.paid, one.kept) == (0, 49_81, 49_81, 0)
    assert await owed(host, shop, person) == 0
    assert await host.place.bank_executes(TUESDAY + timedelta(days=1)) == [f"MER-{SHOP}-20140226"]
    own = [one for one in (await desk.file()).history if not one.terminal]
    assert [(one.state, one.by, one.approved_by, one.reason) for one in own[-2:]] == [
        ("suspended", CHEN, "", "complaints"), ("active", CHEN, ZHOU, "settled with the customers"),
    ]  # fmt: skip


async def test_a_payout_that_the_bank_rejects_is_kept_while_the_merchant_is_suspended(desk: Desk) -> None:
    host, shop = desk.host, await desk.enrolled()
    person, phone = await buyer(host)
    await sold(host, shop, phone, 30_00)
    assert (await settle(host, MONDAY)).paid == 29_89
    await desk.give(CHEN, merchants.suspend, SuspendMerchant(SHOP, "complaints"))
    await payments.hear(host.place.house, [Outcome(f"MER-{SHOP}-20140224", False, TUESDAY, "AC04 closed")])
    await payments.instruct_again(host.place.house, TUESDAY)
    one = await settle(host, TUESDAY)
    assert (one.brought_forward, one.paid, one.kept) == (29_89, 0, 29_89)
    for day in range(2, 20):
        await merchant_settlement.settle_merchants(host.place.house, MONDAY + timedelta(days=day))
    await desk.decided(ProposeMerchantState(SHOP, "active", "settled"))
    one = await settle(host, MONDAY + timedelta(days=20))
    assert (one.brought_forward, one.paid, await owed(host, shop, person)) == (29_89, 29_89, 0), "weeks later nothing is lost"


async def test_a_closed_merchant_sells_no_more_and_is_paid_what_it_is_owed(desk: Desk) -> None:
    host, shop = desk.host, await desk.enrolled()
    person, phone = await buyer(host)
    await sold(host, shop, phone, 30_00)
    await desk.give(CHEN, merchants.suspend, SuspendMerchant(SHOP, "complaints"))
    assert (await settle(host, MONDAY)).kept == 29_89
    await desk.decided(ProposeMerchantState(SHOP, "closed", "the contract is at an end"))
    assert (await host.tap(phone, 10_00, merchant_id=SHOP))[1] == "03"
    assert (await settle(host, TUESDAY)).paid == 29_89
    assert await owed(host, shop, person) == 0
    for state in ("active", "closed"):
        answer = await desk.give(CHEN, setup.propose, ProposeMerchantState(SHOP, state, "again"))
        assert code(answer) == "NOT_FROM_HERE"
    assert code(await desk.give(CHEN, terminals.register, RegisterTerminal(SHOP, "11000077", "5A" * 16))) == "NOT_FROM_HERE"


async def test_two_who_resume_at_once_resume_once(desk: Desk) -> None:
    await desk.enrolled()
    await desk.give(CHEN, merchants.suspend, SuspendMerchant(SHOP, "complaints"))
    twice = [(await desk.give(CHEN, setup.propose, ProposeMerchantState(SHOP, "active", "settled"))).proposal for _ in range(2)]
    assert await desk.give(ZHOU, setup.approve, Approve(twice[0])) == Approved("ProposeMerchantState")
    assert code(await desk.give(ZHOU, setup.approve, Approve(twice[1]))) == "NOT_FROM_HERE"


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_happens_what_was_received_is_paid_taken_as_a_fee_or_still_there(desk: Desk, seed: int) -> None:
    """Fifteen days of sales, refunds, suspensions, resumptions and payouts that the bank executes or rejects, by chance."""
    chance, host, house = Random(seed), desk.host, desk.host.place.house
    await desk.enrolled()
    person, phone = await buyer(host)
    made: list[Any] = []
    for number in range(15):
        day, suspended = MONDAY + timedelta(days=number), host.cards.merchants[SHOP].state == MerchantState.SUSPENDED
        if not suspended:
            made += await sold(host, host.cards.merchants[SHOP], phone, *(chance.randint(1, 500_00) for _ in range(chance.randint(0, 2))))
            if made and chance.random() < 0.4:
                sale, rrn = chance.choice(made)
                await host.later(host.follow_up(TransactionKind.REFUND, sale, rrn, chance.randint(1, sale.amount)))
        if suspended and chance.random() < 0.4:
            await desk.decided(ProposeMerchantState(SHOP, "active", "settled"))
        elif not suspended and chance.random() < 0.25:
            await desk.give(CHEN, merchants.suspend, SuspendMerchant(SHOP, "complaints"))
        await host.clear(day)
        await merchant_settlement.settle_merchants(house, day)
        async with house.database.read() as tx:
            settled, waiting = await acquiring.settlements(tx), await bank.open_instructions(tx)
        for one in waiting:
            if chance.random() < 0.7:
                await payments.hear(house, [Outcome(one.end_to_end_id, chance.random() < 0.6, day)])
        async with house.database.read() as tx:
            rejected = sum(one.amount for one in await bank.rejected(tx, ("merchant_payout",), MONDAY))
        received, fees, paid = (sum(getattr(one, name) for one in settled) for name in ("gross", "fee", "paid"))
        assert received == fees + paid - rejected + await owed(host, host.cards.merchants[SHOP], person), day
        assert min(one.kept for one in settled) >= 0 if settled else True
        await host.after(days=1)
    assert received > 0
    assert rejected > 0
    await host.place.all_books_balance()


# ---- terminals and their keys


async def test_a_suspended_or_closed_terminal_is_declined_and_what_it_sold_is_still_claimed(desk: Desk) -> None:
    host, shop = desk.host, await desk.enrolled()
    _, phone = await buyer(host)
    sale = host.sale(phone, 30_00, merchant_id=SHOP)
    assert (await host.authorise(sale))[0].response_code == "00"
    await desk.give(CHEN, terminals.change, ChangeTerminal(TERMINAL, "suspended", "stolen"))
    assert (await desk.signs_on(TERMINAL)).response_code == "58"
    asked = host.sale(phone, 10_00, merchant_id=SHOP)
    assert (await host.authorise(asked))[0].response_code == "58"
    assert (await host.row(asked)).reason == "terminal_suspended: the terminal is suspended"
    assert (await host.tap(phone, 10_00, merchant_id=SHOP, terminal_id="10000002"))[1] == "00", "another terminal of the shop sells on"
    assert (await host.upload(host.claim(sale)))[0].response_code == "00"
    assert (await settle(host, MONDAY)).gross == 30_00
    await desk.give(CHEN, terminals.change, ChangeTerminal(TERMINAL, "active", "found"))
    assert (await host.tap(phone, 10_00, merchant_id=SHOP))[1] == "00"
    await desk.give(CHEN, terminals.change, ChangeTerminal(TERMINAL, "closed", "worn out"))
    assert (await host.tap(phone, 10_00, merchant_id=SHOP))[1] == "58"
    assert code(await desk.give(CHEN, terminals.change, ChangeTerminal(TERMINAL, "active", "again"))) == "NOT_FROM_HERE"
    assert shop.state == MerchantState.ACTIVE


async def test_the_transport_key_is_brought_by_two_people_and_is_neither_ones_component(desk: Desk) -> None:
    await desk.enrolled()
    assert (await desk.give(CHEN, terminals.enter_transport_key, entered(FIRST))).check_value == ""
    assert code(await desk.give(CHEN, terminals.enter_transport_key, entered(SECOND))) == "SAME_PERSON"
    with pytest.raises(BadInput, match="are the same"):
        await desk.give(ZHOU, terminals.enter_transport_key, entered(FIRST))
    assert code(await desk.give(CHEN, terminals.enrol, EnrolTerminal(SHOP, "11000077"))) == "NO_TRANSPORT_KEY"
    said = await desk.give(ZHOU, terminals.enter_transport_key, entered(SECOND))
    assert said.check_value == key_check_value(xor(FIRST, SECOND)).hex().upper() == (await desk.file()).transport_key
    async with desk.host.place.house.database.read() as tx:
        kept = await tx.fetch("select sealed::text from transport_key union all select answer::text from command_log")
        secrets = [secret.hex() for secret in (FIRST, SECOND, xor(FIRST, SECOND))]
        assert kept
        assert not any(secret in row[0] for row in kept for secret in secrets)


async def test_an_enrolled_terminal_signs_on_under_the_key_of_its_block_and_under_no_other(desk: Desk) -> None:
    await desk.enrolled()
    protection = await desk.with_transport_key()
    given: TerminalKeyed = await desk.give(CHEN, terminals.enrol, EnrolTerminal(SHOP, "11000077"))
    master = read_key_block(protection, given.key_block)
    assert (master.usage, master.algorithm, master.exportability) == ("K0", "T", "N")
    answer = await desk.signs_on("11000077")
    keys = deciphered(answer.keys, master.key)
    assert (await desk.doors.find_mac_keys(SHOP, "11000077"))[0] == keys.mac
    lost: TerminalKeyed = await desk.give(CHEN, terminals.renew_key, RenewTerminalKey("11000077", "its memory was lost"))
    assert keys.mac not in await desk.doors.find_mac_keys(SHOP, "11000077"), "what it had before is good no longer"
    answer = await desk.signs_on("11000077")
    with pytest.raises(BadInput, match="check value"):
        deciphered(answer.keys, master.key)
    fresh = deciphered(answer.keys, read_key_block(protection, lost.key_block).key)
    assert fresh.mac in await desk.doors.find_mac_keys(SHOP, "11000077")
    assert fresh.mac != keys.mac
    assert (await desk.file()).history[-1].reason == "another master key: its memory was lost"


async def test_keys_that_were_used_end_with_the_master_key_they_came_under(desk: Desk) -> None:
    await desk.enrolled()
    protection = await desk.with_transport_key()
    given = await desk.give(CHEN, terminals.enrol, EnrolTerminal(SHOP, "11000077"))
    used = deciphered((await desk.signs_on("11000077")).keys, read_key_block(protection, given.key_block).key)
    await desk.doors.key_taken(SHOP, "11000077", used.mac)
    assert await desk.doors.find_mac_keys(SHOP, "11000077") == [used.mac]
    await desk.give(CHEN, terminals.renew_key, RenewTerminalKey("11000077", "it was opened"))
    assert used.mac not in await desk.doors.find_mac_keys(SHOP, "11000077")


async def test_a_terminal_takes_anothers_place(desk: Desk) -> None:
    host, _ = desk.host, await desk.enrolled()
    await desk.with_transport_key()
    _, phone = await buyer(host)
    assert code(await desk.give(CHEN, terminals.enrol, EnrolTerminal(SHOP, "11000078", "99999999"))) == "UNKNOWN_TERMINAL"
    given = await desk.give(CHEN, terminals.enrol, EnrolTerminal(SHOP, "11000078", TERMINAL))
    assert isinstance(given, TerminalKeyed)
    assert (await host.tap(phone, 10_00, merchant_id=SHOP))[1] == "58"
    assert (await host.tap(phone, 10_00, merchant_id=SHOP, terminal_id="11000078"))[1] == "00"
    shown = {one.number: (one.state, one.replaced_by) for one in (await desk.file()).terminals}
    assert shown == {TERMINAL: ("replaced", "11000078"), "11000078": ("active", "")}
    assert code(await desk.give(CHEN, terminals.renew_key, RenewTerminalKey(TERMINAL, "opened"))) == "NOT_FROM_HERE"
    assert code(await desk.give(CHEN, terminals.enrol, EnrolTerminal(SHOP, "11000078"))) == "EXISTS"
