"""`tapwealth terminal` against a host on a real socket, with a real phone in process and over TCP: what is printed, and the exit codes."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from card_authority import CA_KEY
from PIL import Image
from till_host import KEY, MASTER_KEY, NOON, TERMINAL, Bank, Network, served, set_up
from virtual_reader import PAN, make_store, phone, wait_until

from tapwealth.acquiring.readers.reader import NoCard
from tapwealth.acquiring.receipt_picture import find_font, picture
from tapwealth.acquiring.till import Till
from tapwealth.acquiring.till_result import VoucherResult
from tapwealth.acquiring.till_state import CardData, VoucherKind
from tapwealth.card import from_json
from tapwealth.cli import terminal_commands as commands
from tapwealth.cli.phone_commands import open_reader
from tapwealth.cli.terminal_commands import Done, Paper
from tapwealth.counter.checkout import Waiting, conclude, wait_for_card
from tapwealth.counter.till_folder import read_till
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.terminal.config import Tap, TerminalConfig
from tapwealth.terminal.kernel import dialogue, run
from tapwealth.terminal.outcome import Ended, Ending, OnlineRequest
from tapwealth.wire import tlv
from tapwealth.wire.emv_data import CryptogramType
from tapwealth.wire.iso8583.requests import AuthorisationRequest, FollowUpRequest
from tapwealth.wire.key_block import BlockKey, padding_of, write_key_block

NO_PAPER = Paper(None, None)


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def network(bank: Bank) -> Iterator[Network]:
    with served(bank) as network:
        yield network


@pytest.fixture
def folder(network: Network, tmp_path: Path) -> Path:
    folder = set_up(tmp_path / "till", network.port)
    assert commands.sign_on(folder, 1).code == 0
    return folder


@pytest.fixture
def card(tmp_path: Path) -> str:
    """A phone in the same process, as --reader names it."""
    return f"phone:{make_store(tmp_path / 'phone1.json')}"


def pay(folder: Path, card: str, amount: str = "12.50", *, wait: int = 1, paper: Paper = NO_PAPER) -> Done:
    return commands.pay(folder, amount, card, wait, paper)


# ---- a payment


def test_a_phone_in_the_same_process_pays_and_the_receipt_masks_its_number(folder: Path, card: str, bank: Bank) -> None:
    done = pay(folder, card)
    assert (done.code, done.note, done.data["outcome"], done.data["amount"]) == (0, "", "approved", 1250)
    assert "622200******0009" in done.paper
    assert "交易成功" in done.paper
    assert PAN not in done.paper + json.dumps(done.data)
    (sale,) = (request for request in bank.seen if isinstance(request, AuthorisationRequest))
    assert (sale.amount, sale.pan.reveal()) == (1250, PAN)


def test_a_phone_over_tcp_pays_as_soon_as_it_is_there(folder: Path, tmp_path: Path, bank: Bank) -> None:
    with phone(make_store(tmp_path / "phone1.json"), "--tcp", "127.0.0.1:0") as running:
        port = int(running.wait_for("listening at").split(":")[1].split(",")[0])
        assert pay(folder, f"tcp:127.0.0.1:{port}").code == 0
        assert pay(folder, f"tcp:127.0.0.1:{port}").data["invoice"] == "000002"


def test_a_declined_payment_says_why_and_exits_with_1(folder: Path, card: str) -> None:
    done = pay(folder, card, "999.00")
    assert done.code == 0
    done = pay(folder, card, "1000.01")
    assert (done.code, done.note) == (1, "declined: the host answers 51 INSUFFICIENT FUNDS")
    assert "余额不足" in done.paper


@pytest.mark.parametrize("amount", ["0", "-1", "12.345", "twelve", "", "99999999999999"])
def test_a_wrong_amount_is_refused_before_anything_is_done(folder: Path, card: str, bank: Bank, amount: str) -> None:
    seen = len(bank.seen)
    with pytest.raises(BadInput, match="amount"):
        pay(folder, card, amount)
    assert len(bank.seen) == seen


def test_no_card_within_the_time_is_said_and_nothing_is_booked(folder: Path, bank: Bank) -> None:
    with pytest.raises(Outage, match=r"no card within 0 s, nothing is booked; tcp:127\.0\.0\.1:9"):
        pay(folder, "tcp:127.0.0.1:9", wait=0)
    assert commands.report(folder, "", NO_PAPER).data["vouchers"] == []


def test_a_card_that_ends_the_tap_is_told_in_words(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = make_store(tmp_path / "phone1.json")
    limited = json.loads(store.read_text())
    limited["consent_limit"] = 100
    store.write_text(json.dumps(limited))
    from_json(store.read_text())
    done = pay(folder, f"phone:{store}", "1.01", wait=0)
    assert (done.code, done.data["code"]) == (1, "card_ended_it")
    assert "its owner consents on the phone" in done.note


def test_without_a_host_nothing_is_booked_and_the_card_is_not_asked(folder: Path, card: str, network: Network) -> None:
    path = folder / "till.toml"
    path.write_text(path.read_text().replace(str(network.port), "9"))
    done = pay(folder, card)
    assert (done.code, done.note) == (3, "nothing is booked: no line to 127.0.0.1:9 (ConnectionRefusedError)")


def test_a_lost_answer_is_reversed_and_said(folder: Path, card: str, network: Network, bank: Bank) -> None:
    network.cuts_next = 1
    done = pay(folder, card)
    assert done.code == 3
    assert done.note.endswith("it is reversed, nothing is booked, try again")
    assert bank.held == {}


def test_a_reversal_that_stays_due_is_said_and_done_by_signing_on(folder: Path, card: str, network: Network, bank: Bank) -> None:
    network.cuts_next = 2
    done = pay(folder, card)
    assert done.code == 3
    assert "its reversal is sent before the next request, or by 'terminal sign-on' or 'settle'" in done.note
    assert commands.report(folder, "", NO_PAPER).data["pending"]["invoice"] == "000001"
    assert commands.sign_on(folder, None).code == 0
    assert commands.report(folder, "", NO_PAPER).data["pending"] is None
    assert bank.held == {}


def test_a_second_card_after_one_that_left_is_refused(folder: Path, tmp_path: Path) -> None:
    """The kernel says that another card came; what the first has begun is void, and the second is sent nowhere."""
    from dataclasses import replace

    from tapwealth.terminal.outcome import Repeat

    reader = open_reader(commands.read_reader_name(f"phone:{make_store(tmp_path / 'phone1.json')}"))
    reader.connect()
    outcome = run(dialogue(TerminalConfig(TERMINAL), Tap(100, NOON.date(), bytes(4), 1)), reader.transmit)
    assert isinstance(outcome, OnlineRequest)

    async def concluded() -> Any:
        till = read_till(folder).till()
        try:
            return await conclude(till, replace(outcome, repeat=Repeat.OTHER_CARD), 100, NOON)
        finally:
            till.close()

    result = asyncio.run(concluded())
    assert isinstance(result, Refusal)
    assert "hold one card to the reader" in result.text


def test_a_request_that_carries_the_cards_own_approval_never_goes_as_a_sale(folder: Path, tmp_path: Path, bank: Bank) -> None:
    from dataclasses import replace

    reader = open_reader(commands.read_reader_name(f"phone:{make_store(tmp_path / 'phone1.json')}"))
    outcome = wait_for_card(TerminalConfig(TERMINAL), Tap(100, NOON.date(), bytes(4), 1), reader, Waiting(0, print))
    assert isinstance(outcome, OnlineRequest)

    async def concluded() -> Any:
        till = read_till(folder).till()
        try:
            return await conclude(till, replace(outcome, cryptogram=CryptogramType.TC), 100, NOON)
        finally:
            till.close()

    assert asyncio.run(concluded()).response_code == "00"
    (advice,) = (request for request in bank.seen if isinstance(request, AuthorisationRequest))
    assert advice.kind.value == "36"


# ---- a card that approves by itself


OFFLINE = f"""serial = "{TERMINAL}"
qualifiers = "33000080"
[[application]]
aid = "A00000033301"
floor_limit = 20000
[[ca_key]]
rid = "{CA_KEY.rid.hex()}"
index = "{CA_KEY.index:02X}"
modulus = "{CA_KEY.key.modulus:X}"
exponent = "{CA_KEY.key.exponent:02X}"
check_value = "{CA_KEY.check_value.hex()}"
"""


@pytest.fixture
def offline_folder(folder: Path) -> Path:
    """The till with a floor limit of 200.00 and the scheme's key."""
    (folder / "kernel.toml").write_text(OFFLINE)
    (folder / "till.toml").write_text('kernel_file = "kernel.toml"\n' + (folder / "till.toml").read_text())
    return folder


