"""`tapwealth demo --fault NAME`, as somebody would call it: what it prints, what it exits with, how the day stands, and that the ledger's
audit holds afterwards."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from played_week import FEW_ORDERS, ORDERS_NAME, PLATFORM, audit, billing, theatre_folder

from tapwealth.play import bill_acts
from tapwealth.play.theatre import open_theatre, perform
from tapwealth.sandbox.scenarios import plan


@dataclass(frozen=True)
class Shown:
    """What the command left: exit code, the lines it said, the figures as data."""

    code: int
    said: str
    figures: dict[str, Any]
    clean: bool

    @property
    def states(self) -> list[str]:
        return [day["state"] for day in self.figures["days"]]

    @property
    def open_breaks(self) -> list[tuple[str, str]]:
        return [(one["kind"], one["text"]) for day in self.figures["days"] for one in day["breaks"] if not one["accounted"]]


def demo(folder: Path, fault: str, days: int) -> Shown:
    orders, figures = folder / ORDERS_NAME, folder / "figures.json"
    orders.write_bytes(FEW_ORDERS)
    house = folder / "house"
    command = [sys.executable, "-m", "tapwealth.cli", "demo", "--data-dir", str(house), "--days", str(days), "--fault", fault]
    done = subprocess.run(
        [*command, "--orders", str(orders), "--json", str(figures)], capture_output=True, text=True, check=False, timeout=300
    )
    assert figures.exists(), done.stderr
    said, clean = " ".join((done.stdout + done.stderr).split()), bool(asyncio.run(audit(house))["clean"])
    return Shown(done.returncode, said, json.loads(figures.read_text()), clean)


def test_a_payment_that_the_bank_loses_leaves_the_day_cut_and_is_named() -> None:
    with theatre_folder("house") as folder:
        shown = demo(folder, "bank-loses-one", 2)
    assert (shown.code, shown.clean) == (1, True)
    assert shown.states[:2] == ["closed", "cut"]
    ((kind, text),) = shown.open_breaks
    assert kind == "not_executed"
    assert text.startswith("0100000002 on 2014-02-25, CUS-996-000198-20140225: ")
    assert f"not proved: {text}" in shown.said


@pytest.mark.soak
def test_a_short_file_of_the_registrars_leaves_the_day_cut_and_names_the_holder() -> None:
    with theatre_folder("house") as folder:
        shown = demo(folder, "registrar-short-file", 4)
    assert (shown.code, shown.clean) == (1, True)
    assert shown.states[:4] == ["closed", "closed", "closed", "cut"]
    ((kind, text),) = shown.open_breaks
    assert kind == "units_differ"
    assert text.startswith("996 on 2014-02-27, holder 028280525132/39213662205119872: here ")
    assert "by the registrar's 05 0.00" in text
    assert f"not proved: {text}" in shown.said


def test_the_date_waits_for_a_torn_clearing_file_and_closes_with_a_bill_in_doubt_when_its_biller_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The network gives a right file when it is asked again. The bill's money is in suspense and the customer told: the date closes, nobody
    owes anybody what is not accounted for."""
    monkeypatch.setattr(bill_acts, "_PATIENCE_SECONDS", 6)  # twice what the platform waits for the biller; no answer ever comes
    with theatre_folder() as folder:
        figures, told = asyncio.run(torn_file_and_silent_biller(folder))
        assert asyncio.run(audit(folder))["clean"]
    (day,) = figures["days"]
    assert (day["state"], day["proved"], day["breaks"]) == ("closed", True, [])
    ((amount, state),) = [(one["amount"], one["state"]) for one in day["in_doubt"]]
    assert (amount, state) == (186_40, "unknown")
    assert figures["totals"]["balances"]["CNY suspense"] == amount
    assert [bill["state"] for bill in figures["customers"][0]["bills"]] == ["unknown"]
    assert any("186.40" in line and "set aside" in line for line in told), told


async def torn_file_and_silent_biller(folder: Path) -> tuple[Mapping[str, Any], list[str]]:
    """What the day came to, and what the first customer was told."""
    faults = plan("biller-silent") | {"network": plan("network-torn-file")["network"]}
    wanted = billing(folder, 1, faults=faults)
    async with open_theatre(wanted, PLATFORM, lambda _: None) as (stage, _):
        evening = await perform(wanted, stage, lambda *_: None)
        assert [line.partition(": ")[2] for line in evening.unproved] == [
            "clearing file line 3: the file is torn: it ends without its trailer; fetch the file again"
        ]
        await stage.partner("network", "/admin/faults", {"serial": "mended", "faults": []})
        again = await perform(wanted, stage, lambda *_: None)
        assert again.proved, "by this the command line exits with 0"
        seen = await stage.view("notices", token=stage.cast.customers[0].device_token)
    return again.figures, [one["text_en"] for one in seen]


def test_a_sale_that_was_never_authorised_debits_no_customer_and_is_mended_the_day_after() -> None:
    """The first date closes with it: its money is the house's own, set apart until the network takes it back."""
    with theatre_folder("house") as folder:
        shown = demo(folder, "network-never-authorised", 2)
    assert (shown.code, shown.states[:2], shown.clean) == (0, ["closed", "closed"], True)
    assert [[(one["kind"], one["amount"], one["accounted"]) for one in day["breaks"]] for day in shown.figures["days"][:2]] == [
        [("not_authorised", 28_50, True)],
        [],
    ]
    assert "1 item disputed with the network" in steps(shown, 0)["clear cards"]
    assert "disputed" not in steps(shown, 1)["clear cards"]
    balances = shown.figures["totals"]["balances"]
    assert (balances["CNY disputed with the card network"], balances["CNY owed to us by customers"]) == (0, 0)


def steps(shown: Shown, day: int) -> dict[str, str]:
    said: dict[str, str] = shown.figures["days"][day]["steps"]
    return said


MENDED = {
    "network-lower": (2, [["cleared_for_less"], []]),
    "network-higher": (2, [["cleared_for_more"], []]),
    "network-too-high": (2, [["above_tolerance"], []]),
    "network-doubled": (2, [["cleared_twice"], []]),
    "network-missing": (2, [["not_cleared"], []]),
    "network-unasked-refund": (2, [["refund_of_nobody"], []]),
    "network-late": (8, [["not_cleared"], *[[]] * 7]),
}


@pytest.mark.soak
@pytest.mark.parametrize("fault", MENDED)
def test_what_the_network_does_wrong_is_named_and_mended(fault: str) -> None:
    days, named = MENDED[fault]
    with theatre_folder("house") as folder:
        shown = demo(folder, fault, days)
        clean = asyncio.run(audit(folder / "house"))["clean"]
    assert (shown.code, clean) == (0, True)
    found = [[one["kind"] for one in day["breaks"] if one["source"] == "network"] for day in shown.figures["days"][:days]]
    assert found == named
    last = steps(shown, days - 1)["clear cards"]
    assert "disputed" not in last
    assert "not cleared yet" not in last
