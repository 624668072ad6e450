"""The terminal's configuration file: read as documented, or refused with the entry's name."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapwealth.kernel.masked import Masked, Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal import Application, ExceptionList, TerminalConfig, read_config
from tapwealth.wire.emv_certificates import Revoked

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "terminal-kernel.md"
MODULUS = (
    "B61645EDFD5498FB246444037A0FA18C0F101EBD8EFA54573CE6E6A7FBF63ED21D66340852B0211CF5EEF6A1CD989F66AF21A8EB19DBD8DBC3706D135363A0D6"
    "83D046304F5A836BC1BC632821AFE7A2F75DA3C50AC74C545A754562204137169663CFCC0B06E67E2109EBA41BC67FF20CC8AC80D7B6EE1A95465B3B2657533E"
    "A56D92D539E5064360EA4850FED2D1BF"
)
CHECK = "EE23B616C95C02652AD18860E48787C079E8E85A"
KEY = f"""
[[ca_key]]
rid = "A000000333"
index = "08"
modulus = "{MODULUS}"
exponent = "03"
expiry = 2030-12-31
check_value = "{CHECK}"
"""
SERIAL = 'serial = "TW000001"\n'
PLAIN = SERIAL + '[[application]]\naid = "A00000033301"\n'
PAN = Pan("6222000000000009")
MARK = ExceptionList(Masked("11" * 32)).mark(PAN).hex()


def test_the_documented_example_is_read_whole() -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    config = read_config(example[1])
    assert config.applications[0] == Application(bytes.fromhex("A00000033301"), 200_00, 1000_00, 5000_00)
    (key,) = config.ca_keys
    assert (key.check_value.hex().upper(), key.expiry) == (CHECK, date(2030, 12, 31))
    assert config.revoked == {Revoked(bytes.fromhex("A000000333"), 0x08, bytes.fromhex("00A501"))}
    assert config.exceptions.holds(PAN)
    assert not config.exceptions.holds(Pan("6222000000000017"))


def test_what_is_left_out_is_as_in_a_plain_terminal() -> None:
    assert read_config(PLAIN) == TerminalConfig("TW000001")


def test_everything_may_be_set() -> None:
    config = read_config(
        SERIAL + 'country = 344\ncurrency = 344\nqualifiers = "27000080"\ncapabilities = "E0F0C8"\nterminal_type = 25\nversion = "0030"\n'
        '[[application]]\naid = "A000000333010101"\nfloor_limit = 0\n[[application]]\naid = "A000000333010106"\ncvm_limit = 5\n'
    )
    assert (config.country, config.currency, config.ttq.hex(), config.capabilities.hex()) == (344, 344, "27000080", "e0f0c8")
    assert (config.terminal_type, config.version.hex(), [a.cvm_limit for a in config.applications]) == (25, "0030", [None, 5])


WRONG = {
    "not TOML": ("serial", "terminal configuration: .*not TOML"),
    "nothing": ("", "serial is missing"),
    "no application": (SERIAL, "no application"),
    "an unknown entry": ("colour = 1\n" + PLAIN, "entry colour is unknown; known are application"),
    "a serial number of the wrong kind": (PLAIN.replace('"TW000001"', "1"), "serial is not usable"),
    "a serial number too short": (PLAIN.replace("TW000001", "TW1"), "eight letters"),
    "qualifiers too short": ('qualifiers = "3600"\n' + PLAIN, "qualifiers is not usable; write 8 hex digits"),
    "qualifiers that are not hex": ('qualifiers = "3600000G"\n' + PLAIN, "qualifiers is not usable"),
    "qualifiers without qPBOC": ('qualifiers = "80000000"\n' + PLAIN, "does not offer qPBOC"),
    "a country that is a text": ('country = "156"\n' + PLAIN, "country is not usable; write a whole number"),
    "a country that is true": ("country = true\n" + PLAIN, "country is not usable"),
    "one application table": (
        SERIAL + '[application]\naid = "A00000033301"\n',
        r"application is not usable; begin each with \[\[application\]\]",
    ),
    "applications that are texts": ('application = ["A00000033301"]\n' + SERIAL, "application is not usable"),
    "an application without a name": (SERIAL + "[[application]]\nfloor_limit = 0\n", "application 1: aid is missing"),
    "a limit below nothing": (PLAIN + "floor_limit = -1\n", "application 1: floor_limit is not usable"),
    "a limit with decimals": (PLAIN + "floor_limit = 200.5\n", "floor_limit is not usable"),
    "a floor limit without keys": (PLAIN + "floor_limit = 1\n", "floor limit without CA keys"),
    "a key without check value": (PLAIN + KEY.replace(f'check_value = "{CHECK}"', ""), "ca_key 1: check_value is missing"),
    "a key with one digit wrong": (PLAIN + KEY.replace("B61645", "B61646"), f"check value of this key is (?!{CHECK})"),
    "a key of another index": (PLAIN + KEY.replace('"08"', '"09"'), "check value"),
    "an exponent of two": (PLAIN + KEY.replace('"03"', '"02"'), "exponent 2"),
    "a key twice": (PLAIN + KEY + KEY, "two CA keys"),
    "an expiry in quotes": (PLAIN + KEY.replace("2030-12-31", '"2030-12-31"'), "ca_key 1: expiry is not usable"),
    "an expiry with an hour": (PLAIN + KEY.replace("2030-12-31", "2030-12-31T00:00:00"), "expiry is not usable"),
    "a serial of two bytes": (
        PLAIN + '[[revoked]]\nrid = "A000000333"\nindex = "08"\nserial = "A501"\n',
        "revoked 1: serial is not usable",
    ),
    "exceptions that are a text": ('exceptions = "none"\n' + PLAIN, "exceptions is not usable"),
    "exceptions without a key": (PLAIN + "[exceptions]\nmarks = []\n", "exceptions: key is missing"),
    "marks that are PANs": (
        PLAIN + f'[exceptions]\nkey = "{"11" * 32}"\nmarks = ["6222000000000009"]\n',
        "marks is not usable; each is 64",
    ),
    "marks that are no list": (PLAIN + f'[exceptions]\nkey = "{"11" * 32}"\nmarks = "{MARK}"\n', "marks is not usable; write a list"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_line_with_its_place(case: str) -> None:
    text, words = WRONG[case]
    with pytest.raises(BadInput, match=words) as refused:
        read_config(text)
    assert "\n" not in str(refused.value)
    assert PAN.reveal() not in str(refused.value)


@given(
    st.one_of(
        st.text(max_size=200),
        st.text(max_size=60).map(lambda text: PLAIN + KEY + text),
        st.integers(0, 700).map(lambda end: (PLAIN + KEY)[:end]),
    )
)
@settings(max_examples=300)
def test_any_text_is_a_configuration_or_bad_input(text: str) -> None:
    try:
        assert read_config(text).applications
    except BadInput as error:
        assert "\n" not in str(error)  # noqa: PT017 a property: either answer is right
