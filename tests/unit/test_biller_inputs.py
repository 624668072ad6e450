"""What a payer fills in, as a biller's definition describes it: read, refused with the line, and never slow."""

from collections.abc import Mapping
from time import perf_counter_ns
from typing import Any

import jsonschema
import pytest
from biller_yaml import GAS_FILE
from hypothesis import given, settings
from hypothesis import strategies as st
from product_files import changed

from tapwealth.bills.inputs import Checksum, InputField, InputSchema, Spoken, as_schema, check_field, read_inputs
from tapwealth.bills.region import name_of, reaches, read_region
from tapwealth.catalogue.reading import write_definition
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.catalogue.products import read_file
from tapwealth.kernel.refusal import BadInput

TEXT = Spoken("号", "Number")


def test_a_definition_is_read_and_written_again() -> None:
    definition = read_file(GAS_FILE.encode()).definition
    written = write_definition(definition, KINDS[definition.kind].shape)
    assert read_file(written).definition == definition
    item = definition.parameters.items[0]
    assert (item.amount.maximum, definition.parameters.fee_kept, item.fields[1].schema.format) == (5_000_00, 30, Checksum.LUHN)
    assert item.read(" 12345674 ", {"branch": "02"}) == ("12345674", {"branch": "02"})


@pytest.mark.parametrize(
    ("account", "further", "text"),
    [
        ("1234567x", {"branch": "02"}, "户号 (Account number): '1234567x' does not fit; 户号为8至10位数字 (8 to 10 digits)"),
        ("12345675", {"branch": "02"}, "'12345675' does not fit"),
        ("12345674", {}, "分公司 (Branch): branch is missing; 两位数字 (two digits)"),
        ("12345674", {"branch": "2"}, "分公司 (Branch): '2' does not fit"),
        ("12345674", {"branch": "02", "name": "x"}, "fields: 'name' is not asked for; fill in branch, account_number"),
        ("1" * 100_000, {"branch": "02"}, "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_own_hint(account: str, further: Mapping[str, str], text: str) -> None:
    item = read_file(GAS_FILE.encode()).definition.parameters.items[0]
    with pytest.raises(BadInput) as refused:
        item.read(account, further)
    assert text in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (("BJGAS", "bjgas"), "line 1, column 1", "no biller's code"),
        (("110000", "990000"), "line 5, column 11", "no region '990000'"),
        (("0200000008", "02"), "line 7, column 17", "10 to 19 digits"),
        (("category: gas", "category: oil"), "line 13, column 15", "choose one of electricity"),
        (("^[0-9]{2}$", "[0-9]{2}"), "line 18", "does not describe the whole"),
        (("^[0-9]{2}$", "^([0-9]+)+$"), "line 18", "is not taken in a pattern"),
        (("^[0-9]{2}$", "^[0-9]*$"), "line 18", "is not taken in a pattern"),
        (("^[0-9]{2}$", "^[0-9]{0,9}[0-9]{0,9}[0-9]{0,9}$"), "line 18", "three and more parts vary"),
        (("^[0-9]{2}$", "^[0-9]{99}$"), "line 18", "up to 99 characters"),
        (("^[0-9]{2}$", "^[9-0]{2}$"), "line 18", "no class of characters"),
        (("^[0-9]{2}$", "^[0-9]{3,2}$"), "line 18", "no class of characters"),
        (("^[0-9]{2}$", "^$"), "line 18", "up to 0 characters"),
        (("type: string", "type: number"), "line 18", "choose one of string"),
        (("minLength: 8", "minLength: 12"), "line 23", "least length is above"),
        (("minLength: 8, maxLength: 10", "minLength: 11, maxLength: 12"), "line 23", "nothing fits"),
        (("format: luhn", "format: crc"), "line 23", "choose one of"),
        (("name: account_number", "name: branch"), "line 15", "no field account_number"),
        (("name: branch", "name: account_number"), "line 20, column 13", "stands there twice"),
        (("{zh: 分公司, en: Branch}", "{zh: 分公司, en: ' '}"), "line 16", "title is empty"),
        (("minimum: 0.01", "minimum: 0.00"), "line 25", "nothing is paid by 0.00"),
        (("maximum: 5000.00", "maximum: 0.00"), "line 25", "below the minimum"),
        (("fee_kept: 0.30", "fee_kept: 6000.00"), "line 9, column 13", "above what some payments come to"),
        (("5000.00}", "5000.00, faces: [10.00]}"), "line 25", "faces are for presets alone"),
        (("mode: exact,", "mode: presets,"), "line 25", "there are no faces"),
        (("exact, minimum: 0.01, maximum: 5000.00}", "presets, maximum: 50.00, faces: [60.00]}"), "line 25", "not within minimum"),
        (("5000.00}", "5000.00}\n    inquiry: none"), "line 26", "without an inquiry nothing is known"),
        (("exact, minimum: 0.01, maximum: 5000.00}", "presets, maximum: 50.00, faces: [50.00]}"), "inquiry", "not paid like that"),
        (("closes: '23:55:00'", "closes: '00:01:00'"), "line 26", "closes before it opens"),
        (("channels", "eligibility: {youngest: 18}\nchannels"), "line 27", "whoever owes it"),
    ],
)
def test_what_no_biller_may_be_is_refused_with_its_line(change: tuple[str, str], where: str, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_file(changed(change, text=GAS_FILE))
    assert where in str(refused.value)
    assert what in str(refused.value)


@pytest.mark.parametrize(
    ("schema", "zh", "en"),
    [
        (InputSchema("^[0-9]{10}$"), "10 位数字", "10 digits"),
        (InputSchema("^[0-9]{6,12}$"), "6 至 12 位数字", "6 to 12 digits"),
        (InputSchema("^[0-9]{0,20}$", min_length=8, max_length=10), "8 至 10 位数字", "8 to 10 digits"),
        (InputSchema("^[0-9]{2}$", format=Checksum.LUHN), "2 位数字，含 Luhn 校验", "2 digits, with a Luhn check"),
        (InputSchema("^1[0-9]{10}$"), "11 位数字，以 1 开头", "11 digits, beginning with 1"),
        (InputSchema("^[0-9A-Z]$"), "1 位大写字母或数字", "1 capital letter or digit"),
        (InputSchema("^1[3-9][0-9]$"), "3 位数字，以 1 开头（^1[3-9][0-9]$）", "3 digits, beginning with 1 (^1[3-9][0-9]$)"),
        (InputSchema("^A[0-9]$"), "2 位大写字母或数字，以 A 开头（^A[0-9]$）", "2 capital letters or digits, beginning with A (^A[0-9]$)"),
        (InputSchema("^[0-9]-x?$"), "2 至 3 位字母、数字或短横（^[0-9]-x?$）", "2 to 3 letters, digits or dashes (^[0-9]-x?$)"),
    ],
)  # fmt: skip
def test_a_schema_is_said_in_words_and_beyond_them_as_it_is(schema: InputSchema, zh: str, en: str) -> None:
    assert schema.in_words == (zh, en)


_CLASSES = st.sampled_from(["[0-9]", "[A-Z]", "[0-9A-Za-z]", "[1-9-]", "7", "x", "-"])
_COUNTS = st.one_of(st.just(""), st.integers(1, 9).map(lambda n: f"{{{n}}}"))
_VARY = st.tuples(st.integers(0, 20), st.integers(0, 10)).map(lambda n: f"{{{n[0]},{n[0] + n[1] + 1}}}")


@st.composite
def patterns(draw: Any) -> str:
    """Of the plain kind, with at most two parts that vary."""
    parts = [draw(_CLASSES) + draw(_COUNTS) for _ in range(draw(st.integers(0, 3)))]
    for _ in range(draw(st.integers(0 if parts else 1, 2))):
        parts.insert(draw(st.integers(0, len(parts))), draw(_CLASSES) + draw(st.one_of(st.just("?"), _VARY)))
    return f"^{''.join(parts)}$"


FIELDS = st.builds(
    lambda pattern, short, longer, order: InputField(
        "account_number", TEXT, TEXT, InputSchema(pattern, min_length=short, max_length=min(short + longer, 64)), order
    ),
    patterns(), st.integers(1, 20), st.integers(0, 64), st.integers(-5, 5),
)  # fmt: skip


@settings(max_examples=400)
@given(field=FIELDS, text=st.one_of(st.text(max_size=80), st.text("0123456789AXax-7", max_size=80)), data=st.data())
def test_whatever_is_described_is_judged_as_json_schema_judges_it(field: InputField, text: str, data: st.DataObject) -> None:
    """By the published schema, in another implementation; and it is judged at once, whatever it is."""
    try:
        check_field(field)
    except BadInput:
        return
    fitting = data.draw(st.from_regex(field.schema.pattern.replace("$", r"\Z"), fullmatch=True))
    assert all(field.schema.in_words)
    validator = jsonschema.Draft202012Validator(as_schema([field]))
    for value in (text.strip(), fitting, fitting[:-1], fitting + "0", fitting * 20):
        begun = perf_counter_ns()
        try:
            read: Any = read_inputs([field], {"account_number": value})
        except BadInput:
            read = None
        assert perf_counter_ns() - begun < 100_000_000
        stripped = value.strip()
        assert (read == {"account_number": stripped}) is validator.is_valid({"account_number": stripped}), (field.schema, value)


@given(st.text("()[]{}^$|*+?\\.,-0123456789AZaz", max_size=40))
def test_no_pattern_is_taken_that_could_search_long(pattern: str) -> None:
    field = InputField("account_number", TEXT, TEXT, InputSchema(f"^{pattern}$"))
    try:
        check_field(field)
    except BadInput:
        return
    assert not set(pattern) & set("()|*+\\.^$")
    begun = perf_counter_ns()
    field.schema.fits("0" * 64)
    assert perf_counter_ns() - begun < 100_000_000


def test_checksums_find_a_mistyped_digit() -> None:
    right = {Checksum.LUHN: "79927398713", Checksum.MOD_11_2: "079X", Checksum.MOD_97_10: "9999123456789012141490"}
    for checksum, value in right.items():
        schema = InputSchema("^[0-9X]{1,64}$", format=checksum)
        assert schema.fits(value), checksum
        for place, digit in enumerate(value):
            if digit.isdigit():
                assert not schema.fits(value[:place] + str((int(digit) + 1) % 10) + value[place + 1 :])


def test_regions_are_those_of_the_standard() -> None:
    assert (name_of("11"), name_of("110105"), name_of("510100"), name_of("")) == ("北京市", "北京市朝阳区", "四川省成都市", "全国")
    assert [name_of(code) for code in ("99", "1", "abc", "119999", "１１")] == [None] * 5
    assert [read_region(code) for code in ("110000", "510100", "110105", "11", "")] == ["11", "5101", "110105", "11", ""]
    assert reaches("", "110105")
    assert reaches("11", "110105")
    assert reaches("110105", "11")
    assert not reaches("31", "110105")
