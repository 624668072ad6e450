"""A merchant's terminal and a phone that nobody here wrote, at the real host: bytes put together from the standards alone.

Nothing of `tapwealth.wire`, `card`, `terminal` or `acquiring` makes or reads a message here; the ciphers are pyemv's.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from clearing_network import clear
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from patience import comes
from played_days import MONDAY, SHOP, Played, operator, stage
from pyemv.ac import generate_arpc_1
from pyemv.mac import mac_iso9797_3
from pyemv.tools import encrypt_tdes_ecb, xor

from tapwealth.app.wiring import Edges, open_edges
from tapwealth.flows.acquiring import terminals
from tapwealth.flows.issuing.tokens import Provisioned
from tapwealth.issuing import store as issuing

NUMBER, MAC_KEY = "90000001", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
BATCH, MASTER_KEY = "000001", bytes.fromhex("1122334455667788AABBCCDDEEFF0011")


STANS = count(100)
Give = Callable[..., Awaitable[Any]]


def mac(message: bytes, key: bytes) -> bytes:
    """UnionPay's ECB code: blocks XORed, spelt in hexadecimal, enciphered in two steps, the first eight characters of that."""
    block = bytes(8)
    for start in range(0, len(message), 8):
        block = xor(block, message[start : start + 8].ljust(8, b"\x00"))
    spelt = block.hex().upper().encode()
    return encrypt_tdes_ecb(key, xor(encrypt_tdes_ecb(key, spelt[:8]), spelt[8:])).hex().upper().encode()[:8]


def written(mti: str, fields: Mapping[int, str], key: bytes) -> bytes:
    """The frame of a message whose fields are given in hexadecimal; without a code if there is no key."""
    numbers = sorted([*fields, 64] if key else fields)
    bitmap = sum(1 << (64 - number) for number in numbers).to_bytes(8, "big")
    message = bytes.fromhex(mti) + bitmap + b"".join(bytes.fromhex(fields[number]) for number in numbers if number != 64)
    body = bytes.fromhex("6005010000613100311108") + message + (mac(message, key) if key else b"")
    return len(body).to_bytes(2, "big") + body


LENGTHS = {3: 3, 4: 6, 11: 3, 12: 3, 13: 2, 25: 1, 37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3, 64: 8}


