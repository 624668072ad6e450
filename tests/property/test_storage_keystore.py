"""The key store: what is sealed opens again, what was touched does not, and nobody but its owner reads the file."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage.keystore import FileKeyStore, KeyStore

PURPOSES = st.sampled_from(["person", "bank_card", "person "]) | st.text(max_size=20)
BYTES = st.binary(max_size=80)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    store = FileKeyStore(tmp_path_factory.mktemp("keys") / "keys")
    store.import_key("vector", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
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


def test_keys_outlive_the_process_and_are_shared(tmp_path: Path) -> None:
    one, two = FileKeyStore(tmp_path), FileKeyStore(tmp_path)
    sealed = one.seal("person", b"secret", b"row 1")
    assert two.open_sealed("person", sealed, b"row 1") == b"secret"
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
    assert not list(tmp_path.glob(".keystore-*"))


def test_generated_keys_have_odd_parity(tmp_path: Path) -> None:
    from tapwealth.storage.keyfile import KeyFile

    FileKeyStore(tmp_path).generate("iss_mk_ac")
    key = KeyFile(tmp_path).load().named["iss_mk_ac"]
    assert all(byte.bit_count() % 2 == 1 for byte in key)


def test_a_fresh_root_opens_the_old(tmp_path: Path) -> None:
    store = FileKeyStore(tmp_path)
    old, looked_up = store.seal("person", b"old", b""), store.lookup_hash("person", "x")
    store.add_root()
    new = store.seal("person", b"new", b"")
    assert (old[1:3], new[1:3]) == (b"\0\1", b"\0\2")
    reopened = FileKeyStore(tmp_path)
    assert (reopened.open_sealed("person", old, b""), reopened.open_sealed("person", new, b"")) == (b"old", b"new")
    assert reopened.lookup_hash("person", "x") == looked_up
    other = FileKeyStore(tmp_path / "other")
    with pytest.raises(BadInput, match="lacks"):
        other.open_sealed("person", new, b"")


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
