"""The key file at rest: encrypted, opened by its passphrase alone, taken over from before, and silent about what is in it."""

import json
from pathlib import Path

import pytest

from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage import passphrase
from tapwealth.storage.keyfile import KeyFile, RsaNumbers
from tapwealth.storage.keystore import FileKeyStore
from tapwealth.storage.passphrase import Passphrase

ROOT, MASTER = bytes(range(32)), bytes(range(64, 80))
RSA = RsaNumbers(0xC0FFEE0DDBA11, 3, 0xDEADBEEFCAFE)
OWN = "correct horse battery"


@pytest.fixture(autouse=True)
def no_passphrase_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (passphrase.TEXT, passphrase.FILE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(passphrase, "_CHOSEN_COST", 4)


def filled(folder: Path) -> Path:
    """A file with these keys; its path."""
    file = KeyFile(folder)
    file.create_from(ROOT, {"iss_mk_ac_1": MASTER})
    file.change(lambda keys: keys.with_rsa("issuer", RSA))
    return folder / "keystore.json"


def test_no_key_lies_in_the_file_in_clear(tmp_path: Path) -> None:
    content = filled(tmp_path).read_text()
    for secret in (ROOT.hex(), MASTER.hex(), f"{RSA.private_exponent:x}", "iss_mk_ac_1"):
        assert secret not in content
    assert KeyFile(tmp_path).load().named == {"iss_mk_ac_1": MASTER}
    assert (tmp_path / "passphrase").stat().st_mode & 0o777 == 0o600


def test_every_write_has_a_nonce_of_its_own(tmp_path: Path) -> None:
    before = json.loads(filled(tmp_path).read_text())
    KeyFile(tmp_path).change(lambda keys: keys.with_root(bytes(32)))
    after = json.loads((tmp_path / "keystore.json").read_text())
    assert before["salt"] == after["salt"]
    assert before["nonce"] != after["nonce"]


def test_a_file_of_before_is_taken_over_and_its_keys_stay(tmp_path: Path) -> None:
    path = tmp_path / "keystore.json"
    path.touch(0o600)
    path.write_text(json.dumps({"format": 1, "roots": {"1": ROOT.hex()}, "named": {"iss_mk_ac_1": MASTER.hex()}}))
    store = FileKeyStore(tmp_path)
    assert MASTER.hex() not in path.read_text()
    assert json.loads(path.read_text())["format"] == 2
    assert FileKeyStore(tmp_path).check_value("iss_mk_ac_1") == store.check_value("iss_mk_ac_1")
    assert KeyFile(tmp_path).load().roots == {1: ROOT}


@pytest.mark.parametrize("given", ["environment", "file", "beside"])
def test_a_wrong_passphrase_is_refused_by_name_of_where_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    path = filled(tmp_path / "keys")
    wrong = tmp_path / "wrong"
    wrong.touch(0o600)
    wrong.write_text("somebody else's\n")
    if given == "environment":
        monkeypatch.setenv(passphrase.TEXT, "somebody else's")
    elif given == "file":
        monkeypatch.setenv(passphrase.FILE, str(wrong))
    else:
        path.with_name("passphrase").write_text("somebody else's\n")
    origin = {"environment": passphrase.TEXT, "file": str(wrong), "beside": str(path.with_name("passphrase"))}[given]
    with pytest.raises(BadInput, match="does not open the key file") as caught:
        FileKeyStore(tmp_path / "keys")
    assert origin in str(caught.value)
    assert "somebody else" not in str(caught.value)


def test_a_torn_or_altered_file_is_told_from_a_wrong_passphrase(tmp_path: Path) -> None:
    path = filled(tmp_path)
    whole = path.read_text()
    fields = json.loads(whole)
    altered = [whole[: len(whole) // 2], whole[:-3], ""]
    altered += [
        json.dumps({**fields, name: value}) for name, value in (("sealed", "00" * 40), ("nonce", "11" * 12), ("cost", 9), ("salt", ""))
    ]
    altered += [json.dumps({name: value for name, value in fields.items() if name != gone}) for gone in fields]
    for content in altered:
        path.write_text(content)
        with pytest.raises(BadInput, match="not a whole key file"):
            FileKeyStore(tmp_path)
    path.write_text(whole)
    FileKeyStore(tmp_path)


def test_without_its_passphrase_the_file_stays_shut_and_the_line_says_what_to_do(tmp_path: Path) -> None:
    filled(tmp_path).with_name("passphrase").unlink()
    with pytest.raises(Outage, match=f"set {passphrase.FILE}"):
        FileKeyStore(tmp_path)
    assert not (tmp_path / "passphrase").exists(), "a new one would open nothing"


def test_the_passphrase_can_be_moved_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "keys")
    elsewhere = (tmp_path / "keys" / "passphrase").rename(tmp_path / "elsewhere")
    monkeypatch.setenv(passphrase.FILE, str(elsewhere))
    assert FileKeyStore(tmp_path / "keys").check_value("iss_mk_ac_1")
    elsewhere.chmod(0o644)
    with pytest.raises(Outage, match="run chmod 600"):
        FileKeyStore(tmp_path / "keys")


def test_another_passphrase_opens_the_same_keys_and_the_old_one_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path)
    with pytest.raises(BadInput, match="too short"):
        KeyFile(tmp_path).rewrap(Passphrase(Masked("short"), "the terminal"))
    KeyFile(tmp_path).rewrap(Passphrase(Masked(OWN), "the terminal"))
    with pytest.raises(BadInput, match="does not open"):
        FileKeyStore(tmp_path)
    monkeypatch.setenv(passphrase.TEXT, OWN)
    assert KeyFile(tmp_path).load().roots == {1: ROOT}


def test_a_chosen_passphrase_is_stretched_more_than_a_random_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert Passphrase(Masked(OWN), "").cost == 17
    assert json.loads(filled(tmp_path).read_text())["cost"] == 10


def test_keys_show_themselves_in_no_repr(tmp_path: Path) -> None:
    filled(tmp_path)
    keys = KeyFile(tmp_path).load()
    found = passphrase.look_up(tmp_path)
    assert found is not None
    shown = repr([keys, keys.rsa["issuer"], found, FileKeyStore(tmp_path), KeyFile(tmp_path)])
    for secret in (ROOT.hex(), repr(ROOT), repr(MASTER), MASTER.hex(), str(RSA.private_exponent), found.text.reveal()):
        assert secret not in shown