def without_host(folder: Path, network: Network) -> Callable[[], int]:
    """Nobody is at the host's address; what is given back puts the right one in again."""
    path = folder / "till.toml"
    before = path.read_text()
    path.write_text(before.replace(f":{network.port}", ":9"))
    return lambda: path.write_text(before)


def test_a_phone_pays_out_of_its_own_cash_without_a_host_and_settlement_forwards_it(
    offline_folder: Path, card: str, network: Network, bank: Bank
) -> None:
    back = without_host(offline_folder, network)
    cash = json.loads(Path(card[6:]).read_text())["cash"]["balance"]
    done = pay(offline_folder, card)
    assert (done.code, done.data["kind"], done.data["outcome"]) == (0, "offline sale", "approved")
    left = json.loads(Path(card[6:]).read_text())["cash"]["balance"]
    assert left == cash - 1250
    assert f"卡内余额{f'RMB {left // 100}.{left % 100:02d}':>24}" in done.paper
    assert commands.report(offline_folder, "", NO_PAPER).data["vouchers"][0]["to_be_forwarded"]
    assert commands.settle(offline_folder, NO_PAPER).code == 3
    above = pay(offline_folder, card, "200.01")
    assert (above.code, "no line to" in above.note) == (3, True), "above the floor limit the host is needed"
    back()
    settled = commands.settle(offline_folder, NO_PAPER)
    assert (settled.code, settled.data["totals"]["sales_amount"]) == (0, 1250)
    (advice,) = (request for request in bank.seen if isinstance(request, AuthorisationRequest))
    assert (advice.kind.value, advice.pan.reveal()) == ("36", PAN)
    assert tlv.unique(tlv.decode(advice.icc_data, where="55"), where="55")[0x9F27] == b"\x40", "it carries the card's own approval"


