"""A PKCS#11 token that is real but soft (SoftHSM 2): its keys stay inside, and what happens to it is an outage and never a wrong answer."""

from pathlib import Path

import pkcs11
import pytest
import soft_tokens
from hypothesis import given
from hypothesis import strategies as st
from pkcs11 import Attribute, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage import pkcs11_keys, pkcs11_uri
from tapwealth.storage.pkcs11_keys import Pkcs11KeyStore
from tapwealth.storage.pkcs11_uri import TokenUri, read_token_uri

MASTER = "iss_mk_ac_1"


@pytest.fixture(scope="module")
def uri() -> TokenUri:
    return soft_tokens.new_token()


@pytest.fixture
def keys(uri: TokenUri, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pkcs11KeyStore:
    monkeypatch.setattr(pkcs11_keys, "_PAUSE_NS", 0)
    store = Pkcs11KeyStore(uri, tmp_path)
    store.generate(MASTER)
    store.generate_rsa("issuer", 1024)
    return store


def test_no_key_can_be_taken_out(keys: Pkcs11KeyStore, uri: TokenUri) -> None:
    keys.import_key("vector", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    token = pkcs11.lib(str(uri.module)).get_token(token_label=uri.token)
    session = token.open(rw=True)  # this process has logged in already
    secret = list(session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}))
    private = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    assert {key.label for key in secret} >= {"data_1", "terminal_1", "lookup", MASTER, "vector"}
    assert {key.label for key in private} == {"issuer"}
    for key, attribute in [(key, Attribute.VALUE) for key in secret] + [(key, Attribute.PRIVATE_EXPONENT) for key in private]:
        with pytest.raises(pkcs11.AttributeSensitive):
            key[attribute]
        assert (key[Attribute.SENSITIVE], key[Attribute.EXTRACTABLE], key[Attribute.PRIVATE]) == (True, False, True)
        with pytest.raises(pkcs11.PKCS11Error):
            key[Attribute.EXTRACTABLE] = True
        assert key[Attribute.NEVER_EXTRACTABLE] is (key.label != "vector"), "an imported one was outside once"
    wrapping = session.generate_key(pkcs11.KeyType.AES, 256, store=False)
    for key in (*secret, *private):
        with pytest.raises(pkcs11.PKCS11Error):
            wrapping.wrap_key(key, mechanism=pkcs11.Mechanism.AES_KEY_WRAP_PAD)


def test_keys_of_others_in_the_token_are_not_listed_as_ours(keys: Pkcs11KeyStore, uri: TokenUri) -> None:
    before = {entry.name for entry in keys.entries()}
    session = pkcs11.lib(str(uri.module)).get_token(token_label=uri.token).open(rw=True)
    curve = session.create_domain_parameters(
        pkcs11.KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
    )
    curve.generate_keypair(store=True, label="somebody else's")
    assert {entry.name for entry in keys.entries()} == before


def test_sessions_that_the_module_lost_are_opened_again(keys: Pkcs11KeyStore, uri: TokenUri) -> None:
    before, sealed = keys.check_value(MASTER), keys.seal("person", b"secret", b"")
    soft_tokens.lose_sessions(uri)
    assert keys.open_sealed("person", sealed, b"") == b"secret"
    soft_tokens.lose_sessions(uri)
    assert keys.check_value(MASTER) == before


def test_a_removed_token_is_an_outage_for_all_it_is_asked_and_answers_again_when_it_is_back(keys: Pkcs11KeyStore, uri: TokenUri) -> None:
    before, sealed, hashed = keys.check_value(MASTER), keys.seal("person", b"secret", b""), keys.lookup_hash("person", "x")
    asked = {
        "seal": lambda: keys.seal("person", b"", b""),
        "open": lambda: keys.open_sealed("person", sealed, b""),
        "hash": lambda: keys.lookup_hash("person", "x"),
        "derive": lambda: keys.tdes_ecb(MASTER, bytes(16)),
        "sign": lambda: keys.rsa_raw("issuer", bytes(128)),
        "generate": lambda: keys.generate("other"),
        "list": keys.entries,
        "a key never met": lambda: keys.check_value("never"),
    }
    gone = soft_tokens.remove(uri)
    try:
        for name, ask in asked.items():
            with pytest.raises(Outage, match=f"token '{uri.token}'"):
                pytest.fail(f"{name} answered {ask()!r}")
    finally:
        soft_tokens.put_back(gone)
    assert (keys.check_value(MASTER), keys.open_sealed("person", sealed, b""), keys.lookup_hash("person", "x")) == (
        before,
        b"secret",
        hashed,
    )


