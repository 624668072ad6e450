"""A definition's file: what is wrong is told with line and column and what to write instead; what is right comes out as it went in."""

from datetime import date, timedelta

import pytest
from product_files import FUND_FILE, changed

from tapwealth.catalogue.definition import canonical, digest, rate_on, restored
from tapwealth.catalogue.reading import write_definition
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.catalogue.products import read_file
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.yaml_text import MOST_BYTES

A_BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

WRONG = [
    # the file
    (b"\xff\xfe", ("line 1, column 1", "not UTF-8")),
    (b"", ("line 1, column 1", "begin with `product:`")),
    (b"product: [" + b"[" * 40, ("line 1, column 25", "nested too deeply")),
    (b"product: " + b"x" * (10 << 20), ("file", f"at most {MOST_BYTES:,}", "documents are files of their own")),
    (A_BOMB.encode(), ("line 1, column 4", "&a names a part", "leave it out")),
    (b"kind: *fund", ("line 1, column 7", "*fund stands for another part", "write that part out")),
    (b"kind: !!python/object:os.system fund", ("line 1, column 7", "is a tag", "leave it out")),
    (changed(("en: Consumer equity}", "en: Consumer\x07}")), ("line 3, column 32", "cannot be seen", "take it out")),
    (changed(("kind:", "\tkind:")), ("line 2, column 1", "indent with blanks")),
    (changed(("en: Consumer equity}", "en: Consumer: equity")), ("line 3, column 32", "does not end here")),
    (FUND_FILE.encode() + b"---\nproduct: 1\n", ("line 23, column 1", "one file is one product")),
    (b"- product", ("line 1, column 1", "this is a list", "`name: value`")),
    # fields
    (changed(("kind: fund\n", "")), ("line 1, column 1", "the field 'kind' is missing", "money_fund, fund")),
    (changed(("kind: fund", "kind: bond")), ("line 2, column 7 (kind)", "'bond' is no kind", "money_fund, fund")),
    (changed(("sale:", "sales:")), ("line 22, column 1", "no field 'sales'", "did you mean 'sale'?")),
    (changed(("custody_account: 0200000001", "custodian: x")),
     ("line 6, column 3", "no field 'custodian' in parameters", "custody_account")),
    (changed(("  custody_account: 0200000001\n", "")), ("line 5, column 3 (parameters)", "'custody_account' is missing")),
    (changed(("name: {zh: 消费行业股票, en: Consumer equity}\n", "")), ("line 1, column 1", "'name' is missing")),
    (changed(("eligibility:", "channels: {}\neligibility:")), ("line 21, column 1", "'channels' comes twice", "line 15")),
    (changed(("fixed: 1000.00", "fixed: 1, fixed: 2")), ("line 10, column 41", "'fixed' comes twice", "line 10")),
    # values
    (changed(("rate: 1.5}", "rate: [1.5]}")), ("line 9, column 28 (parameters.purchase_fees[0].rate)", "this is a list", "single value")),
    (changed(("rate: 1.5}", "rate: '1,5'}")), ("line 9, column 28", "'1,5' is no rate", "percent like 1.5")),
    (changed(("rate: 1.5 %", "rate: 1.50001")), ("line 12, column 27", "'1.50001' is no rate", "at most 4 decimals")),
    (changed(("minimum_purchase: 1000.00", "minimum_purchase: 1000.001")), ("line 16, column 38", "is no amount", "yuan like 1000.00")),
    (changed(("minimum_purchase: 1000.00", "minimum_purchase: -5")), ("line 16, column 38", "'-5' is no amount")),
    (changed(("own: true", "own: yes")), ("line 16, column 14", "'yes' is neither true nor false", "true or false")),
    (changed(("below_days: 7,", "below_days: 7.0,")), ("line 12, column 18", "'7.0' is no whole number", "digits alone")),
    (changed(("from: 2014-07-01", "from: 2014-07-32")), ("line 20, column 12", "is not a date", "2014-02-24")),
    (changed(("until: 2014-06-30", "until: 9999-12-31")), ("line 19, column 31", "9999-12-31 is not a day", "1990 to 2199, or no end")),
    (changed(("opens: 2014-01-02", "opens: 0001-01-01")), ("line 22, column 15", "is not a day of this house", "1990 to 2199")),
    (changed(("+08:00", "")), ("line 22, column 15", "no offset", "2014-02-24T15:00:00+08:00")),
    (changed(("dividend_method: cash", "dividend_method: gold")), ("line 7, column 20", "'gold' is not known", "reinvest, cash")),
    (changed(("risk_level: 4", "risk_level: 6")), ("line 21, column 27", "6 is out of range", "1 to 5")),
    (changed(("registrar: H0", "registrar: h0")), ("line 5, column 14", "'h0' has another form", "2 to 9 capital letters")),
    (changed(("消费行业股票", "' '")), ("line 3, column 12 (name.zh)", "the name is empty")),
    (changed(("  T01: {own: true, minimum_purchase: 1000.00, remains: 10}", "  {}")), ("line 15, column 1 (channels)", "nobody sells it")),
    # rates by date
    (changed(("from: 2014-07-01", "from: 2014-06-01")),
     ("line 20, column 12 (rates.management_fee[1].from)", "overlaps", "begin on 2014-07-01")),
    (changed(("from: 2014-07-01", "from: 2014-07-03")),
     ("line 20, column 12", "nothing holds from 2014-07-01 to 2014-07-02", "last longer")),
    (changed((", until: 2014-06-30", "")), ("line 20, column 5", "overlaps the row before it, which has no end", "`until: 2014-06-30`")),
    (changed(("until: 2014-06-30", "until: 2013-06-30")), ("line 19, column 31", "ends on 2013-06-30, before it begins")),
    (changed(("2014-07-01, value", "2014-07-01, until: 2014-12-31, value")), ("line 20, column 31", "nothing holds after 2014-12-31")),
    (changed(("opens: 2014-01-02", "opens: 2013-12-31")), ("line 19, column 12", "opens on 2013-12-31", "first day of the sale")),
    (changed(("management_fee", "managment_fee")), ("line 18, column 3", "no field 'managment_fee'", "did you mean 'management_fee'?")),
    # what a fund cannot be
    (changed(("product: 110022", "product: FUND1")), ("line 1, column 1 (product)", "no fund's code", "6 digits")),
    (changed(("{risk_level: 4}", "{}")), ("line 21, column 1 (eligibility.risk_level)", "has a risk level")),
    (changed(("{risk_level: 4}", "{risk_level: 4, regions: ['11']}")),
     ("(eligibility.regions)", "lives is not known here", "leave it out")),
    (changed(("from_amount: 1000000.00", "from_amount: 0")),
     ("line 9, column 19 (parameters.purchase_fees.from_amount)", "begin at 0 and rise")),
    (changed(("remains: 10", "remains: 101")), ("line 16, column 56 (channels.T01.remains)", "more than the whole rate")),
    (changed(("0200000001", "02-1")), ("line 6, column 20 (parameters.custody_account)",)),
    (changed(("sale: {", "documents: [{title: {zh: 说明书, en: P}, language: zh, sha256: ABC}]\nsale: {")),
     ("line 22, column 61", "64 hex digits")),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), WRONG, ids=[" ".join(said) for _, said in WRONG])