def test_a_phone_over_tcp_pays_out_of_its_own_cash(offline_folder: Path, tmp_path: Path, bank: Bank) -> None:
    with phone(make_store(tmp_path / "phone1.json"), "--tcp", "127.0.0.1:0") as running:
        port = int(running.wait_for("listening at").split(":")[1].split(",")[0])
        assert pay(offline_folder, f"tcp:127.0.0.1:{port}").data["kind"] == "offline sale"
        assert pay(offline_folder, f"tcp:127.0.0.1:{port}", "200.01").data["kind"] == "sale"
    assert [request.kind.value for request in bank.seen if isinstance(request, AuthorisationRequest)] == ["36", "22"]


# ---- waiting for the card


class Scripted:
    """A reader in which a card comes, leaves and comes again as told: `breaks` is after how many commands it leaves, None stays."""

    def __init__(self, card: str, *, absent: int = 0, breaks: Sequence[int | None] = (None,)) -> None:
        self._reader = open_reader(commands.read_reader_name(card))
        self._absent, self._breaks, self._left = absent, list(breaks), 0
        self.closed = False

    def connect(self) -> None:
        if self._absent:
            self._absent -= 1
            raise NoCard("nothing there")
        self._reader.connect()
        stays = self._breaks.pop(0)
        self._left = 1_000 if stays is None else stays

    def transmit(self, c_apdu: bytes) -> bytes:
        self._left -= 1
        return self._reader.transmit(c_apdu) if self._left >= 0 else b""

    def close(self) -> None:
        self._reader.close()


def waited(reader: Scripted, patience_ms: int = 5_000) -> tuple[Any, list[str]]:
    said: list[str] = []
    tap = Tap(1250, NOON.date(), b"\1\2\3\4", 7)
    return wait_for_card(TerminalConfig(TERMINAL), tap, reader, Waiting(patience_ms, said.append)), said


def test_a_card_that_comes_late_is_waited_for_and_the_customer_told_once(card: str) -> None:
    outcome, said = waited(Scripted(card, absent=3))
    assert isinstance(outcome, OnlineRequest)
    assert said == ["hold card or phone to the reader"]


@pytest.mark.parametrize("commands_before_it_left", range(3))
def test_a_card_that_left_is_asked_again_as_before(card: str, commands_before_it_left: int) -> None:
    outcome, said = waited(Scripted(card, breaks=(commands_before_it_left, None)))
    assert isinstance(outcome, OnlineRequest)
    (told,) = said
    assert told.startswith("the card left the field")
    assert told.endswith("hold it to the reader again")
    chip = tlv.unique(tlv.decode(outcome.icc_data, where="55"), where="55")
    assert chip[0x9F37] == b"\1\2\3\4", "the same tap"


