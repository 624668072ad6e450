"""Issuer master keys by index: new cards get the newest, old ones pay on, and what is made under a retired one is declined and replaced."""

from uuid import uuid4

import pytest
from card_town import CardTown
from msgspec import structs
from wallet_device import Device

from tapwealth.flows.issuing import issuer_keys, token_domain, tokens
from tapwealth.flows.issuing.token_domain import LimitToken
from tapwealth.flows.issuing.tokens import TokenRefusal
from tapwealth.issuing import store, tapped
from tapwealth.issuing.key_index import LAST, KeyIndex, KeyIndexRefusal, current, next_index
from tapwealth.kernel.refusal import Refusal


@pytest.fixture
async def device(host: CardTown) -> Device:
    return await Device(host, await host.place.person("Wang", 50_000_00)).provision()


async def test_cards_of_the_old_index_pay_on_beside_those_of_the_new(device: Device) -> None:
    house = device.host.place.house
    assert await issuer_keys.generate(house) == 2
    other = await Device(device.host, await device.host.place.person("Zhao", 100_00)).provision()
    assert (device.given.key_index, other.given.key_index) == (1, 2)
    assert (await device.tap(), await other.tap()) == ("00", "00")
    assert len((await device.replenish()).keys) == 0
    assert house.keys.check_value("iss_mk_ac_1") != house.keys.check_value("iss_mk_ac_2")


async def test_a_tap_under_a_retired_index_is_declined_in_words_and_spends_nothing(device: Device) -> None:
    house = device.host.place.house
    await issuer_keys.generate(house)
    done = await issuer_keys.retire(house, 1)
    assert isinstance(done, KeyIndex)
    sale, answer = await device.host.tap(device.phone, 1_00)
    row = await device.host.row(sale)
    assert (answer, row.reason, row.atc) == ("05", "key_index_retired: key index 1 retired", 0)
    forged, answer = await device.host.tap(device.phone.forged(), 1_00)
    assert (answer, (await device.host.row(forged)).reason) == ("05", "key_index_retired: key index 1 retired"), "before the cryptogram"


async def test_a_card_under_a_retired_index_gets_no_keys_and_the_device_a_new_card(device: Device) -> None:
    house, old = device.host.place.house, device.token
    await issuer_keys.generate(house)
    await issuer_keys.retire(house, 1)
    answer = await device.ask(device.request(1))
    assert isinstance(answer, Refusal)
    assert answer.code is TokenRefusal.KEY_RETIRED
    await device.provision()
    assert (device.given.key_index, device.token == old) == (2, False)
    assert await device.tap() == "00"
    async with house.database.read() as tx:
        states = {one.id: one.state for one in await store.device_tokens(tx, device.person.book, device.person.id)}
    assert states == {old: "deleted", device.token: "active"}


async def test_the_new_card_in_place_of_one_under_a_retired_index_pays_where_that_one_did(device: Device) -> None:
    house, old = device.host.place.house, device.token
    await token_domain.limit(house, device.envelope(), LimitToken(old, ["5944"], 100_00))
    async with house.database.transaction() as tx:
        before = (await store.tokens(tx, [(device.person.book, old)]))[old].domain
        banks = structs.replace(before, contact=True, allowed=("5814",), denied=("7995",))
        await tapped.set_domain(tx, device.person.book, old, banks)
    await issuer_keys.generate(house)
    await issuer_keys.retire(house, 1)
    await device.provision()
    async with house.database.read() as tx:
        kept = (await store.tokens(tx, [(device.person.book, device.token)]))[device.token].domain
    assert device.token != old
    assert kept == banks
    assert (kept.off, kept.day_limit) == (("5944",), 100_00)


async def test_the_same_request_again_brings_no_keys_of_an_index_that_was_retired_meanwhile(host: CardTown) -> None:
    device = Device(host, await host.place.person("Wang", 100_00))
    envelope = device.envelope(uuid4())
    command = device.asks()
    await device.take_in(await tokens.provision(host.place.house, envelope, command))
    await issuer_keys.generate(host.place.house)
    await issuer_keys.retire(host.place.house, 1)
    again = await tokens.provision(host.place.house, envelope, command)
    assert isinstance(again, Refusal)
    assert again.code is TokenRefusal.KEY_RETIRED


async def test_a_retirement_is_for_good_and_never_of_the_last_index(host: CardTown) -> None:
    house = host.place.house
    alone = await issuer_keys.retire(house, 1)
    unknown = await issuer_keys.retire(house, 7)
    assert isinstance(alone, Refusal)
    assert isinstance(unknown, Refusal)
    assert (alone.code, unknown.code) == (KeyIndexRefusal.ONLY_ONE, KeyIndexRefusal.UNKNOWN_INDEX)
    await issuer_keys.generate(house)
    first = await issuer_keys.retire(house, 2)
    await host.after(hours=1)
    assert await issuer_keys.retire(house, 2) == first, "the instant stays"
    assert current(await issuer_keys.indexes(house)) == 1
    assert await issuer_keys.generate(house) == 3, "a number is not used again"


async def test_an_index_that_nobody_made_is_no_outage(device: Device) -> None:
    """A card may claim any index: it must not stop those who tap beside it."""
    claimed = device.phone.copied(key_index=77)
    bad, good = await device.host.authorise(device.host.sale(claimed, 1_00), device.host.sale(device.phone, 1_00))
    assert (bad.response_code, good.response_code) == ("05", "00")


def test_indexes_end_where_the_byte_does() -> None:
    full = next_index([KeyIndex(number, None) for number in range(1, LAST + 1)])
    assert isinstance(full, Refusal)
    assert full.code is KeyIndexRefusal.NONE_LEFT


async def test_what_a_phone_is_given_shows_neither_its_keys_nor_its_number_when_it_is_printed(device: Device) -> None:
    shown = repr([device.given, device.given.keys, device.given.files.key, device.given.cash])
    for secret in (device.given.pan, device.given.files.key.d, device.given.cash.load_key, *(one.key for one in device.given.keys)):
        assert secret not in shown
