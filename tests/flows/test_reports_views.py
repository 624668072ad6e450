"""Statements, and who may look at what: a customer at their own, operators at all, everybody at the week."""

import re
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from device import DeviceKey, card_of
from played_days import MONDAY, SHOP, TUESDAY, WEDNESDAY, Played, operator

from tapwealth.card import step
from tapwealth.flows import reports
from tapwealth.flows.frame import Caller
from tapwealth.flows.reports import StatementView, WeekView
from tapwealth.flows.reports.customers import CustomerView
from tapwealth.flows.reports.days import DayView
from tapwealth.flows.reports.words import TAP_STATES
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.terminal import Oda, OnlineRequest, Tap, dialogue, read_config, run

CLERK = operator("ops.chen")


async def view(on: Played, path: str, caller: Caller | None = None, **given: str) -> Any:
    return await reports.views(on.house)[path](caller, given)


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def statement(on: Played, customer: str) -> StatementView:
    found = await reports.statement(on.house, customer)
    assert isinstance(found, StatementView), found
    return found


async def test_a_statement_is_found_by_phone_number_id_or_number(on: Played) -> None:
    by_phone = await statement(on, on.people[0].phone)
    assert by_phone == await statement(on, f"cus_{on.callers[0].person.hex}") == await statement(on, "1")
    assert by_phone != await statement(on, "2")
    assert code(await reports.statement(on.house, "13800000000")) == "UNKNOWN"
    assert code(await reports.statement(on.house, "3")) == "UNKNOWN"
    with pytest.raises(BadInput):
        await reports.statement(on.house, "nobody")


async def test_a_tap_has_words_in_every_state_that_it_can_be_in(on: Played) -> None:
    async with on.house.database.read() as tx:
        check = await tx.fetchval("select pg_get_constraintdef(oid) from pg_constraint where conname = 'authorisation_state_check'")
    assert set(re.findall(r"'(\w+)'", check)) == set(TAP_STATES)


async def test_balances_run_to_what_the_ledger_holds(on: Played) -> None:
    for number in ("1", "2"):
        found = await statement(on, number)
        for account, owed in (("wallet", found.wallet), ("holding", found.holding)):
            balance = 0
            for line in (line for line in found.statement if line.account == account):
                balance += line.amount
                assert line.balance == balance >= 0
            assert balance == owed


async def test_money_over_transit_is_dated_when_it_was_sent(on: Played) -> None:
    sent = next(line for line in (await statement(on, "1")).statement if line.text_en.startswith("Sent to"))
    (came,) = [line for line in (await statement(on, "2")).statement if line.text_en.startswith("Received from")]
    assert (sent.date, sent.time, sent.amount) == (came.date, came.time, -came.amount) == (MONDAY, "10:00:00", -300_00)
    assert came.text_zh.startswith("收到 *")


async def test_everybody_sees_the_week_and_its_days(on: Played) -> None:
    assert isinstance(await view(on, "week"), WeekView)
    days = await view(on, "days")
    assert [(day.business_date, day.proved) for day in days] == [(MONDAY, True), (TUESDAY, True)]
    shown = await view(on, "day/{date}", date="2014-02-25")
    assert isinstance(shown, DayView)
    assert shown == days[1]
    assert await view(on, "break/{date}", date="2014-02-25") == shown.breaks
    assert code(await view(on, "day/{date}", date="2014-03-25")) == "UNKNOWN"
    with pytest.raises(BadInput, match="write it like"):
        await view(on, "day/{date}", date="25.2.")
    shop = await view(on, "merchant/{number}", number=SHOP)
    assert [(one.amount, one.state) for one in shop.receipts] == [
        (28_50, "captured"), (5_000_00, "declined"), (66_60, "reversed"), (200_00, "captured"),
    ]  # fmt: skip
    assert [(one.gross, one.gross - one.fee) for one in shop.settlements] == [(28_50, 28_14), (200_00, 197_50)]
    assert code(await view(on, "merchant/{number}", number="898000000000000")) == "UNKNOWN"


async def test_a_customer_sees_their_own_and_nobody_elses(on: Played) -> None:
    first, second = on.callers
    own = await view(on, "customer/{person}", first, person="me")
    assert isinstance(own, CustomerView)
    assert own == await view(on, "customer/{person}", first, person=str(first.person)) == (await view(on, "week")).customers[0]
    assert own == await view(on, "customer/{person}", CLERK, person=on.people[0].phone)
    assert await view(on, "statement/{person}", first, person="me") == await statement(on, "1")
    for stranger, person in ((None, "1"), (second, "1"), (second, "9"), (Caller(first.kind, "new device", "device token"), "1")):
        assert code(await view(on, "customer/{person}", stranger, person=person)) == "NOT_YOURS"
        assert code(await view(on, "statement/{person}", stranger, person=person)) == "NOT_YOURS"
    assert code(await view(on, "customer/{person}", CLERK, person="9")) == "UNKNOWN"