def test_a_card_that_paid_left_and_paid_again_is_paid_once_here_and_the_cashier_told(offline_folder: Path, card: str, bank: Bank) -> None:
    settings = read_till(offline_folder)
    tap = Tap(1250, NOON.date(), b"\1\2\3\4", 7)
    outcome = wait_for_card(settings.kernel, tap, Scripted(card, breaks=(3, None)), Waiting(5_000, print))
    till = settings.till()
    result = asyncio.run(conclude(till, outcome, 1250, NOON))
    till.close()
    assert isinstance(result, VoucherResult)
    assert "counts for nothing" in result.note
    settled = commands.settle(offline_folder, NO_PAPER)
    assert settled.data["totals"]["sales_amount"] == 1250
    assert len([request for request in bank.seen if isinstance(request, AuthorisationRequest)]) == 1


def test_a_card_that_keeps_leaving_ends_the_tap_when_the_time_is_over(card: str) -> None:
    outcome, _ = waited(Scripted(card, breaks=(2,)), patience_ms=0)
    assert isinstance(outcome, Ended)
    assert outcome.ending is Ending.TRY_AGAIN


class Impatient:
    """At this reader somebody presses Ctrl-C."""

    def connect(self) -> None:
        raise KeyboardInterrupt

    def transmit(self, c_apdu: bytes) -> bytes:
        return b""

    def close(self) -> None:
        pass


def test_who_stops_waiting_for_the_card_has_booked_nothing(folder: Path, card: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "open_reader", lambda _name: Impatient())
    done = pay(folder, card)
    assert (done.code, done.note) == (3, "interrupted: nothing is booked")


def test_who_stops_waiting_for_the_host_is_told_of_the_reversal(folder: Path, card: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(till: Till, *_: object) -> Any:
        till._state.pending = till._drawer.voucher(VoucherKind.SALE, CardData("6222000000000009D2912220", "01"), 100, "07", NOON)
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "conclude", interrupted)
    done = pay(folder, card)
    assert (done.code, "its reversal is sent before the next request" in done.note) == (3, True)


# ---- what follows


def test_a_payment_is_voided_by_its_invoice_number_and_another_card_is_refused(folder: Path, card: str, tmp_path: Path, bank: Bank) -> None:
    paid = pay(folder, card)
    other = make_store(tmp_path / "other.json").read_text()
    (tmp_path / "other.json").write_text(other.replace(PAN, "6222000000000017"))
    wrong = commands.void(folder, paid.data["invoice"], f"phone:{tmp_path / 'other.json'}", 1, NO_PAPER)
    assert (wrong.code, wrong.data["code"]) == (1, "other_card")
    done = commands.void(folder, "1", card, 1, NO_PAPER)
    assert (done.code, done.data["kind"]) == (0, "void")
    assert "撤销" in done.paper
    again = commands.void(folder, "000001", None, 1, NO_PAPER)
    assert (again.code, again.note) == (1, "invoice 000001 is voided already")
    assert bank.held == {}


@pytest.mark.parametrize("number", ["", "0", "abc", "1234567", "-1"])
def test_what_is_no_number_of_a_paper_is_refused(folder: Path, number: str) -> None:
    with pytest.raises(BadInput, match="no number of a paper"):
        commands.void(folder, number, None, 1, NO_PAPER)


def test_a_day_is_settled_reported_and_refunded(folder: Path, card: str, bank: Bank, tmp_path: Path) -> None:
    pay(folder, card, "10.00")
    pay(folder, card, "20.00")
    before = commands.report(folder, "", NO_PAPER)
    assert (before.data["state"], before.data["totals"]["sales_amount"]) == ("open", 3000)
    assert "未结算" in before.paper
    slip = tmp_path / "slip.png"
    settled = commands.settle(folder, Paper(slip, None))
    assert (settled.code, settled.data["outcome"], settled.data["state"]) == (0, "equal", "equal")
    assert slip.read_bytes().startswith(b"\x89PNG")
    assert commands.report(folder, "1", NO_PAPER).data["vouchers"][1]["amount"] == 2000
    above = commands.refund(folder, "1", "10.01", None, 1, NO_PAPER)
    assert (above.code, above.data["code"]) == (1, "above_sale")
    done = commands.refund(folder, "1", "4.00", card, 1, NO_PAPER)
    assert (done.code, done.data["amount"], done.data["batch"]) == (0, 400, "000002")
    assert isinstance(bank.seen[-1], FollowUpRequest)


