"""A card as the house issues it, with keys behind the key port, is genuine to a terminal that holds the authority's key alone."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tapwealth.card import personalise, step
from tapwealth.card.state import CardState, Files, Purse
from tapwealth.issuing.authority import CARD_BITS, ISSUER, StoredSigner, authority_key, new_card
from tapwealth.kernel.masked import Masked, Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.storage.keystore import FileKeyStore
from tapwealth.terminal import Application, Ended, Oda, OfflineApproval, OnlineRequest, Outcome, Tap, TerminalConfig, dialogue, run
from tapwealth.wire.emv_data import Track2

PAN = Pan("6288880000000005")
KEY = bytes(range(16))
TODAY = date(2014, 2, 24)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> FileKeyStore:
    return FileKeyStore(tmp_path_factory.mktemp("keys"))


def card(keys: FileKeyStore) -> CardState:
    made, key = new_card(keys, Track2(PAN, "1902", "220"), "01", "62888800", TODAY)
    files = Files(made.aip, made.records, made.offline_afl, made.contact_afl, key)
    cash = Purse(500_00, 1000_00, 200_00, 0, Masked(KEY.hex()))
    return replace(personalise(PAN, "01", date(2019, 2, 28), KEY), files=files, cash=cash)


def tapped(state: CardState, keys: FileKeyStore, ttq: str, day: date = TODAY) -> Outcome:
    limits = Application(floor_limit=200_00, cvm_limit=1000_00, contactless_limit=5000_00)
    config = TerminalConfig("TW000001", applications=(limits,), ttq=bytes.fromhex(ttq), ca_keys=(authority_key(keys),))

    def transmit(command: bytes) -> bytes:
        nonlocal state
        state, answer = step(state, command)
        return answer

    return run(dialogue(config, Tap(100_00, day, b"\1\2\3\4", 1)), transmit)


def test_an_issued_card_pays_offline_and_proves_itself_online_too(keys: FileKeyStore) -> None:
    issued = card(keys)
    assert issued.files is not None
    assert issued.files.key.public.size * 8 == CARD_BITS
    assert isinstance(tapped(issued, keys, "36000080"), OfflineApproval)
    online = tapped(replace(issued, cash=None), keys, "37000080")
    assert isinstance(online, OnlineRequest)
    assert online.oda is Oda.DONE


def test_a_terminal_that_trusts_another_authority_does_not_take_it(keys: FileKeyStore, tmp_path: Path) -> None:
    outcome = tapped(card(keys), FileKeyStore(tmp_path / "other"), "2E000080")
    assert isinstance(outcome, Ended), outcome


def test_the_keys_stay_over_restarts_and_two_processes_agree(tmp_path: Path) -> None:
    one, other = FileKeyStore(tmp_path), FileKeyStore(tmp_path)
    first = authority_key(one)
    assert authority_key(other) == authority_key(FileKeyStore(tmp_path)) == first
    assert StoredSigner(one, ISSUER).public == StoredSigner(other, ISSUER).public


def test_the_port_signs_whole_blocks_below_the_modulus_alone(keys: FileKeyStore) -> None:
    authority_key(keys)
    signer = StoredSigner(keys, ISSUER)
    block = b"\x6a".ljust(signer.public.size, b"\x11")
    assert signer.public.recover(signer.sign(block), where="block") == block
    for wrong in (b"", block[1:], block + b"\0", b"\xff" * signer.public.size):
        with pytest.raises(BadInput, match="block of"):
            signer.sign(wrong)
    with pytest.raises(BadInput, match="no RSA key"):
        keys.rsa_public("nobody")
    with pytest.raises(BadInput, match="not a key name"):
        keys.generate_rsa("../x", 1024)
