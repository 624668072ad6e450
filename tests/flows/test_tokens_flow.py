"""Cards on devices, on a real database: bound to the device's key, paying with limited-use keys that run out, stopped at once when lost."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from card_town import CardTown
from wallet_device import Device

from tapwealth.customers import store as customers
from tapwealth.flows.issuing import cards, token_domain, tokens
from tapwealth.flows.issuing.tokens import (
    DeleteToken,
    MoveToken,
    Provisioned,
    ProvisionToken,
    Replenished,
    ReplenishToken,
    ResumeToken,
    SuspendToken,
    TokenRefusal,
)
from tapwealth.issuing.limited_use import AMOUNT_PER_KEY, GOOD_FOR, KEYS_AHEAD, TAPS_PER_KEY
from tapwealth.kernel.refusal import BadInput, Refusal

FIRST_TAPS = KEYS_AHEAD * TAPS_PER_KEY


@pytest.fixture
async def device(host: CardTown) -> Device:
    return await Device(host, await host.place.person("Wang", 50_000_00)).provision()


def code(answer: Any) -> Any:
    return answer.code if isinstance(answer, Refusal) else answer


async def test_a_device_is_given_keys_for_some_taps_and_pays_with_them(device: Device) -> None:
    assert device.phone.state.taps_left == FIRST_TAPS
    assert [await device.tap() for _ in range(TAPS_PER_KEY + 1)] == ["00"] * (TAPS_PER_KEY + 1)
    assert device.phone.state.taps_left == FIRST_TAPS - TAPS_PER_KEY - 1


async def test_the_cards_own_key_or_the_key_of_another_range_does_not_pay(device: Device) -> None:
    first, second, *_ = device.phone.state.keys
    swapped = (replace(first, key=second.key), second)
    sale, answer = await device.host.tap(device.phone.copied(keys=swapped), 1_00)
    assert answer == "05"
    assert (await device.host.row(sale)).reason.startswith("wrong_cryptogram: cryptogram differs")
    assert await device.tap() == "00"


async def test_a_counter_that_no_key_was_given_for_is_declined_in_words(device: Device) -> None:
    stretched = replace(device.phone.state.keys[-1], first_atc=FIRST_TAPS + 1, last_atc=FIRST_TAPS + 9)
    sale, answer = await device.host.tap(device.phone.copied(keys=(stretched,), atc=FIRST_TAPS), 1_00)
    assert (answer, (await device.host.row(sale)).reason.split(":")[0]) == ("05", "key_used_up")
    assert await device.tap() == "00", "what was not proved spends no counter"


async def test_a_key_pays_its_amount_and_is_renewed_by_a_signed_request(device: Device) -> None:
    assert await device.tap(AMOUNT_PER_KEY - 1_00) == "00"
    sale, answer = await device.host.tap(device.phone, 1_01)
    assert (answer, (await device.host.row(sale)).reason.split(":")[:2]) == ("61", ["key_amount_used_up", " key 1"])
    assert await device.tap(1_00) == "00"
    assert (await device.replenish()).keys == []
    assert await device.tap(1_01) == "00"


async def test_two_taps_of_one_batch_share_the_amount_of_their_key(device: Device) -> None:
    sales = [device.host.sale(device.phone, AMOUNT_PER_KEY - 50), device.host.sale(device.phone, 51), device.host.sale(device.phone, 50)]
    assert [one.response_code for one in await device.host.authorise(*sales)] == ["00", "61", "00"]


async def test_a_key_that_is_too_old_is_renewed_by_a_signed_request(device: Device) -> None:
    await device.host.after(days=GOOD_FOR.days, seconds=1)
    sale, answer = await device.host.tap(device.phone, 1_00)
    assert (answer, (await device.host.row(sale)).reason.split(":")[0]) == ("05", "key_too_old")
    await device.replenish()
    assert await device.tap() == "00"


async def test_a_device_asks_for_more_keys_and_never_runs_dry(device: Device) -> None:
    for _ in range(TAPS_PER_KEY):
        assert await device.tap() == "00"
    got = await device.replenish()
    assert [(one.number, one.first_atc, one.last_atc) for one in got.keys] == [(KEYS_AHEAD + 1, FIRST_TAPS + 1, FIRST_TAPS + TAPS_PER_KEY)]
    assert device.phone.state.taps_left == FIRST_TAPS


async def test_the_same_request_again_brings_the_same_keys(device: Device) -> None:
    await device.tap()
    request, key = device.request(1, TAPS_PER_KEY), device.envelope().key
    first = await device.ask(request, key)
    assert isinstance(first, Replenished)
    assert len(first.keys) == 1
    signed_anew = device.request(1, TAPS_PER_KEY)
    assert await device.ask(request, key) == await device.ask(request) == await device.ask(signed_anew) == first
    for _ in range(2 * TAPS_PER_KEY):
        await device.tap()
    assert await device.ask(request) == first, "later, when a new request would bring more"


async def test_two_sessions_at_once_get_the_same_keys_for_the_same_request(device: Device) -> None:
    request = device.request(1, TAPS_PER_KEY)
    first, second = await asyncio.gather(device.ask(request), device.ask(request))
    assert first == second
    assert isinstance(first, Replenished)
    assert len(first.keys) == 1


async def test_a_request_that_is_not_the_devices_next_one_brings_nothing(device: Device) -> None:
    other = await Device(device.host, device.person).provision()
    stranger = await Device(device.host, await device.host.place.person("Li", 1_00)).provision()
    right = device.request(1)
    wrong = {
        "by another device": (device, replace_signature(right, other.request(1).signature), TokenRefusal.WRONG_SIGNATURE),
        "over another counter": (device, replace_signature(right, device.request(1, 5).signature), TokenRefusal.WRONG_SIGNATURE),
        "no signature": (device, replace_signature(right, ""), TokenRefusal.WRONG_SIGNATURE),
        "of somebody else": (stranger, right, TokenRefusal.UNKNOWN_TOKEN),
        "a number skipped": (device, device.request(2), TokenRefusal.NOT_NEXT),
        "number 0": (device, device.request(0), TokenRefusal.NOT_NEXT),
        "a counter without a key": (device, device.request(1, FIRST_TAPS + 1), TokenRefusal.COUNTER_AHEAD),
    }
    for what, (asker, command, why) in wrong.items():
        assert code(await asker.ask(command)) is why, what
    for _ in range(2):
        await device.replenish()
    assert code(await device.ask(right)) is TokenRefusal.NOT_NEXT, "an old one"
    assert code(await device.ask(device.request(2, 1))) is TokenRefusal.OTHER_REQUEST


def replace_signature(command: ReplenishToken, signature: str) -> ReplenishToken:
    return ReplenishToken(command.token, command.number, command.counter, signature)


async def test_a_person_has_a_card_of_its_own_on_each_device_and_one_card_per_device(device: Device) -> None:
    other = await Device(device.host, device.person).provision()
    assert other.given.pan != device.given.pan
    first = device.given
    again = (await device.provision()).given
    assert (again.token, again.pan, again.keys) == (first.token, first.pan, first.keys)
    async with device.host.place.house.database.read() as tx:
        held = await token_domain.held(tx, device.person.book, device.person.id)
    assert sorted(one.token for one in held) == sorted([first.token, other.given.token])


async def test_two_devices_whose_first_card_number_is_the_same_get_two_cards(device: Device) -> None:
    house, other = device.host.place.house, Device(device.host, device.person)
    async with house.database.transaction() as tx:
        row = (await customers.persons(tx, [(device.person.book, device.person.id)]))[device.person.id]
        numbers = [cards.token_number(house, row.identity_lookup + bytes.fromhex(other.point), turn) for turn in (0, 1)]
        await tx.execute(
            "insert into token_directory (token_lookup, book, token) values ($1, 1, $2)", cards.token_lookup(house, numbers[0]), UUID(int=9)
        )
    assert (await other.provision()).given.pan == numbers[1].reveal() != numbers[0].reveal()
    assert await other.tap() == "00"


async def test_who_does_not_hold_the_key_it_names_gets_no_card(device: Device) -> None:
    other = Device(device.host, device.person)
    claimed = ProvisionToken(other.point, device.sign("tapwealth/provision", other.point))
    house = device.host.place.house
    assert code(await tokens.provision(house, device.envelope(), claimed)) is TokenRefusal.WRONG_SIGNATURE
    with pytest.raises(BadInput, match=r"no point of P-256"):
        await tokens.provision(house, device.envelope(), ProvisionToken("04" + "01" * 64, claimed.signature))
    unknown = await device.host.place.person("Nobody", 0, level=0)
    signed = other.asks()
    assert code(await tokens.provision(house, device.host.place.envelope(unknown), signed)) is TokenRefusal.NOT_VERIFIED


async def test_a_suspended_card_neither_pays_nor_is_given_keys_until_it_is_resumed(device: Device) -> None:
    house = device.host.place.house
    await tokens.suspend(house, device.envelope(), SuspendToken(device.token))
    assert await device.tap() == "62"
    assert code(await device.ask(device.request(1))) is TokenRefusal.NOT_ACTIVE
    assert code(await tokens.provision(house, device.envelope(), device.asks())) is TokenRefusal.NOT_ACTIVE
    await tokens.resume(house, device.envelope(), ResumeToken(device.token))
    assert await device.tap() == "00"


async def test_a_deleted_card_stays_deleted_and_the_device_may_have_a_new_one(device: Device) -> None:
    house, old = device.host.place.house, device.given
    await tokens.delete(house, device.envelope(), DeleteToken(device.token))
    assert await device.tap() == "62"
    assert code(await tokens.resume(house, device.envelope(), ResumeToken(device.token))) is TokenRefusal.UNKNOWN_TOKEN
    await device.provision()
    assert device.given.pan != old.pan
    assert await device.tap() == "00"


async def test_moving_to_a_new_phone_ends_the_old_card_and_is_done_once(device: Device) -> None:
    house, new = device.host.place.house, Device(device.host, device.person)
    command, key = new.takes_over(device.token), device.envelope().key
    first = await tokens.move(house, device.envelope(key), command)
    await new.take_in(await tokens.move(house, device.envelope(key), command))
    assert isinstance(first, Provisioned)
    assert (new.given.token, new.given.pan, new.given.keys) == (first.token, first.pan, first.keys)
    assert (await device.tap(), await new.tap()) == ("62", "00")
    wrong = Device(device.host, device.person)
    refused = await tokens.move(house, device.envelope(), MoveToken(new.token, wrong.point, new.sign("tapwealth/provision", wrong.point)))
    assert code(refused) is TokenRefusal.WRONG_SIGNATURE
    assert await new.tap() == "00", "a move that is refused ends nothing"