def test_what_is_wrong_is_told_with_its_line_and_what_to_write_instead(content: bytes, said: tuple[str, ...]) -> None:
    with pytest.raises(BadInput) as caught:
        read_file(content)
    assert [one for one in said if one not in str(caught.value)] == [], str(caught.value)


def test_a_file_that_is_right_comes_out_the_same_and_stays_the_same() -> None:
    definition = read_file(FUND_FILE.encode()).definition
    shape = KINDS[definition.kind].shape
    written = write_definition(definition, shape)
    assert read_file(written).definition == definition
    assert write_definition(read_file(written).definition, shape) == written
    assert restored(canonical(definition), shape) == definition
    assert digest(restored(canonical(definition), shape)) == digest(definition)


def test_what_was_written_is_counted_in_whole_parts() -> None:
    definition = read_file(FUND_FILE.encode()).definition
    assert definition.product == "110022"
    assert definition.parameters.custody_account == "0200000001"
    assert [(one.from_amount, one.rate, one.fixed) for one in definition.parameters.purchase_fees] == [(0, 15_000, 0), (10**8, 0, 10**5)]
    assert (definition.channels["T01"].minimum_purchase, definition.channels["T01"].remains) == (100_000, 100_000)
    rows = definition.rates["management_fee"]
    days = [rows[0].first - timedelta(days=1), date(2014, 6, 30), rows[1].first]
    assert [rate_on(rows, day) for day in days] == [None, 15_000, 12_000]