def test_a_batch_that_differs_exits_with_1_and_an_unfinished_one_with_3(folder: Path, card: str, bank: Bank, network: Network) -> None:
    pay(folder, card)
    network.cuts_next = 1
    unfinished = commands.settle(folder, NO_PAPER)
    assert (unfinished.code, "nothing is lost, settle again" in unfinished.note) == (3, True)
    assert commands.report(folder, "", NO_PAPER).data["state"] == "being_settled"
    bank.missing = 1
    differs = commands.settle(folder, NO_PAPER)
    assert (differs.code, differs.data["host_totals"]["sales_amount"]) == (1, 1249)


# ---- paper


def test_the_picture_has_the_size_of_its_lines_and_ink_in_it(folder: Path, card: str, tmp_path: Path) -> None:
    target = tmp_path / "receipt.png"
    done = pay(folder, card, paper=Paper(target, None))
    with Image.open(target) as image:
        assert image.size == (504, len(done.paper.splitlines()) * 36 + 56)
        assert image.getextrema() == (0, 255)
        rows = [image.crop((0, 28 + 36 * number, 504, 64 + 36 * number)).getextrema() for number in range(len(done.paper.splitlines()))]
    assert all(low < 128 for low, _ in rows), "each line has ink"


def test_a_picture_that_cannot_be_drawn_or_written_is_refused_before_the_card_is_asked(folder: Path, card: str, bank: Bank) -> None:
    seen = len(bank.seen)
    with pytest.raises(BadInput, match="name a file in a folder of yours"):
        pay(folder, card, paper=Paper(Path("/nowhere/receipt.png"), None))
    with pytest.raises(BadInput, match="it is no font that can be read"):
        pay(folder, card, paper=Paper(folder / "receipt.png", folder / "till.toml"))
    assert len(bank.seen) == seen


def test_without_a_font_it_is_said_which_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAPWEALTH_FONT", raising=False)
    with pytest.raises(BadInput, match=r"apt-get install fonts-wqy-zenhei.*--font"):
        find_font(folders=(str(tmp_path),))
    monkeypatch.setenv("TAPWEALTH_FONT", "/a/font.ttf")
    assert find_font() == Path("/a/font.ttf")
    latin = next(Path("/usr/share/fonts").rglob("DejaVuSans.ttf"), None)
    if latin is not None:
        with pytest.raises(BadInput, match="has no Chinese characters"):
            picture("x", latin)


# ---- the folder


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"host": "somewhere"}, "'somewhere' is no address"),
        ({"merchant": None}, "merchant is missing"),
        ({"merchant": "12"}, "'12' has 2 characters; it has 15"),
        ({"key_file": None}, "key_file and master_key_file are missing"),
        ({"transport_key": "00" * 32}, "master_key_file is missing"),
        ({"transport_key": "00" * 32, "master_key_file": "till.key"}, "it is no key block of version D"),
        ({"key_file": "none.key"}, "the file cannot be opened"),
        ({"key_file": None, "key": "12"}, "key is no key; write 16 or 32 hex digits"),
        ({"colour": "red"}, "the entry colour is unknown"),
        ({"timeout_ms": 0}, "timeout_ms is no time"),
        ({"language": "fr"}, "language is unknown"),
        ({"kernel_file": "none.toml"}, "the file cannot be opened"),
    ],
)
def test_wrong_settings_are_named_with_their_place(tmp_path: Path, entries: dict[str, Any], said: str) -> None:
    folder = set_up(tmp_path / "till", 9, **entries)
    with pytest.raises(BadInput) as raised:
        read_till(folder).till(start_batch=1)
    assert said in str(raised.value)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    folder = set_up(tmp_path / "till", 9)
    (folder / "till.key").chmod(0o640)
    with pytest.raises(BadInput, match="others may read the terminal's key; run 'chmod 600"):
        read_till(folder)
    inline = set_up(tmp_path / "inline", 9, key_file=None, key=KEY.hex())
    assert read_till(inline).mac_key == KEY
    (inline / "till.toml").chmod(0o644)
    with pytest.raises(BadInput, match="others may read the terminal's key"):
        read_till(inline)


TRANSPORT_KEY = bytes(range(32))


def as_block(key: bytes, usage: str = "K0") -> str:
    block = BlockKey(usage, "T", "N", "N", key)
    return write_key_block(TRANSPORT_KEY, block, bytes(padding_of(block)))


