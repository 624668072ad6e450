"""The files of a till: what is missing, torn, old, foreign or of another format is refused with the way out, and no number comes twice."""

import json
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from till_host import MERCHANT, NOON, TERMINAL

from tapwealth.acquiring.drawer import Drawer
from tapwealth.acquiring.state_file import SettledBatch, StateFile
from tapwealth.acquiring.till_state import FORMAT, CardData, CardVault, TillState, VoucherKind
from tapwealth.kernel.refusal import BadInput

SALE_1 = {
    "stan": "000041",
    "card": "00",
    "masked_pan": "621234******1232",
    "amount": 100,
    "entry_mode": "07",
    "at": "2014-02-24T12:00:00+08:00",
}
STATE_1: dict[str, Any] = {
    "format": 1, "merchant_id": MERCHANT, "terminal_id": TERMINAL, "next_stan": 43, "batch": 7,
    "pending": SALE_1 | {"stan": "000042", "reason": "98"}, "captured": [SALE_1], "settlement_stan": "",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "till"


def opened(folder: Path, *, start_batch: int | None = None) -> TillState:
    file = StateFile(folder)
    try:
        return file.load(MERCHANT, TERMINAL) if start_batch is None else file.begin(MERCHANT, TERMINAL, start_batch)
    finally:
        file.close()


def written(folder: Path, times: int) -> TillState:
    """A till that has worked for so many writes, a STAN each."""
    opened(folder, start_batch=1)
    file = StateFile(folder)
    state = file.load(MERCHANT, TERMINAL)
    for _ in range(times):
        state.take_stan()
        file.save(state)
    file.close()
    return state


def test_a_missing_state_is_refused_with_the_way_out(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"the till's state is missing; .*sign-on --start-batch NUMBER"):
        opened(folder)
    written(folder, 3)
    (folder / "state.json").unlink()
    with pytest.raises(BadInput, match="missing, the last batch was 000001"):
        opened(folder)


def test_a_lost_state_begins_in_a_batch_above_all_that_were_used_and_its_numbers_go_on(folder: Path) -> None:
    before = written(folder, 3)
    (folder / "state.json").unlink()
    with pytest.raises(BadInput, match="batch 000001 was used here; write 2 or more"):
        opened(folder, start_batch=1)
    again = opened(folder, start_batch=2)
    assert again.batch == "000002"
    assert again.numbers.stan == before.numbers.stan
    assert opened(folder) == again


def test_a_batch_that_was_closed_is_not_begun_again_even_without_the_numbers(folder: Path) -> None:
    written(folder, 1)
    file = StateFile(folder)
    file.archive(SettledBatch(FORMAT, "000005", "2014-02-24T23:00:00+08:00", True, (0, 0, 0, 0), []))
    file.close()
    (folder / "state.json").unlink()
    (folder / "numbers.json").unlink()
    with pytest.raises(BadInput, match="batch 000005 was used here"):
        opened(folder, start_batch=5)


def test_a_state_in_order_is_not_begun_anew(folder: Path) -> None:
    written(folder, 1)
    with pytest.raises(BadInput, match="in order; go on with it"):
        opened(folder, start_batch=9)
    with pytest.raises(BadInput, match="0 is no batch number"):
        opened(folder, start_batch=0)


def test_an_old_copy_is_refused(folder: Path) -> None:
    written(folder, 2)
    shutil.copy(folder / "state.json", folder / "copy")
    file = StateFile(folder)
    state = file.load(MERCHANT, TERMINAL)
    for _ in range(3):
        state.take_stan()
        file.save(state)
    file.close()
    shutil.copy(folder / "copy", folder / "state.json")
    with pytest.raises(BadInput, match="an old copy, 3 writes behind, the last batch was 000001"):
        opened(folder)
    assert opened(folder, start_batch=2).numbers.stan == state.numbers.stan
    assert (folder / "state.json.before-000002").read_text() == (folder / "copy").read_text()


def test_a_state_without_its_numbers_is_refused_since_it_may_be_old(folder: Path) -> None:
    written(folder, 2)
    (folder / "numbers.json").unlink()
    with pytest.raises(BadInput, match=r"numbers\.json beside it is missing"):
        opened(folder)


@pytest.mark.parametrize("text", ["", '{"format": 2, "merchant', "[]", '{"format": 2}', "\x00"])
def test_a_torn_state_is_refused_in_one_line(folder: Path, text: str) -> None:
    written(folder, 1)
    (folder / "state.json").write_text(text)
    with pytest.raises(BadInput, match="it cannot be read") as raised:
        opened(folder)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": {"batch": 0}},
        {"numbers": {"batch": 1, "stan": 1_000_000}},
        {"vouchers": [{"at": "yesterday"}]},
        {"vouchers": [{"stan": "7"}]},
    ],
)
def test_a_state_with_values_that_cannot_be_is_refused(folder: Path, change: dict[str, Any]) -> None:
    opened(folder, start_batch=1)
    state = json.loads((folder / "state.json").read_text())
    good = SALE_1 | {"kind": "sale", "batch": "000001", "invoice": "000001"}
    state["vouchers"] = [good]
    (folder / "state.json").write_text(json.dumps(state))
    opened(folder)
    state |= {name: [good | one for one in value] if name == "vouchers" else value for name, value in change.items()}
    (folder / "state.json").write_text(json.dumps(state))
    with pytest.raises(BadInput, match="it cannot be read"):
        opened(folder)


