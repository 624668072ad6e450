"""A played shop leaves its till's folder as the commands take it."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tapwealth.counter.till_folder import read_till
from tapwealth.play.shop import Counter

NOON = datetime(2014, 2, 24, 4, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Counter:
    return Counter("老街早点铺", "898110058120001", "11000001", bytes(range(16)), bytes(range(16, 32)), tmp_path / "till-11000001", 8583)


def test_the_folder_has_what_the_shop_is(shop: Counter) -> None:
    shop.furnish(NOON)
    told = read_till(shop.folder)
    assert (told.host, told.port, told.merchant_number, told.terminal_number) == ("127.0.0.1", 8583, "898110058120001", "11000001")
    assert (told.name, told.mac_key, told.master_key, told.now) == ("老街早点铺", shop.mac_key, shop.master_key, NOON)
    for name in ("till.key", "master.key"):
        assert stat.S_IMODE((shop.folder / name).stat().st_mode) == 0o600


def test_a_clock_that_nobody_tells_stays_where_it_stood(shop: Counter) -> None:
    shop.furnish(NOON)
    shop.furnish(None)
    assert read_till(shop.folder).clock == NOON


def test_a_till_that_was_one_file_becomes_a_folder(shop: Counter) -> None:
    before = shop.folder.with_name("till-11000001.json")
    before.write_text('{"format": 1}')
    shop.furnish(NOON)
    shop.furnish(NOON)
    assert (shop.folder / "state.json").read_text() == '{"format": 1}'
    assert not before.exists()


def test_a_shop_that_takes_cards_offline_says_so_to_its_kernel_for_good(shop: Counter) -> None:
    shop.furnish(NOON)
    assert read_till(shop.folder).kernel.applications[0].floor_limit == 0
    modulus = "B5" * 128
    from tapwealth.wire.emv_certificates import CaKey
    from tapwealth.wire.emv_rsa import PublicKey

    key = CaKey(bytes.fromhex("A000000333"), 0xC1, PublicKey(int(modulus, 16), 3))
    authority = {"rid": "A000000333", "index": "C1", "modulus": modulus, "exponent": "03", "check_value": key.check_value.hex()}
    shop.take_offline(200_00, authority, NOON)
    shop.furnish(None)
    kernel = read_till(shop.folder).kernel
    assert (kernel.applications[0].floor_limit, kernel.ca_keys) == (200_00, (key,))
