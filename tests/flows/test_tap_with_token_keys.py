"""Taps at a host whose keys lie in a PKCS#11 token: the same answers, and none at all while the token is gone."""

from dataclasses import replace
from pathlib import Path

import pytest
import soft_tokens
from bill_town import Town
from card_town import CardTown, card_town

from tapwealth.app.wiring import Terminals
from tapwealth.kernel.refusal import Busy, Outage
from tapwealth.storage import pkcs11_keys
from tapwealth.storage.group_commit import Batcher
from tapwealth.storage.pkcs11_keys import Pkcs11KeyStore
from tapwealth.storage.pkcs11_uri import TokenUri


@pytest.fixture
def uri() -> TokenUri:
    return soft_tokens.new_token()


@pytest.fixture
async def host(place: Town, uri: TokenUri, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CardTown:
    monkeypatch.setattr(pkcs11_keys, "_PAUSE_NS", 0)
    place.house = replace(place.house, keys=Pkcs11KeyStore(uri, tmp_path / "token"))
    return await card_town(place)


async def test_cards_are_personalised_and_their_taps_verified_inside_the_token(host: CardTown) -> None:
    person = await host.place.person("Wang", 100_00)
    phone = await host.phone(person)
    assert (await host.tap(phone, 30_00))[1] == "00"
    forged, code = await host.tap(phone.forged(), 1_00)
    assert code == "05"
    assert "cryptogram differs" in (await host.row(forged)).reason
    assert await host.free(person.wallet) == [70_00]


async def test_while_the_token_is_gone_nothing_is_decided_and_the_same_tap_is_approved_when_it_is_back(
    host: CardTown, uri: TokenUri
) -> None:
    person = await host.place.person("Wang", 100_00)
    phone = await host.phone(person)
    sale = host.sale(phone, 30_00)
    gone = soft_tokens.remove(uri)
    try:
        with pytest.raises(Outage, match=r"put it in, then ask again"):
            await host.authorise(sale)
        with pytest.raises(Outage):
            await host.phone(person)
    finally:
        soft_tokens.put_back(gone)
    assert await host.free(person.wallet) == [100_00]
    assert (await host.authorise(sale))[0].response_code == "00", "the counter was not spent, the request not remembered"
    assert await host.free(person.wallet) == [70_00]


async def test_a_master_key_that_the_store_lacks_is_an_outage_and_no_decline(host: CardTown, tmp_path: Path) -> None:
    phone = await host.phone(await host.place.person("Wang", 100_00))
    sale = host.sale(phone, 30_00)
    bare = Pkcs11KeyStore(soft_tokens.new_token(), tmp_path / "bare")
    host.cards = replace(host.cards, issuer=replace(host.cards.issuer, port=bare))
    with pytest.raises(Outage, match="lacks a master key"):
        await host.authorise(sale)


async def test_a_terminal_is_told_at_once_that_the_keys_are_out_of_reach(host: CardTown, uri: TokenUri) -> None:
    """Before anything was tried the host may say so (response code 96); later it is silent, and the terminal reverses."""
    phone = await host.phone(await host.place.person("Wang", 100_00))
    sale = host.sale(phone, 30_00)
    terminals = Terminals(host.place.house, host.cards, Batcher(host.place.house.database, {}))
    gone = soft_tokens.remove(uri)
    try:
        with pytest.raises(Busy):
            await terminals.sale(sale)
        with pytest.raises(Busy):
            await terminals.reversal(host.reversal(sale))
    finally:
        soft_tokens.put_back(gone)
