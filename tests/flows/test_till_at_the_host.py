"""The merchant's terminal at the real host and database, with a customer's real phone: a day with a sale out of the card's own cash."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from clearing_network import clear
from played_days import MONDAY, SHOP, Played, operator, stage

from tapwealth.app.wiring import open_edges
from tapwealth.cli import terminal_commands as commands
from tapwealth.cli.terminal_commands import Done, Paper
from tapwealth.flows.acquiring import terminals
from tapwealth.flows.issuing import cards, electronic_cash, tokens
from tapwealth.flows.issuing.electronic_cash import CashLoaded, LoadCash
from tapwealth.flows.issuing.tokens import Provisioned, ProvisionToken
from tapwealth.issuing import store as issuing
from tapwealth.kernel.clock import shanghai
from tapwealth.play.shop import Counter
from tapwealth.play.wallet_phone import Phone

NUMBER, MAC_KEY, MASTER_KEY = (
    "90000001",
    bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"),
    bytes.fromhex("11223344556677889900AABBCCDDEEFF"),
)
NO_PAPER = Paper(None, None)


@dataclass
class AtTheCounter:
    """A shop's till with a floor limit of 200.00, and a phone with 100.00 of cash and a wallet behind it."""

    on: Played
    folder: Path
    phone: Path

    async def do(self, command: Callable[..., Done], *given: Any) -> Done:
        """A command runs a loop of its own, so it has a thread of its own."""
        return await asyncio.to_thread(command, self.folder, *given)

    async def pay(self, amount: str) -> Done:
        return await self.do(commands.pay, amount, f"phone:{self.phone}", 1, NO_PAPER)

    async def states(self) -> dict[str, tuple[str, str]]:
        async with self.on.house.database.read() as tx:
            return {one.stan: (str(one.kind), one.state) for one in await issuing.of_date(tx, MONDAY)}


@pytest.fixture
async def counter(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[AtTheCounter]:
    async with stage(new_database(), tmp_path, 4) as on:
        await on.at(MONDAY, 9, 30)
        await on.set_up()
        await on.join(0, 1_000_00)
        terminal = terminals.RegisterTerminal(SHOP, NUMBER, MAC_KEY.hex(), MASTER_KEY.hex())
        await terminals.register(on.house, on.envelope(operator("ops.chen")), terminal)
        phone = Phone(tmp_path / "phone.json")
        given = await tokens.provision(on.house, on.envelope(on.callers[0]), ProvisionToken(**phone.proof()))
        assert isinstance(given, Provisioned), given
        phone.personalise(msgspec.to_builtins(given))
        order = await electronic_cash.load(on.house, on.envelope(on.callers[0]), LoadCash(UUID(given.token), 100_00))
        assert isinstance(order, CashLoaded), order
        phone.load(msgspec.to_builtins(order))
        authority = msgspec.to_builtins(await cards.authority_of(on.house))
        edges = await open_edges(on.house, "token", real_time=False)
        async with edges.running():
            port = await edges.listener.start("127.0.0.1", 0)
            shop = Counter("老街早点铺", SHOP, NUMBER, MAC_KEY, MASTER_KEY, tmp_path / "till", port)
            shop.folder.mkdir()
            shop.take_offline(200_00, authority, shanghai(MONDAY, 9, 30))
            yield AtTheCounter(on, shop.folder, tmp_path / "phone.json")
            await edges.listener.stop(grace_ms=1_000)


async def test_a_day_at_the_counter(counter: AtTheCounter) -> None:
    """Signed on; one sale out of the card's cash, one from the wallet, one voided; settled equal, cleared, and both refunded in part."""
    signed = await counter.do(commands.sign_on, 1)
    assert (signed.code, signed.data["outcome"]) == (0, "new_key")
    offline = await counter.pay("60.00")
    assert (offline.code, offline.data["kind"]) == (0, "offline sale")
    assert "RMB 40.00" in offline.paper, "left on the card"
    assert await counter.states() == {}, "the host does not know yet"

    online = await counter.pay("300.00")
    assert (online.code, online.data["kind"]) == (0, "sale"), "above the floor limit"
    voided = await counter.pay("45.00")
    assert (voided.code, voided.data["kind"]) == (0, "sale"), "more than the card has left"
    assert (await counter.do(commands.void, voided.data["invoice"], None, 1, NO_PAPER)).code == 0
    states = await counter.states()
    assert states[offline.data["stan"]] == ("36", "approved"), "forwarded before the next request"
    assert states[online.data["stan"]] == ("22", "approved")
    assert states[voided.data["stan"]] == ("22", "voided")

    settled = await counter.do(commands.settle, NO_PAPER)
    assert (settled.code, settled.data["outcome"]) == (0, "equal")
    assert settled.data["totals"] == settled.data["host_totals"]
    assert settled.data["totals"]["sales_amount"] == 360_00
    early = await counter.do(commands.refund, online.data["invoice"], "1.00", None, 1, NO_PAPER)
    assert (early.code, "after the day's clearing" in early.note) == (1, True)
    assert (await clear(counter.on.house, MONDAY)).figures["amount"] == 360_00
    for sale in (offline, online):
        back = await counter.do(commands.refund, sale.data["invoice"], "10.00", f"phone:{counter.phone}", 1, NO_PAPER)
        assert (back.code, back.data["kind"]) == (0, "refund"), back.note
    last = await counter.do(commands.settle, NO_PAPER)
    assert (last.code, last.data["host_totals"]["refunds_amount"]) == (0, 20_00)
    await counter.on.town.all_books_balance()


async def test_a_till_that_was_killed_after_it_had_asked_undoes_it_when_it_signs_on(counter: AtTheCounter) -> None:
    assert (await counter.do(commands.sign_on, 1)).code == 0
    state = counter.folder / "state.json"
    paid = await counter.pay("300.00")
    assert paid.code == 0
    told = msgspec.json.decode(state.read_bytes())
    told["pending"], told["vouchers"] = told["vouchers"][0], []  # as it lay on the disk when the answer had not come
    state.write_bytes(msgspec.json.encode(told))
    report = await counter.do(commands.report, "", NO_PAPER)
    assert report.data["pending"]["invoice"] == paid.data["invoice"]
    assert (await counter.do(commands.sign_on, None)).code == 0
    assert (await counter.states())[paid.data["stan"]] == ("22", "reversed")
