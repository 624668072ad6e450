"""The card network as a real process behind the product's own port."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.acquiring.fee_category import fee_category
from tapwealth.clearing.network_http import NetworkHttp
from tapwealth.flows.acquiring.card_fees import tariff
from tapwealth.kernel.clock import deadline_after, monotonic_ns
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.sandbox.network.tariff import TARIFFS, fees
from tapwealth.wire.clearing_file import Direction, Item, ItemKind, NetworkFile, write_network_file

HOUSE, MONDAY = "04031000", date(2014, 2, 24)
TUESDAY = MONDAY + timedelta(days=1)
SALE = Item(
    ItemKind.PRESENTMENT, "000000000001", HOUSE, "898110058120001", "11000001", "000001", "123456", "5812", 100_00, MONDAY,
)  # fmt: skip


def sale(number: int, amount: int = 100_00, **changes: Any) -> Item:
    return replace(SALE, rrn=f"{number:012d}", stan=f"{number:06d}", amount=amount, **changes)


def presented(*items: Item, day: date = MONDAY, sequence: int = 1) -> bytes:
    return write_network_file(Direction.PRESENTED, HOUSE, day, sequence, items)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("network", tmp_path) as partner:
        partner.clock("2014-02-25T00:30:00+08:00")
        yield partner


@pytest.fixture
async def port(network: SandboxPartner) -> AsyncIterator[NetworkHttp]:
    asking = NetworkHttp(network.url, TOKEN, timeout_ms=400)
    yield asking
    await asking.close()


async def cleared(port: NetworkHttp, day: date = MONDAY, sequence: int = 1) -> tuple[list[Item], int]:
    """The items and the position."""
    content = await port.clearing(HOUSE, day, sequence)
    assert content is not None
    file = NetworkFile(BytesIO(content))
    return list(file), file.position


async def test_what_is_presented_comes_back_cleared_with_its_fees(network: SandboxPartner, port: NetworkHttp) -> None:
    refund = sale(3, 50_00, kind=ItemKind.REFUND, original_rrn="000000000001")
    await port.present(presented(sale(1), sale(2, category_code="8062"), refund))
    items, position = await cleared(port)
    assert [(one.kind, one.amount, one.interchange, one.issuer_fee, one.acquirer_fee) for one in items] == [
        (ItemKind.PRESENTMENT, 100_00, 35, 3, 3),
        (ItemKind.PRESENTMENT, 100_00, 0, 0, 0),
        (ItemKind.REFUND, 50_00, 35 - 18, 3 - 2, 3 - 2),
    ]
    assert [one.key for one in items] == [sale(1).key, sale(2).key, refund.key]
    assert position == 2 + 2
    (stated,) = network.get("/admin/positions").json()
    assert stated == {"institution": HOUSE, "day": "2014-02-24", "sequence": 1, "items": 3, "position": 4}


@pytest.mark.parametrize("name", TARIFFS)
@pytest.mark.parametrize("code", ["5812", "5511", "5999", "5122", "5411", "8062", "7011", "4511"])
def test_the_networks_prices_are_those_we_reckon_by(name: str, code: str) -> None:
    """Two readings of the same notices."""
    ours = tariff(name, code)
    for amount in (1, 28_50, 1_000_00, 3_714_30, 500_000_00):
        wanted = ours.issuer.of(amount), ours.network_of_issuer.of(amount), ours.network_of_acquirer.of(amount)
        assert fees(name, code, amount) == wanted, (fee_category(code), amount)


async def test_a_file_is_taken_once_and_another_under_its_name_is_refused(network: SandboxPartner, port: NetworkHttp) -> None:
    for _ in range(2):
        await port.present(presented(sale(1)))
    before = await port.clearing(HOUSE, MONDAY, 1)
    with pytest.raises(BadInput, match="another file was presented as 2014-02-24 1"):
        await port.present(presented(sale(1, 99_00)))
    network.restart()
    again = NetworkHttp(network.url, TOKEN)
    await again.present(presented(sale(1)))
    assert await again.clearing(HOUSE, MONDAY, 1) == before
    await again.present(presented(sale(2), sequence=2))
    assert [one.stan for one in (await cleared(again, sequence=2))[0]] == ["000002"]
    await again.close()
    assert len(network.get("/admin/store").json()["items"]) == 2


async def test_a_file_comes_when_the_date_is_over_and_only_for_what_was_presented(network: SandboxPartner, port: NetworkHttp) -> None:
    assert await port.clearing(HOUSE, MONDAY, 1) is None
    await port.present(presented(sale(1), day=TUESDAY))
    assert await port.clearing(HOUSE, TUESDAY, 1) is None, "Tuesday is not over"
    network.clock("2014-02-26T00:00:00+08:00")
    assert await port.clearing(HOUSE, TUESDAY, 1) is not None
    assert await port.clearing("01020000", TUESDAY, 1) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "torn"),
        (presented(sale(1))[:-1], "torn"),
        (presented(sale(1)).replace(b"|10000|", b"|10001|"), "was altered"),
        (write_network_file(Direction.CLEARED, HOUSE, MONDAY, 1, [sale(1)]), "cleared already"),
        (presented(sale(1, acquirer="01020000")), "not of 04031000's terminals"),
        (presented(sale(1, kind=ItemKind.REVERSAL)), "takes something back"),
    ],
)
async def test_what_it_does_not_take(port: NetworkHttp, content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        await port.present(content)
    assert await port.clearing(HOUSE, MONDAY, 1) is None


FOREIGN = ("P", "01020000", 100_00)
ITEM_FAULTS = {
    "lower": ([("P", HOUSE, 75_00)], []),
    "higher": ([("P", HOUSE, 110_00)], []),
    "too_high": ([("P", HOUSE, 200_00)], [("V", HOUSE, 200_00), ("P", HOUSE, 100_00)]),
    "double": ([("P", HOUSE, 100_00)] * 2, [("V", HOUSE, 100_00)]),
    "lose": ([], [("P", HOUSE, 100_00)]),
    "delay": ([], [("P", HOUSE, 100_00)]),
    "never_authorised": ([("P", HOUSE, 100_00), FOREIGN], [("V", *FOREIGN[1:])]),
    "unasked_refund": ([("P", HOUSE, 100_00), ("R", HOUSE, 100_00)], [("W", HOUSE, 100_00)]),
}


@pytest.mark.parametrize("fault", ITEM_FAULTS)
async def test_a_mistake_and_how_the_network_mends_it(network: SandboxPartner, port: NetworkHttp, fault: str) -> None:
    """The second item goes wrong; the day after has what mends it, and afterwards nobody owes anything but fees."""
    network.faults({"message": "item", "nth": 2, "fault": fault, "until": "2014-02-25T12:00:00+08:00"})
    wrong, mended = ITEM_FAULTS[fault]
    await port.present(presented(sale(1, 7_00), sale(2)))
    await port.present(presented(sale(1, 7_00), sale(2)))
    items, first = await cleared(port)
    assert [(str(one.kind), one.acquirer, one.amount) for one in items] == [("P", HOUSE, 7_00), *wrong]
    await port.present(presented(day=TUESDAY))
    network.clock("2014-02-26T00:30:00+08:00")
    items, second = await cleared(port, TUESDAY)
    assert [(str(one.kind), one.acquirer, one.amount) for one in items] == mended
    once = {"lower": 4, "higher": 8}.get(fault, 6)
    assert first + second == once
    assert (first > 99_00) == (fault == "never_authorised")


async def test_faults_of_the_file_last_until_the_plan_is_another(network: SandboxPartner, port: NetworkHttp) -> None:
    network.faults({"message": "clearing", "nth": 1, "fault": "torn_file"}, {"message": "clearing", "nth": 2, "fault": "wrong_total"})
    for sequence, said in ((1, "torn"), (2, "1 fen in all|fen in all, but the header says")):
        await port.present(presented(sale(sequence), sequence=sequence))
        for _ in range(2):
            with pytest.raises(BadInput, match=said):
                await cleared(port, sequence=sequence)
    network.faults()
    assert [(await cleared(port, sequence=sequence))[1] for sequence in (1, 2)] == [6, 6]


async def test_a_file_is_withheld(network: SandboxPartner, port: NetworkHttp) -> None:
    network.faults({"message": "clearing", "nth": 1, "fault": "lose"}, {"message": "clearing", "nth": 2, "fault": "delay"})
    for sequence in (1, 2):
        await port.present(presented(sale(sequence), sequence=sequence))
        assert await port.clearing(HOUSE, MONDAY, sequence) is None
    network.clock("2014-02-25T01:00:00+08:00")
    assert await port.clearing(HOUSE, MONDAY, 1) is None
    assert await port.clearing(HOUSE, MONDAY, 2) is not None


@pytest.mark.parametrize(("fault", "taken"), [("silent", True), ("silent_unprocessed", False), ("error", False)])
async def test_silence_says_nothing_and_the_file_is_handed_in_again(
    network: SandboxPartner, port: NetworkHttp, fault: str, taken: bool
) -> None:
    network.faults({"message": "presentment", "nth": 1, "fault": fault}, {"message": "clearing_request", "nth": 2, "fault": fault})
    with pytest.raises(Outage):
        await port.present(presented(sale(1)))
    assert (await port.clearing(HOUSE, MONDAY, 1) is not None) == taken
    with pytest.raises(Outage):
        await port.clearing(HOUSE, MONDAY, 1)
    await port.present(presented(sale(1)))
    assert len((await cleared(port))[0]) == 1


async def test_it_pays_what_it_owes_on_the_banks_next_working_day(tmp_path: Path) -> None:
    """A Friday's position is paid on Monday at ten, once, whatever is repeated; a kill loses nothing of it."""
    with sandbox_partner("bank", tmp_path) as bank, sandbox_partner("network", tmp_path, "--bank", bank.url) as network:
        friday = date(2014, 2, 28)
        for partner in (bank, network):
            partner.clock("2014-03-01T00:30:00+08:00")
        accounts = [{"number": number, "name": number, "balance": balance} for number, balance in (("0200000008", 1_00), ("0100000004", 0))]
        assert bank.post("/admin/accounts", accounts).status_code == 200
        asking = NetworkHttp(network.url, TOKEN)
        await asking.present(presented(sale(1, 50_00, kind=ItemKind.REFUND), day=friday))
        await asking.close()
        network.restart()
        for now, balance in (("2014-03-02T12:00:00+08:00", 0), ("2014-03-03T10:00:00+08:00", 4)):
            for partner in (bank, network):
                partner.clock(now)
            await_outbox(network, now >= "2014-03-03")
            assert bank.get("/admin/accounts/0100000004").json()["balance"] == balance


def await_outbox(network: SandboxPartner, empty: bool) -> None:
    """Until nothing is owed to the bank; at once where it must wait."""
    deadline = deadline_after(60)
    while empty and network.get("/admin/outbox").json():
        assert monotonic_ns() < deadline, network.get("/admin/outbox").json()


def test_the_page_names_every_fault_of_an_item() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/reference/network.md").read_text()
    assert [fault for fault in (*ITEM_FAULTS, "torn_file", "wrong_total") if f"| `{fault}` |" not in page] == []
