"""A deposit's definition: its chart has one rate for every day, term and amount, or is refused with the line of what is wrong."""

from datetime import date

import pytest
from deposit_files import DEMAND_FILE, FIXED_FILE, certificate_file
from hypothesis import given
from hypothesis import strategies as st
from product_files import changed, untold

from tapwealth.catalogue.compare import differences
from tapwealth.catalogue.reading import write_definition
from tapwealth.catalogue.version import Version
from tapwealth.deposits.product import Term, rate_for
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.catalogue.products import read_file
from tapwealth.flows.deposits.deposit_offer import deposit_offer
from tapwealth.kernel.refusal import BadInput


def fixed(*changes: tuple[str, str]) -> bytes:
    return changed(*changes, text=FIXED_FILE)


def demand(*changes: tuple[str, str]) -> bytes:
    return changed(*changes, text=DEMAND_FILE)


@pytest.mark.parametrize(("language", "early"), [("zh", "不可提前支取"), ("en", "not possible")])
def test_of_what_cannot_be_taken_out_early_no_rate_is_promised_for_it(language: str, early: str) -> None:
    for rule, rates in (("whole", True), ("nothing", False)):
        definition = read_file(certificate_file().replace("early: whole", f"early: {rule}").encode()).definition
        offer = deposit_offer(Version("CD", 1, definition, bytes(32)), language, date(2014, 2, 24), 3_500)
        said = " ".join([*(fact.text for fact in offer.facts), *offer.warnings])
        assert ("0.35%" in said, early in said) == (rates, not rates), said
        assert not rates or any(word in said for word in ("提前支取的部分不按存期利率", "taken out before it is due does not earn"))
        assert rates or offer.warnings == [("存期内利率不变。", "The rate holds for the whole term.")[language == "en"]]


NOTICE = "{of: notice, days: 7, least_withdrawal: 50000.00, least_balance: 50000.00}"


def notice(*changes: tuple[str, str]) -> bytes:
    text = demand(("{of: demand}", NOTICE), ("minimum: 1.00", "minimum: 50000.00\n  demand: DEMAND")).decode()
    return changed(*changes, text=text)


CERTIFICATE = (("of: fixed_term", "of: certificate"), (", renews: true", ""))

WRONG = [
    (fixed(("bank: 313100000013", "bank: 31310000001")), ("line 5, column 9 (parameters.bank)", "12 digits of CNAPS")),
    (fixed(("bank: 313100000013", "bank: 102100099996")), ("line 5, column 9 (parameters.bank)", "would lie", "write 313100000013")),
    (fixed(("of: fixed_term", "of: forever")), ("(parameters.form.of)", "demand, fixed_term, notice, certificate")),
    (fixed(("terms: [3m, 1y]", "terms: [3m, 4m]")), ("line 6, column 38 (parameters.form.terms[1])", "'4m' is not known", "1m, 3m, 6m")),
    (fixed(("terms: [3m, 1y]", "terms: [3m, 3m]")), ("line 6, column 33 (parameters.form.terms)", "stands there twice")),
    (fixed(("terms: [3m, 1y]", "terms: []")), ("line 6, column 33 (parameters.form.terms)", "for no term")),
    (fixed(("method: matched_dates", "method: guess")), ("line 6, column 51", "matched_dates, actual_days")),
    (fixed(("minimum: 50.00", "minimum: 0.99")), ("line 7, column 12 (parameters.minimum)", "give 1.00 or more")),
    (fixed(("minimum: 50.00", "minimum: 50.00\n  maximum: 49.99")), ("line 8, column 12 (parameters.maximum)", "0 means none")),
    (fixed(("  demand: DEMAND\n", "")), ("(parameters.demand)", "has the demand rate itself", "name the demand deposit")),
    (demand(("minimum: 1.00", "minimum: 1.00\n  demand: OTHER")), ("line 8, column 11 (parameters.demand)", "leave it out")),
    (fixed(*CERTIFICATE), ("line 7, column 12 (parameters.minimum)", "give 200,000.00 or more")),
    (notice(("days: 7", "days: 3")), ("line 6, column 28 (parameters.form.days)", "no notice of 3 days", "give 1 or 7")),
    (notice(("least_balance: 50000.00", "least_balance: 1.00")), ("(parameters.form.least_balance)", "give 50,000.00 or more")),
    (notice(("least_withdrawal: 50000.00", "least_withdrawal: 50000.01")), ("(parameters.form.least_withdrawal)", "`least_balance`")),
    (notice(("minimum: 50000.00", "minimum: 49999.99")), ("line 7, column 12 (parameters.minimum)", "give 50,000.00 or more")),
    # the chart
    (fixed(("    - {term: 1y, rate: 3.03}\n", "")),
     ("line 17, column 5 (parameters.chart[1].rates)", "nothing holds for 1y from 2014-11-22")),
    (fixed(("{term: 3m, rate: 2.60}", "{term: 3m, from_amount: 50.01, rate: 2.60}")),
     ("line 17, column 31 (parameters.chart[1].rates[0].from_amount)", "nothing holds for 3m from 50.00 to below 50.01")),
    (fixed(("from_amount: 100000.00, rate: 2.82", "rate: 2.82")),
     ("line 18, column 7 (parameters.chart[1].rates[1].from_amount)", "overlaps the row before it, which holds for 3m from 0.00 on")),
    (fixed(("{term: 1y, rate: 3.25}", "{term: 5y, rate: 3.25}")), ("line 14, column 7", "not offered for 5y", "the terms are 3m, 1y")),
    (fixed(("{term: 1y, rate: 3.25}", "{rate: 3.25}")), ("line 14, column 7", "not offered for no term")),
    (demand(("{rate: 0.35}", "{term: 1y, rate: 0.35}")), ("line 10, column 13", "not offered for 1y", "leave `term` out")),
    (fixed(("rate: 3.25", "rate: 100.0001")), ("line 14, column 24", "nobody earns that much")),
    (fixed(("until: 2014-11-21", "until: 2014-11-22")),
     ("line 15, column 11 (parameters.chart[1].from)", "overlaps the row before it, which holds until 2014-11-22")),
    (fixed(("until: 2014-11-21", "until: 2014-11-20")), ("line 15, column 11", "nothing holds from 2014-11-21 to 2014-11-21")),
    (fixed(("    until: 2014-11-21\n", "")), ("line 14, column 5", "no end", "`until: 2014-11-21`")),
    (fixed(("  - from: 2014-11-22\n", "  - from: 2014-11-22\n    until: 2015-10-23\n")), ("line 16, column 12", "nothing holds after")),
    (demand(("  chart:\n  - from: 2012-07-06\n    rates: [{rate: 0.35}]\n", "  chart: []\n")), ("line 8, column 10", "no row")),
    # who, and by whom
    (fixed(("app: {}", "T01: {}")), ("(channels.T01)", "write `app: {}`")),
    (fixed(("channels:", "eligibility: {risk_level: 1}\nchannels:")), ("line 20, column 1 (eligibility)", "no risk level")),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), WRONG, ids=[" ".join(said) for _, said in WRONG])