def test_another_store_that_starts_the_module_anew_does_not_swap_keys(uri: TokenUri, tmp_path: Path) -> None:
    """Handles are numbers, which a module that starts anew gives out again: here both stores have the first ones."""
    for number in ("1", "2"):
        Pkcs11KeyStore(uri, tmp_path).generate(f"master_{number}")
    pkcs11_keys._module(uri.module).loaded(again=True)
    store = Pkcs11KeyStore(uri, tmp_path)
    values = {entry.name: entry.check_value for entry in store.entries()}
    assert {name: store.check_value(name) for name in values} == values
    Pkcs11KeyStore(soft_tokens.new_token(), tmp_path / "other").entries()
    assert {name: store.check_value(name) for name in values} == values


def test_a_token_left_alone_after_a_failure_is_asked_again_later(
    keys: Pkcs11KeyStore, uri: TokenUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pkcs11_keys, "_PAUSE_NS", 10**15)
    gone = soft_tokens.remove(uri)
    with pytest.raises(Outage):
        keys.check_value(MASTER)
    soft_tokens.put_back(gone)
    with pytest.raises(Outage, match="a moment ago"):
        keys.check_value(MASTER)
    monkeypatch.setattr(pkcs11_keys, "_PAUSE_NS", 0)
    keys.check_value(MASTER)


def test_a_wrong_pin_is_tried_once_and_shown_nowhere(uri: TokenUri, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pkcs11_keys, "_PAUSE_NS", 0)
    pin = tmp_path / "pin"
    pin.touch(0o600)
    assert uri.pin_file is not None
    pin.write_text(uri.pin_file.read_text())
    store = Pkcs11KeyStore(read_token_uri(f"pkcs11:token={uri.token}?module-path={uri.module}&pin-source=file:{pin}"), tmp_path)
    pin.write_text("999111\n")
    soft_tokens.lose_sessions(uri)
    for said in ("is not that of the token", "was refused; it is not tried twice"):
        with pytest.raises(Outage, match=said) as caught:
            store.lookup_hash("person", "x")
        assert "999111" not in str(caught.value)
    pin.write_text(uri.pin_file.read_text())
    assert store.lookup_hash("person", "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("soft", "no PKCS#11 URI"),
        ("pkcs11:token=a", "module-path is missing"),
        ("pkcs11:?module-path=/m.so", "token is missing"),
        ("pkcs11:token=a?module-path=m.so", "not absolute"),
        ("pkcs11:token=a?module-path=/m.so&pin-value=271828", "can be read by others"),
        ("pkcs11:token=a?module-path=/m.so&pin-source=|cat", "not a file"),
        ("pkcs11:token=a;token=b?module-path=/m.so", "there twice"),
        ("pkcs11:token=a;colour=b?module-path=/m.so", "'colour' is unknown"),
        ("pkcs11:token=%ff?module-path=/m.so", "not UTF-8"),
        ("pkcs11:token=a?module-path=/m.so&pin-source=file:/pin%00", "control characters"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_in_one_line_without_the_pin(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        read_token_uri(text)
    assert "271828" not in str(caught.value)


PIECES = st.sampled_from(["pkcs11:", "token=", "serial=", "module-path=/", "pin-source=file:/", "%", ";", "&", "?", "a", "\0"])


@given(text=st.text(max_size=40) | st.lists(PIECES).map("".join))
def test_any_address_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        read = read_token_uri(text)
    except BadInput as told:
        refused = str(told)
    else:
        refused = ""
        assert read.token
        assert read.module.is_absolute()
    assert "\n" not in refused


def test_an_address_is_read_as_the_standard_writes_it() -> None:
    read = read_token_uri("pkcs11:token=The%20Vault;serial=0123?module-path=/usr/lib/m.so&pin-source=file:///run/pin")
    assert (read.token, read.serial, read.module, read.pin_file) == ("The Vault", "0123", Path("/usr/lib/m.so"), Path("/run/pin"))


def test_without_a_file_the_pin_comes_from_the_environment_and_is_not_wanted_twice(
    uri: TokenUri, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = read_token_uri(f"pkcs11:token={uri.token}?module-path={uri.module}")
    monkeypatch.delenv(pkcs11_uri.PIN, raising=False)
    with pytest.raises(Outage, match=pkcs11_uri.PIN):
        Pkcs11KeyStore(read, tmp_path)
    assert uri.pin_file is not None
    pin = uri.pin_file.read_text().strip()
    monkeypatch.setenv(pkcs11_uri.PIN, pin)
    store = Pkcs11KeyStore(read, tmp_path)
    assert pin not in repr([store, read, read.pin()])
    monkeypatch.delenv(pkcs11_uri.PIN)
    soft_tokens.lose_sessions(uri)
    assert store.lookup_hash("person", "x")


def test_a_module_that_is_not_there_is_an_outage_that_says_what_to_do(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.touch(0o600)
    pin.write_text("1\n")
    with pytest.raises(Outage, match=r"install it, or correct module-path"):
        Pkcs11KeyStore(read_token_uri(f"pkcs11:token=a?module-path={tmp_path / 'none.so'}&pin-source=file:{pin}"), tmp_path)