@cache
def used_till() -> dict[str, bytes]:
    """The files of a till with a closed and an open batch."""
    with TemporaryDirectory() as place:
        drawer = Drawer(Path(place), TERMINAL, MERCHANT, bytes(16), "晨光小店", 1)
        card = CardData("6212345678901232D2412220", "01")
        drawer.state.vouchers = [drawer.voucher(VoucherKind.SALE, card, 100, "07", NOON)]
        drawer.close_batch(drawer.totals(), NOON, equal=True)
        drawer.state.vouchers = [drawer.voucher(VoucherKind.REFUND, card, 100, "07", NOON)]
        drawer.save()
        drawer.file.close()
        return {name: (Path(place) / name).read_bytes() for name in ("state.json", "numbers.json", "batches/000001.json")}


@settings(max_examples=200)
@given(st.sampled_from(sorted(used_till())), st.integers(0, 2_000), st.binary(max_size=6), st.booleans())
def test_whatever_the_files_hold_is_read_or_refused_in_one_line(name: str, at: int, put: bytes, cut: bool) -> None:
    with TemporaryDirectory() as place:
        (Path(place) / "batches").mkdir()
        for other, content in used_till().items():
            (Path(place) / other).write_bytes(content)
        whole = used_till()[name]
        at %= len(whole)
        (Path(place) / name).write_bytes(whole[:at] + put + (b"" if cut else whole[at + len(put) :]))
        with suppress(BadInput):
            drawer = Drawer(Path(place), TERMINAL, MERCHANT, bytes(16), "晨光小店")
            for batch in ("", "000001"):
                with suppress(BadInput):
                    assert drawer.report(batch, NOON).text() + json.dumps(drawer.report(batch, NOON).as_data())
            drawer.file.close()


def test_another_tills_state_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "state.json").write_text(json.dumps(STATE_1 | {"terminal_id": "80000002"}))
    with pytest.raises(BadInput, match="it is of terminal 80000002 at 102110053119999; one till, one folder"):
        opened(folder)


def test_a_later_format_is_refused_for_what_it_is(folder: Path) -> None:
    folder.mkdir()
    later = {"format": 3, "merchant_id": MERCHANT, "terminal_id": TERMINAL, "drawers": 2}
    (folder / "state.json").write_text(json.dumps(later))
    with pytest.raises(BadInput, match="it is of format 3; this program writes format 2"):
        opened(folder)


