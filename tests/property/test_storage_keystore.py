"""What every key store promises, kept by a file and by a PKCS#11 token alike: what is sealed opens again, what was touched does not, keys
are made once and outlive the process. At the end what the file alone promises: nobody but its owner reads it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import soft_tokens
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage.keyfile import KeyFile
from tapwealth.storage.keystore import FileKeyStore, KeyStore
from tapwealth.storage.pkcs11_keys import Pkcs11KeyStore

PURPOSES = st.sampled_from(["person", "bank_card", "person ", "terminal"]) | st.text(max_size=20)
BYTES = st.binary(max_size=80)
VECTOR = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")

Opening = Callable[[], KeyStore]
"""Opens the same keys anew, as another process would."""


@pytest.fixture(scope="module", params=["software", "softhsm"])
def opening(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opening:
    folder = tmp_path_factory.mktemp("keys") / "keys"
    if request.param == "software":
        return lambda: FileKeyStore(folder)
    uri = soft_tokens.new_token()
    return lambda: Pkcs11KeyStore(uri, folder)


@pytest.fixture(scope="module")
def keys(opening: Opening) -> KeyStore:
    store = opening()
    store.import_key("vector", VECTOR)
    return store


@given(purpose=PURPOSES, plaintext=BYTES, aad=BYTES)
def test_sealed_opens_again(keys: KeyStore, purpose: str, plaintext: bytes, aad: bytes) -> None:
    sealed = keys.seal(purpose, plaintext, aad)
    assert keys.open_sealed(purpose, sealed, aad) == plaintext
    assert sealed != keys.seal(purpose, plaintext, aad)
    assert len(plaintext) < 8 or plaintext not in sealed


@given(purpose=PURPOSES, plaintext=BYTES, aad=BYTES, data=st.data())
def test_touched_in_any_way_is_bad_input(keys: KeyStore, purpose: str, plaintext: bytes, aad: bytes, data: st.DataObject) -> None:
    sealed = keys.seal(purpose, plaintext, aad)
    position = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[position] ^= data.draw(st.integers(1, 255))
    attempts = [
        (purpose, bytes(changed), aad),
        (purpose, sealed[:position], aad),
        (purpose, sealed + b"\0", aad),
        (purpose, sealed, aad + b"\0"),
        (purpose + "x", sealed, aad),
        (purpose, data.draw(BYTES), aad),
    ]
    for attempt in attempts:
        with pytest.raises(BadInput) as caught:
            keys.open_sealed(*attempt)
        assert "\n" not in caught.value.what


@given(one=st.text(), two=st.text(), purpose=PURPOSES)
def test_lookup_hash_tells_values_and_purposes_apart(keys: KeyStore, one: str, two: str, purpose: str) -> None:
    first = keys.lookup_hash(purpose, one)
    assert len(first) == 32
    assert (first == keys.lookup_hash(purpose, two)) == (one == two)
    assert first == keys.lookup_hash(purpose, one.encode())
    assert first != keys.lookup_hash(purpose + "x", one)


@given(data=st.binary(max_size=40), name=st.text(max_size=70))
def test_tdes_refuses_what_it_cannot_do(keys: KeyStore, data: bytes, name: str) -> None:
    if data and len(data) % 8 == 0:
        assert len(keys.tdes_ecb("vector", data)) == len(data)
    else:
        with pytest.raises(BadInput):
            keys.tdes_ecb("vector", data)
    if name != "vector":
        with pytest.raises(BadInput):
            keys.tdes_ecb(name, bytes(8))


def test_tdes_vector(keys: KeyStore) -> None:
    """The check value of this well-known test key is 08D7B4."""
    assert keys.check_value("vector").hex().upper() == "08D7B4"


def test_keys_outlive_the_process_and_are_shared(opening: Opening) -> None:
    one, two = opening(), opening()
    sealed = one.seal("person", b"secret", b"row 1")
    assert two.open_sealed("person", sealed, b"row 1") == b"secret"
    assert two.lookup_hash("person", "x") == one.lookup_hash("person", "x")
    one.generate("iss_mk_ac")
    assert two.check_value("iss_mk_ac") == one.check_value("iss_mk_ac"), "a key made by another process is found"
    two.generate("iss_mk_ac")
    assert two.check_value("iss_mk_ac") == one.check_value("iss_mk_ac"), "a key that is there is kept"
    two.import_key("luk", bytes(range(16)))
    one.import_key("luk", bytes(range(16)))
    with pytest.raises(BadInput, match="another key of that name"):
        one.import_key("luk", bytes(16))
    for name, key in (("short", bytes(8)), ("Bad Name", bytes(16)), ("", bytes(16))):
        with pytest.raises(BadInput):
            one.import_key(name, key)


def test_a_fresh_root_opens_the_old(opening: Opening) -> None:
    store, other = opening(), opening()
    old, looked_up = store.seal("person", b"old", b""), store.lookup_hash("person", "x")
    store.add_root()
    new = store.seal("person", b"new", b"")
    assert int.from_bytes(new[1:3], "big") == int.from_bytes(old[1:3], "big") + 1
    for one in (opening(), other):
        assert (one.open_sealed("person", old, b""), one.open_sealed("person", new, b"")) == (b"old", b"new")
        assert one.lookup_hash("person", "x") == looked_up
    never = new[:1] + b"\x7f\xff" + new[3:]
    with pytest.raises(BadInput, match="lacks"):
        store.open_sealed("person", never, b"")


def test_an_rsa_key_signs_whole_blocks_below_its_modulus_and_is_made_once(opening: Opening) -> None:
    one, two = opening(), opening()
    one.generate_rsa("issuer", 1024)
    two.generate_rsa("issuer", 1024)
    modulus, exponent = one.rsa_public("issuer")
    assert (modulus.bit_length(), exponent, two.rsa_public("issuer")) == (1024, 3, (modulus, 3))
    block = b"\x6a" + bytes(126) + b"\xbc"
    assert pow(int.from_bytes(two.rsa_raw("issuer", block), "big"), 3, modulus).to_bytes(128, "big") == block
    for wrong in (block[1:], block + b"\0", b"\xff" * 128):
        with pytest.raises(BadInput):
            one.rsa_raw("issuer", wrong)
    with pytest.raises(BadInput):
        one.rsa_public("nobody")


def test_every_key_is_listed_with_the_value_by_which_people_compare_it(keys: KeyStore) -> None:
    keys.generate("iss_mk_ac_7")
    listed = {entry.name: entry for entry in keys.entries()}
    assert listed["vector"].check_value.hex().upper() == "08D7B4"
    assert listed["iss_mk_ac_7"].kind == "triple DES, 16 bytes"
    assert listed["iss_mk_ac_7"].made.startswith("20")
    assert all(len(entry.check_value) == 3 and keys.check_value(name) == entry.check_value for name, entry in listed.items())
    assert len({entry.check_value for entry in listed.values()}) == len(listed)
    with pytest.raises(BadInput, match="no key of that name"):
        keys.check_value("nobody")


def test_generated_keys_have_odd_parity(tmp_path: Path) -> None:
    FileKeyStore(tmp_path).generate("iss_mk_ac")
    key = KeyFile(tmp_path).load().named["iss_mk_ac"]
    assert all(byte.bit_count() % 2 == 1 for byte in key)
    assert not list(tmp_path.glob(".keystore-*"))


def test_the_check_value_of_a_root_is_its_cmac(tmp_path: Path) -> None:
    """RFC 4493: one whole block is masked by the first subkey, which is the encrypted zero block, doubled."""
    KeyFile(tmp_path).create_from(bytes(range(32)), {})
    aes = Cipher(AES(bytes(range(32))), ECB()).encryptor()
    mask = int.from_bytes(aes.update(bytes(16)), "big") << 1
    first = mask ^ (1 << 128 | 0x87) if mask >> 128 else mask
    assert FileKeyStore(tmp_path).check_value("root_1") == aes.update(first.to_bytes(16, "big"))[:3]


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    FileKeyStore(folder)
    path = folder / "keystore.json"
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(Outage, match="open to others"):
            FileKeyStore(folder)
    path.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
        with pytest.raises(Outage, match="belongs to user id 12345"):
            FileKeyStore(folder)


@given(
    content=st.binary(max_size=60)
    | st.sampled_from([b"{}", b"[]", b'{"format":1,"roots":{},"named":{}}', b'{"format":1,"roots":{"1":"00"},"named":{}}', b"[" * 9999])
)
def test_any_other_content_is_bad_input(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("broken")
    path = folder / "keystore.json"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a whole key file"):
        FileKeyStore(folder)


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Outage, match="cannot make the key folder"):
        FileKeyStore(tmp_path / "file" / "keys")