def test_what_is_wrong_is_told_with_its_line_and_what_to_write_instead(content: bytes, said: tuple[str, ...]) -> None:
    assert untold(content, said) == []


@pytest.mark.parametrize("content", [fixed(), demand(), notice(), fixed(*CERTIFICATE, ("minimum: 50.00", "minimum: 200000.00"))])
def test_a_file_that_is_right_comes_out_the_same(content: bytes) -> None:
    definition = read_file(content).definition
    written = write_definition(definition, KINDS[definition.kind].shape)
    assert read_file(written).definition == definition


@pytest.mark.parametrize(
    ("day", "term", "yuan", "rate"),
    [
        (date(2012, 7, 5), Term.YEAR, 50, None),
        (date(2014, 11, 21), Term.YEAR, 50, 32_500),
        (date(2014, 11, 22), Term.YEAR, 50, 30_300),
        (date(2014, 11, 22), Term.MONTHS_3, 99_999, 26_000),
        (date(2014, 11, 22), Term.MONTHS_3, 100_000, 28_200),
        (date(2014, 11, 22), Term.MONTHS_6, 50, None),
    ],
)
def test_the_rate_of_a_day_a_term_and_an_amount(day: date, term: Term, yuan: int, rate: int | None) -> None:
    assert rate_for(read_file(fixed()).definition.parameters.chart, day, term, yuan * 100) == rate


def test_versions_are_compared_in_words() -> None:
    one, other = read_file(fixed()).definition, read_file(fixed(("rate: 3.03", "rate: 3.00"), ("renews: true", "renews: false"))).definition
    assert [(change.zh, change.en) for change in differences(one, other, KINDS[one.kind].shape)] == [
        ("储种自动转存：由 是 改为 否", "form renews itself: yes becomes no"),
        ("利率表第2项费率与价格第3项利率（年）：由 3.03% 改为 3%", "rates 2 rates 3 rate (yearly): 3.03% becomes 3%"),
    ]


Row = tuple[str, int, int]
"""Term, yuan from which it holds, millionths."""


@given(st.lists(st.tuples(st.sampled_from(["3m", "1y", "5y"]), st.sampled_from([0, 50, 51, 200]), st.integers(0, 99)), max_size=6))
def test_a_chart_is_taken_if_each_term_and_amount_has_one_rate(rows: list[Row]) -> None:
    """The rows of a term must rise: then each amount from the least deposit on has one rate, that of the last row at or below it."""
    of_term = {term: [amount for one, amount, _ in rows if one == term] for term in ("3m", "1y", "5y")}
    rising = all(one == sorted(set(one)) for one in of_term.values())
    whole = rising and not of_term["5y"] and all(of_term[term] and of_term[term][0] <= 50 for term in ("3m", "1y"))
    lines = "".join(f"    - {{term: {term}, from_amount: {amount}, rate: 0.{rate:02d}}}\n" for term, amount, rate in rows)
    head, _, rest = FIXED_FILE.partition("    - {term: 3m, rate: 2.60}\n")
    content = (head + lines + rest[rest.index("channels:") :]).encode()
    if not rows:
        content = content.replace(b"2014-11-22\n    rates:\n", b"2014-11-22\n    rates: []\n")
    if not whole:
        with pytest.raises(BadInput, match=r"^line \d+, column \d+ \(parameters\.chart\[1\]\.rates"):
            read_file(content)
        return
    chart = read_file(content).definition.parameters.chart
    for term in ("3m", "1y"):
        for yuan in (50, 51, 199, 200, 10_000):
            holding = [rate for one, amount, rate in rows if one == term and amount <= yuan]
            assert rate_for(chart, date(2014, 11, 22), Term(term), yuan * 100) == holding[-1] * 100