def taken_apart(body: bytes, key: bytes) -> tuple[str, dict[int, bytes]]:
    """Type and fields of an answer, whose MAC must be right if it has one. 48 and 60 are numbers, so that their length counts digits."""
    assert body[:11].hex() == "6000000501613100311108", "addresses changed places"
    message, at, fields = body[11:], 10, {}
    bitmap = int.from_bytes(message[2:10], "big")
    for number in (number for number in range(1, 65) if bitmap >> (64 - number) & 1):
        size = LENGTHS.get(number)
        if size is None:
            told = int(message[at : at + 2].hex())
            at, size = at + 2, told if number in (54, 55, 62) else -(-told // 2)
        fields[number] = message[at : at + size]
        at += size
    assert at == len(message)
    assert 64 not in fields or fields[64] == mac(message[:-8], key)
    return message[:2].hex(), fields


class Phone:
    """A card by PBOC 3.0: session key under the key of its counter, cryptogram of version 01, and the data as a terminal passes them on."""

    def __init__(self, made: Provisioned) -> None:
        self.made, self.counter, self.session_key = made, 0, b""

    def chip_data(self, amount: int) -> bytes:
        """Field 55: elements in an order of its own, a length in the long form, an unknown tag, padding between."""
        self.counter += 1
        counter, decided = self.counter.to_bytes(2, "big"), bytes.fromhex("03A00000")
        complement = bytes(byte ^ 0xFF for byte in counter)
        (key,) = (one.key for one in self.made.keys if one.first_atc <= self.counter <= one.last_atc)
        self.session_key = encrypt_tdes_ecb(bytes.fromhex(key), bytes(6) + counter + bytes(6) + complement)
        money, number = bytes.fromhex(f"{amount:012d}"), self.counter.to_bytes(4, "little")
        under = money + bytes(6) + bytes.fromhex("01560000000000015614022400") + number + bytes.fromhex("7C00") + counter + decided
        self.cryptogram = mac_iso9797_3(self.session_key[:8], self.session_key[8:], under, 2)
        return b"".join(
            [
                bytes.fromhex("DF0104010203049F1A0201569F3501229F34033F0000"),
                bytes.fromhex("9F368102") + counter,
                bytes.fromhex("9F2608") + self.cryptogram,
                bytes.fromhex("00009F1008070101") + decided + bytes.fromhex("019F3704") + number,
                bytes.fromhex("82027C009C01009A031402245F2A020156950500000000009F03060000000000009F0206") + money,
            ]
        )


class Till:
    """The terminal: it writes what its merchant asks, and hears."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, phone: Phone) -> None:
        self.reader, self.writer, self.phone, self.key = reader, writer, phone, MAC_KEY
        self.number, self.master_key = NUMBER, MASTER_KEY

    def placed(self, stan: str, kind: str, code: str) -> dict[int, str]:
        where = {41: self.number.encode().hex(), 42: SHOP.encode().hex(), 49: b"156".hex()}
        return {11: stan, 60: f"0013{kind}{BATCH}{code}500", **where}

    def card(self, amount: int) -> dict[int, str]:
        made = self.phone.made
        return {2: f"16{made.pan}", 4: f"{amount:012d}", 14: made.expiry, 22: "0720", 23: f"00{made.psn}", 25: "00"}

    def sale(self, stan: str, amount: int) -> bytes:
        made, chip = self.phone.made, self.phone.chip_data(amount)
        track2 = f"{made.pan}D{made.expiry}2201000"
        own = {3: "000000", 35: f"{len(track2):02d}{track2}", 55: f"{len(chip):04d}{chip.hex()}"}
        return written("0200", self.placed(stan, "22", "000") | self.card(amount) | own, self.key)

    def reversal(self, stan: str, amount: int) -> bytes:
        own = {3: "000000", 39: b"98".hex(), 61: f"0016{BATCH}{stan}0224"}
        return written("0400", self.placed(stan, "22", "000") | self.card(amount) | own, self.key)

    def upload(self, stan: str, of: str, amount: int, answer: Mapping[int, bytes]) -> bytes:
        own = {37: answer[37].hex(), 38: answer[38].hex(), 61: f"0012{BATCH}{of}"}
        return written("0320", self.placed(stan, "00", "201") | self.card(amount) | own, self.key)

    def settlement(self, stan: str, count: int, amount: int) -> bytes:
        return written("0500", self.placed(stan, "00", "201") | {48: f"0062{amount:012d}{count:03d}{'0' * 47}"}, self.key)

    def by_chip(self, mti: str, kind: str, code: str, stan: str, amount: int) -> bytes:
        """A pre-authorisation, or with no amount an inquiry: a sale with other words."""
        made, chip = self.phone.made, self.phone.chip_data(amount)
        track2 = f"{made.pan}D{made.expiry}2201000"
        card = {number: value for number, value in self.card(amount).items() if amount or number != 4}
        own = {3: code, 35: f"{len(track2):02d}{track2}", 55: f"{len(chip):04d}{chip.hex()}"}
        return written(mti, self.placed(stan, kind, "000") | card | own, self.key)

    def following(self, mti: str, kind: str, code: str, stan: str, of: str, amount: int, answer: Mapping[int, bytes]) -> bytes:
        own = {3: code, 37: answer[37].hex(), 61: f"0016{BATCH}{of}0224"}
        return written(mti, self.placed(stan, kind, "000") | self.card(amount) | own, self.key)

    async def sign_on(self, stan: str) -> bytes:
        """The MAC key that it is given; it is not taken into use yet."""
        ((kind, told),) = await self.ask(written("0800", self.placed(stan, "00", "003"), b""))
        assert (kind, told[39], len(told[62]), 64 in told) == ("0810", b"00", 40, False)
        cipher = Cipher(TripleDES(self.master_key + self.master_key[:8]), modes.ECB()).decryptor()
        pin, code = cipher.update(told[62][:16]), cipher.update(told[62][20:36])
        assert [encrypt_tdes_ecb(key, bytes(8))[:4] for key in (pin, code)] == [told[62][16:20], told[62][36:]]
        return code

    async def hear(self) -> tuple[str, dict[int, bytes]]:
        async with comes("the host's answer (what kept it from it stands in its log)"):
            length = int.from_bytes(await self.reader.readexactly(2), "big")
            return taken_apart(await self.reader.readexactly(length), self.key)

    async def ask(self, *frames: bytes) -> list[tuple[str, dict[int, bytes]]]:
        """All in one segment; the answers."""
        self.writer.write(b"".join(frames))
        return [await self.hear() for _ in frames]


@pytest.fixture
async def on(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Played]:
    async with stage(new_database(), tmp_path, 4) as on:
        await on.at(MONDAY, 9, 30)
        await on.set_up()
        await on.join(0, 1_000_00)
        terminal = terminals.RegisterTerminal(SHOP, NUMBER, MAC_KEY.hex(), MASTER_KEY.hex())
        await terminals.register(on.house, on.envelope(operator("ops.chen")), terminal)
        yield on


@pytest.fixture
async def edges(on: Played) -> AsyncIterator[Edges]:
    opened = await open_edges(on.house, "token", real_time=False)
    async with opened.running():
        yield opened


@pytest.fixture
async def till(on: Played, edges: Edges) -> AsyncIterator[Till]:
    port = await edges.listener.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield Till(reader, writer, Phone(on.given[0]))
    writer.transport.abort()
    await edges.listener.stop(grace_ms=1_000)


async def states(on: Played) -> dict[str, str]:
    async with on.house.database.read() as tx:
        return {one.stan: one.state for one in await issuing.of_date(tx, MONDAY)}


async def test_a_terminals_day(on: Played, till: Till) -> None:
    """Sales, one repeated and one reversed; upload, settlement; and clearing takes what was uploaded."""
    sign_on = written("0800", till.placed("000001", "00", "001"), b"")
    ((kind, refused),) = await till.ask(sign_on)
    assert (kind, refused[39]) == ("0810", b"40")

    first = till.sale("000002", 12_50)
    ((kind, sold),) = await till.ask(first)
    assert (kind, sold[39], sold[4].hex(), sold[11].hex()) == ("0210", b"00", "000000001250", "000002")
    arpc = generate_arpc_1(till.phone.session_key, till.phone.cryptogram, b"00")
    assert sold[55] == bytes.fromhex("910A") + arpc + b"00"
    assert 64 in sold
    assert await till.ask(first) == [("0210", sold)], "the same bytes again get the same answer"

    second, third = till.sale("000003", 20_00), till.sale("000004", 30_00)
    answers = await till.ask(second, third, till.reversal("000003", 20_00))
    assert [(kind, fields[39]) for kind, fields in answers] == [("0210", b"00"), ("0210", b"00"), ("0410", b"00")]
    too_much = till.sale("000005", 990_00)
    assert (await till.ask(too_much))[0][1][39] == b"51"
    assert await states(on) == {"000002": "approved", "000003": "reversed", "000004": "approved", "000005": "declined"}

    uploads = till.upload("000006", "000002", 12_50, sold), till.upload("000007", "000004", 30_00, answers[1][1])
    assert [(kind, fields[39]) for kind, fields in await till.ask(*uploads)] == [("0330", b"00")] * 2
    ((kind, settled),) = await till.ask(till.settlement("000008", 2, 42_50))
    assert (kind, settled[39]) == ("0510", b"00")
    assert settled[48].hex() == f"{42_50:012d}002" + "0" * 15 + "1" + "0" * 31, "equal: the same totals, and 1"
    ((_, differs),) = await till.ask(till.settlement("000009", 1, 12_50))
    assert differs[48].hex()[30] == "2"

    assert (await clear(on.house, MONDAY)).figures == {"sales": 2, "amount": 42_50}
    await on.town.all_books_balance()


async def test_a_changed_byte_under_the_cryptogram_or_the_mac_is_noticed(till: Till) -> None:
    sale = till.sale("000001", 12_50)
    broken = sale[:-1] + bytes((sale[-1] ^ 1,))
    ((_, refused),) = await till.ask(broken)
    assert (refused[39], 64 in refused) == (b"A0", False)
    wrong = [msgspec.structs.replace(one, key="00" * 16) for one in till.phone.made.keys]
    till.phone.made = msgspec.structs.replace(till.phone.made, keys=wrong)
    ((_, declined),) = await till.ask(till.sale("000002", 12_50))
    assert (declined[39], 64 in declined) == (b"05", True)


async def test_a_terminal_is_given_keys_and_the_old_one_is_good_until_the_new_one_is_used(on: Played, till: Till) -> None:
    given = await till.sign_on("000001")
    assert await till.sign_on("000002") == given, "the first answer may have been lost"
    assert (await till.ask(till.sale("000003", 1_00)))[0][1][39] == b"00"
    till.key = given
    assert (await till.ask(till.sale("000004", 1_00)))[0][1][39] == b"00"
    till.key = MAC_KEY
    assert (await till.ask(till.sale("000005", 1_00)))[0][1][39] == b"A0"
    till.key = given
    again = await till.sign_on("000006")
    assert again != given
    assert (await till.ask(till.sale("000007", 1_00)))[0][1][39] == b"00"
    await on.at(MONDAY, 9, 35)  # more than some taps a minute are for no phone
    edges = await open_edges(on.house, "token", real_time=False)
    async with edges.running():
        port = await edges.listener.start("127.0.0.1", 0)
        later = Till(*await asyncio.open_connection("127.0.0.1", port), till.phone)
        for key, code in ((MAC_KEY, b"A0"), (given, b"00"), (again, b"00"), (given, b"A0")):
            later.key = key
            assert (await later.ask(later.sale(f"{next(STANS):06d}", 1_00)))[0][1][39] == code
        later.writer.transport.abort()
        await edges.listener.stop(grace_ms=1_000)
    for name, code in (("002", b"00"), ("301", b"00"), ("999", b"40")):
        assert (await till.ask(written("0820", till.placed("000020", "00", name), b"")))[0][1][39] == code


async def test_what_follows_a_transaction_and_its_reversal(on: Played, till: Till) -> None:
    ((kind, held),) = await till.ask(till.by_chip("0100", "10", "030000", "000001", 40_00))
    assert (kind, held[39]) == ("0110", b"00")
    ((kind, told),) = await till.ask(till.by_chip("0200", "01", "310000", "000002", 0))
    assert (kind, told[39], told[54]) == ("0210", b"00", b"1002156C000000096000")
    ((kind, done),) = await till.ask(till.following("0200", "20", "000000", "000003", "000001", 45_00, held))
    assert (kind, done[39]) == ("0210", b"00")
    ((kind, voided),) = await till.ask(till.following("0200", "21", "200000", "000004", "000003", 45_00, done))
    assert (kind, voided[39]) == ("0210", b"00")
    ((kind, gone),) = await till.ask(till.following("0100", "11", "200000", "000005", "000001", 40_00, held))
    assert (kind, gone[39]) == ("0110", b"00")
    ((_, sold),) = await till.ask(till.sale("000006", 30_00))
    ((kind, early),) = await till.ask(till.following("0220", "25", "200000", "000007", "000006", 5_00, sold))
    assert (kind, early[39]) == ("0230", b"12"), "not cleared yet"
    await till.ask(till.upload("000008", "000006", 30_00, sold))
    await clear(on.house, MONDAY)
    ((kind, back),) = await till.ask(till.following("0220", "25", "200000", "000009", "000006", 5_00, sold))
    assert (kind, back[39]) == ("0230", b"00")
    assert (await clear(on.house, MONDAY)).figures == {"sales": 1, "amount": 30_00, "refunds": 5_00}
    assert await states(on) == {
        "000001": "voided", "000002": "done", "000003": "voided", "000004": "done", "000005": "done",
        "000006": "captured", "000007": "declined", "000009": "done",
    }  # fmt: skip
    await on.town.all_books_balance()


@pytest.fixture
async def give(edges: Edges) -> AsyncIterator[Give]:
    """A command of an operator's, by HTTP."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=edges.http), base_url="http://house") as http:

        async def command(login: str, name: str, **body: str) -> Any:
            signed_in = (await http.post("/login", json={"login": login, "password": "a long password"})).json()
            headers = {"Authorization": f"Bearer {signed_in['token']}", "Idempotency-Key": str(uuid4())}
            answer = await http.post(f"/commands/{name}", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return answer.json()["result"]

        yield command


async def test_who_is_suspended_is_declined_by_the_next_message_and_sells_again_when_two_have_said_so(give: Give, till: Till) -> None:
    """The operators' commands come by HTTP, the terminal's messages over TCP: what one door learns the other knows at once."""

    async def sells(stan: str) -> bytes:
        return (await till.ask(till.sale(stan, 1_00)))[0][1][39]

    assert await sells("000001") == b"00"
    await give("ops.chen", "suspend_merchant", merchant_number=SHOP, reason="complaints")
    assert await sells("000002") == b"03"
    ((_, refused),) = await till.ask(written("0800", till.placed("000003", "00", "003"), b""))
    assert refused[39] == b"03"
    proposed = await give("ops.chen", "propose_merchant_state", merchant_number=SHOP, state="active", reason="settled")
    assert await sells("000004") == b"03", "one person is not enough"
    await give("pm.zhou", "approve", proposal=proposed["proposal"])
    assert await sells("000005") == b"00"
    await give("ops.chen", "change_terminal", terminal_number=NUMBER, state="closed", reason="worn out")
    assert await sells("000006") == b"58"
    reversed_ = await till.ask(till.reversal("000005", 1_00))
    assert reversed_[0][1][39] == b"00", "what it sold may be undone"


def cmac(key: bytes, content: bytes) -> bytes:
    code = CMAC(AES(key))
    code.update(content)
    return code.finalize()


def opened(transport: bytes, block: str) -> bytes:
    """The key in a block of X9.143, version D, under an AES key of 32 bytes."""
    encipher, authenticate = (
        b"".join(cmac(transport, bytes.fromhex(f"0{turn}000{use}0000040100")) for turn in (1, 2)) for use in (0, 1)
    )  # fmt: skip
    content = bytes.fromhex(block[16:])
    decryptor = Cipher(AES(encipher), modes.CBC(content[-16:])).decryptor()
    clear = decryptor.update(content[:-16]) + decryptor.finalize()
    assert cmac(authenticate, block[:16].encode() + clear) == content[-16:]
    return clear[2 : 2 + int.from_bytes(clear[:2], "big") // 8]


async def test_a_terminal_opens_its_key_block_signs_on_and_sells(give: Give, till: Till) -> None:
    """It was handed its merchant's transport key by another way, in the two components that two operators have entered."""
    parts = bytes(range(32)), bytes(range(9, 41))
    for login, part in zip(("ops.chen", "pm.zhou"), parts, strict=True):
        check = cmac(part, bytes(16))[:3].hex()
        said = await give(login, "enter_transport_key", merchant_number=SHOP, component=part.hex(), check_value=check)
    transport = xor(*parts)
    assert said["check_value"] == cmac(transport, bytes(16))[:3].hex().upper()
    given = await give("ops.chen", "enrol_terminal", merchant_number=SHOP, terminal_number="90000002")
    till.number, till.master_key = "90000002", opened(transport, given["key_block"])
    assert encrypt_tdes_ecb(till.master_key, bytes(8))[:3].hex().upper() == given["check_value"]
    assert (await till.ask(till.sale("000001", 1_00)))[0][1][39] == b"A0", "nothing but a sign-on before it has a working key"
    till.key = await till.sign_on("000002")
    assert (await till.ask(till.sale("000003", 1_00)))[0][1][39] == b"00"