async def test_what_somebody_owned_on_a_date_is_what_their_statement_came_to(on: Played) -> None:
    for caller in on.callers:
        told: CustomerView = await view(on, "customer/{person}", caller, person="me")
        for day in (MONDAY, TUESDAY, WEDNESDAY):
            owned = await view(on, "assets/{person}", caller, person="me", date=str(day))
            assert (owned.date, owned.closed, owned.worth) == (day, day < WEDNESDAY, sum(one.worth for one in owned.assets))
            came_to = {(one.account, one.fund): one.balance for one in told.statement if one.date <= day}
            shown = {(_STATEMENT[one.what], one.product): one.amount for one in owned.assets if one.what in _STATEMENT}
            coming = {one.text_en: one.amount for one in owned.assets if one.what == "under_way"}
            assert coming == ({"Purchases, not confirmed yet": 1_500_00} if (caller, day) == (on.callers[0], MONDAY) else {})
            assert shown == {account: balance for account, balance in came_to.items() if balance}
        now = await view(on, "assets/{person}", caller, person="me")
        in_all = told.wallet + told.holding + told.cash + told.under_way + sum(one.worth for one in told.funds)
        assert (now.date, now.worth, told.wealth) == (WEDNESDAY, in_all, in_all)
        first = await view(on, "assets/{person}", caller, person="me", date=str(MONDAY - timedelta(days=1)))
        assert (first.worth, first.assets) == (0, []), "before anything there was nothing"
    with pytest.raises(BadInput, match="has not come yet"):
        await view(on, "assets/{person}", on.callers[0], person="me", date=str(WEDNESDAY + timedelta(days=1)))
    assert code(await view(on, "assets/{person}", on.callers[1], person="1")) == "NOT_YOURS"


_STATEMENT = {"wallet": "wallet", "cash": "cash", "fund": "holding"}
"""Which lines of a statement move what."""


async def test_a_customer_sees_where_their_things_stand(on: Played) -> None:
    first, second = on.callers
    me = await view(on, "me", first)
    found = await statement(on, "1")
    assert (me.level, me.wallet, me.holding) == (3, found.wallet - found.wallet_held, found.holding - found.holding_held)
    assert (me.person, [card.masked[-4:] for card in me.cards]) == (f"cus_{first.person.hex}", [on.people[0].card_number[-4:]])
    assert me.phone_card.startswith("628888")
    told = await view(on, "notices", second)
    assert "has not answered your payment of 50.00 yuan" in told[0].text_en
    for path in ("me", "notices"):
        assert code(await view(on, path)) == code(await view(on, path, CLERK)) == "NOT_YOURS"


async def test_payments_and_bills_are_asked_for_by_id(on: Played) -> None:
    first, second = on.callers
    async with on.house.database.read() as tx:
        moved = await tx.fetchval("select id from payment_instruction where purpose = 'move_in'")
        payout = await tx.fetchval("select id from payment_instruction where purpose = 'merchant_payout' limit 1")
        doubted = await tx.fetchval("select id from bill_payment where state = 'unknown'")
    mine = await view(on, "payments/{id}", first, id=f"pay_{moved.hex}")
    assert (mine.state, mine.purpose, mine.amount) == ("executed", "move_in", 2_000_00)
    assert await view(on, "payments/{id}", CLERK, id=str(moved)) == mine
    assert (await view(on, "payments/{id}", CLERK, id=str(payout))).state == "executed"
    for identifier in (moved, payout):
        assert code(await view(on, "payments/{id}", second, id=str(identifier))) == "UNKNOWN"
    bill = await view(on, "bill/{id}", second, id=str(doubted))
    assert (bill.state, bill.amount, bill.account) == ("unknown", 50_00, "******4569")
    assert code(await view(on, "bill/{id}", first, id=str(doubted))) == "UNKNOWN"
    assert code(await view(on, "policy/{id}", first, id=str(doubted))) == "UNKNOWN"
    with pytest.raises(BadInput, match="is no id"):
        await view(on, "payments/{id}", first, id="x")


async def test_operators_see_the_exchanged_files(on: Played) -> None:
    names = [one.name for one in await view(on, "files", CLERK, date="2014-02-25")]
    assert "OFD_T01_H0_20140225_03.TXT" in names
    assert "OFD_H0_T01_20140225_06.TXT" in names
    assert len(await view(on, "files", CLERK)) > len(names)
    assert code(await view(on, "files", on.callers[0])) == "NOT_YOURS"


async def test_a_terminal_that_is_given_the_authoritys_key_finds_an_issued_card_genuine(on: Played) -> None:
    """The key as the view tells it, in a configuration file; the card as the customer's own device is given it."""
    told = msgspec.to_builtins(await view(on, "authority"))
    lines = "\n".join(f'{name} = "{value}"' for name, value in told.items())
    config = read_config(f'serial = "TW000001"\nqualifiers = "37000080"\n[[application]]\naid = "A00000033301"\n[[ca_key]]\n{lines}\n')
    state = card_of(await DeviceKey().get_card(on.house, on.envelope(on.callers[0])), genuine=True)

    def transmit(command: bytes) -> bytes:
        nonlocal state
        state, answer = step(state, command)
        return answer

    outcome = run(dialogue(config, Tap(1_00, date(2014, 2, 25), b"\1\2\3\4", 1)), transmit)
    assert isinstance(outcome, OnlineRequest), outcome
    assert outcome.oda is Oda.DONE