def test_a_terminal_that_was_given_a_key_block_signs_on_before_it_sells(network: Network, tmp_path: Path, card: str, bank: Bank) -> None:
    folder = set_up(tmp_path / "till", network.port, key_file=None, master_key_file="block", transport_key=TRANSPORT_KEY.hex())
    (folder / "block").write_text(as_block(MASTER_KEY))
    read_till(folder).till(start_batch=1).close()
    early = pay(folder, card)
    assert (early.code, early.note) == (3, "nothing is booked: the till has no key yet: sign on")
    assert commands.settle(folder, NO_PAPER).code == 3
    assert bank.seen == []
    assert commands.sign_on(folder, None).data["outcome"] == "new_key"
    paid = pay(folder, card)
    assert paid.code == 0
    (folder / "block").write_text(as_block(MASTER_KEY[::-1]))
    assert commands.void(folder, paid.data["invoice"], None, 1, NO_PAPER).code == 0, "cards are kept under the till's own key"
    (folder / "block").write_text(as_block(MASTER_KEY, "P0"))
    with pytest.raises(BadInput, match="it holds no terminal's master key"):
        read_till(folder)
    (folder / "block").write_text(as_block(MASTER_KEY)[:-1] + "0")
    with pytest.raises(BadInput, match=r"block: key block: it was altered|it is no key block"):
        read_till(folder)


def test_a_till_without_its_own_key_says_so(folder: Path) -> None:
    (folder / "store.key").write_text("")
    with pytest.raises(BadInput, match=r"store\.key: it is no key; restore it"):
        commands.report(folder, "", NO_PAPER)


def test_a_kernel_that_offers_a_pin_is_refused_and_one_without_is_taken(tmp_path: Path) -> None:
    folder = set_up(tmp_path / "till", 9, kernel_file="kernel.toml")
    kernel = 'serial = "80000001"\nqualifiers = "32000000"\n[[application]]\naid = "A00000033301"\ncontactless_limit = 100000\n'
    (folder / "kernel.toml").write_text(kernel)
    assert read_till(folder).kernel.applications[0].contactless_limit == 100_000
    (folder / "kernel.toml").write_text(kernel.replace("32000000", "36000000"))
    with pytest.raises(BadInput, match="offers to take a PIN"):
        read_till(folder)


def test_the_first_till_of_a_played_week_is_found_and_a_folder_without_one_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no till here; play a week"):
        commands.find_till(None, tmp_path)
    (tmp_path / "devices").mkdir()
    for number in ("11000002", "11000001"):
        set_up(tmp_path / "devices" / f"till-{number}", 9)
    assert commands.find_till(None, tmp_path).name == "till-11000001"
    with pytest.raises(BadInput, match="no till is set up here"):
        read_till(tmp_path)


# ---- the program


def program(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "tapwealth.cli", "terminal", *arguments], capture_output=True, text=True, check=False)


def test_a_payment_that_is_killed_while_it_waits_for_its_answer_is_undone_by_the_next_command(
    folder: Path, card: str, bank: Bank, network: Network
) -> None:
    network.loses_next = 1
    running = subprocess.Popen(
        [sys.executable, "-m", "tapwealth.cli", "terminal", "pay", "--amount", "1", "--reader", card, "--till", str(folder)]
    )
    wait_until(lambda: bool(network.lost), "the sale at the bank")
    running.kill()
    running.wait(20)
    assert list(bank.held.values()) == [100]
    assert commands.sign_on(folder, None).code == 0
    assert bank.held == {}
    assert pay(folder, card).data["stan"] > "000001"


def test_the_program_refuses_a_till_without_state_and_begins_one_when_told(network: Network, tmp_path: Path, card: str) -> None:
    folder = set_up(tmp_path / "till", network.port, master_key_file="master.key")
    lost = program("pay", "--amount", "1", "--reader", card, "--till", str(folder))
    assert (lost.returncode, lost.stdout) == (1, "")
    assert "the till's state is missing; restore it; or begin a batch that this till never used (a new till: 1)" in lost.stderr
    begun = program("sign-on", "--till", str(folder), "--start-batch", "1")
    assert (begun.returncode, begun.stdout) == (0, "signed on, a new key is in use; batch 000001 is open\n")
    paid = program("pay", "--amount", "1", "--reader", card, "--till", str(folder), "--json")
    assert (paid.returncode, json.loads(paid.stdout)["outcome"]) == (0, "approved")