def test_format_1_is_taken_over_with_its_numbers_its_batch_and_what_waits(folder: Path) -> None:
    folder.mkdir()
    (folder / "state.json").write_text(json.dumps(STATE_1))
    state = opened(folder)
    assert (state.format, state.batch, state.numbers.stan, state.numbers.invoice) == (2, "000007", 43, 43)
    assert state.pending is not None
    assert (state.pending.stan, state.pending.reason, state.pending.batch) == ("000042", "98", "000007")
    assert [(one.stan, one.invoice, one.batch, one.is_claimed) for one in state.vouchers] == [("000041", "000041", "000007", True)]
    file = StateFile(folder)
    file.save(state)
    file.close()
    assert opened(folder) == state
    (folder / "state.json").write_text(json.dumps(STATE_1))
    file = StateFile(folder)
    file.save(state)
    file.close()
    (folder / "state.json").write_text(json.dumps(STATE_1))
    with pytest.raises(BadInput, match="an old copy"):
        opened(folder)


def test_numbers_that_a_kill_left_between_the_two_writes_are_skipped(folder: Path) -> None:
    state = written(folder, 2)
    before = (folder / "state.json").read_bytes()
    file = StateFile(folder)
    state.take_stan()
    state.take_invoice()
    file.save(state)
    file.close()
    (folder / "state.json").write_bytes(before)
    assert opened(folder).numbers == state.numbers


def test_old_batches_go_with_their_card_data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapwealth.acquiring.state_file.KEPT_BATCHES", 2)
    file = StateFile(folder)
    for number in range(1, 5):
        file.archive(SettledBatch(FORMAT, f"{number:06d}", "2014-02-24T23:00:00+08:00", True, (0, 0, 0, 0), []))
    assert [one.batch for one in file.all_settled()] == ["000004", "000003"]
    file.close()


def test_a_till_from_before_it_had_its_own_key_still_reads_its_old_cards_after_it_is_begun_anew(folder: Path) -> None:
    makers, card = bytes(16), CardData("6212345678901232D2412220", "01")
    Drawer(folder, TERMINAL, MERCHANT, makers, "晨光小店", 1).file.close()
    (folder / "store.key").unlink()
    old = Drawer(folder, TERMINAL, MERCHANT, makers, "晨光小店")
    old.state.vouchers = [old.voucher(VoucherKind.SALE, card, 100, "07", NOON)]
    old.close_batch(old.totals(), NOON, equal=True)
    old.file.close()
    (folder / "state.json").unlink()

    anew = Drawer(folder, TERMINAL, MERCHANT, makers, "晨光小店", 3)
    (sold,) = [one for batch in anew.file.all_settled() for one in batch.vouchers]
    paid = anew.payment(sold)
    assert (paid.track2.reveal(), paid.psn, paid.amount) == (card.track2, card.psn, 100)
    refund = anew.voucher(VoucherKind.REFUND, anew.vault.open_card(sold.card), 100, "07", NOON)
    anew.file.close()
    own = bytes.fromhex((folder / "store.key").read_text())
    assert CardVault(own, TERMINAL).open_card(refund.card) == card, "from now on under its own key"

    wrong = Drawer(folder, TERMINAL, MERCHANT, bytes(range(16)), "晨光小店")
    with pytest.raises(BadInput, match="stored card data do not open; give the key they were stored under"):
        wrong.payment(sold)
    wrong.file.close()


def test_a_torn_closed_batch_is_named(folder: Path) -> None:
    file = StateFile(folder)
    (folder / "batches").mkdir()
    (folder / "batches" / "000001.json").write_bytes(msgspec.json.encode({"format": 2}))
    with pytest.raises(BadInput, match=r"batches/000001\.json: it cannot be read"):
        file.settled("000001")
    file.close()
