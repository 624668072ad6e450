"""A policy's definition: what is wrong with it is told with line and column and what to write instead."""

import pytest
from policy_files import ACCIDENT_FILE, HEALTH_FILE, TERM_LIFE_FILE
from product_files import changed, untold

from tapwealth.catalogue.compare import differences
from tapwealth.catalogue.definition import canonical, restored
from tapwealth.catalogue.reading import write_definition
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.catalogue.products import read_file


def accident(*changes: tuple[str, str]) -> bytes:
    return changed(*changes, text=ACCIDENT_FILE)


def term_life(*changes: tuple[str, str]) -> bytes:
    return changed(*changes, text=TERM_LIFE_FILE)


def health(*changes: tuple[str, str]) -> bytes:
    return changed(*changes, text=HEALTH_FILE)


SCREEN = accident(
    ("{of: accident}", "{of: phone_screen, replacements: 1}"),
    ("  premium_class_1:\n  - {from: 2014-01-01, value: 760.00}\n  premium_class_2:\n", "  premium:\n"),
)

WRONG = [
    (accident(("{of: accident}", "{}")), ("line 6, column 10 (parameters.cover.of)", "the field 'of' is missing", "accident, term_life")),
    (accident(("{of: accident}", "{of: fire}")),
     ("line 6, column 11 (parameters.cover.of)", "not known", "accident, term_life, account_loss, phone_screen, health")),
    (accident(("{of: accident}", "{of: accident, years: 2}")), ("line 6", "no field 'years' in parameters.cover", "days")),
    (accident(("{of: accident}", "{of: accident, days: 365}")), ("line 6", "365 is out of range", "1 to 364")),
    (accident(("insurer: TPINS", "insurer: tp")), ("line 5, column 12 (parameters.insurer)", "capital letters")),
    (accident(("sum_insured: 400000.00", "sum_insured: 999.99")), ("line 7, column 16 (parameters.sum_insured)", "give 1,000.00")),
    (accident(("loading: 35", "loading: 35.0001")), ("line 8, column 12 (parameters.loading)", "at most 35 percent")),
    (term_life(("loading: 25", "loading: 100")), ("line 8, column 12 (parameters.loading)", "below 100")),
    (accident(("cancellation: unearned", "cancellation: none")), ("line 9, column 17", "'none' is not known", "unearned_less_loading")),
    (accident(("cancellation: unearned", "free_look_days: 15")), ("line 9, column 19 (parameters.free_look_days)", "longer than a year")),
    (term_life(("free_look_days: 15", "free_look_days: 14")), ("line 10, column 19 (parameters.free_look_days)", "give 15 or more")),
    (term_life(("years: 20", "years: 0")), ("line 6", "(parameters.cover.years)", "1 to 50")),
    (accident(("app: {}", "T01: {}")), ("line 11, column 8 (channels.T01)", "not sold by 'T01'", "write `app: {}`")),
    (accident(("loading: 35", "loading: 35\n  every: month")), ("line 9, column 10 (parameters.every)", "no instalments", "leave it out")),
    (term_life(("loading: 25", "loading: 25\n  every: week")), ("line 9, column 10", "'week' is not known", "year, quarter, month")),
    (term_life(("loading: 25", "loading: 25\n  instalment: 9")), ("line 9, column 15 (parameters.instalment)", "for a year")),
    (term_life(("loading: 25", "loading: 25\n  every: month\n  instalment: 10.0001")),
     ("line 10, column 15 (parameters.instalment)", "no instalment of a year", "percent, 8.3333 to 9.9999")),
    (term_life(("loading: 25", "loading: 25\n  every: quarter\n  instalment: 24.9999")), ("parameters.instalment", "25 to 30")),
    (term_life(("sum_insured: 100000.00", "sum_insured: 11999.99\n  every: month")), ("parameters.sum_insured", "give 12,000.00")),
    # prices
    (accident(("  premium_class_2:", "  interest:")),
     ("line 16, column 3 (rates.interest)", "not priced by 'interest'", "premium_class_1")),
    (accident(("  premium_class_2:", "  premium_class_7:")), ("line 15, column 3", "no field 'premium_class_7'", "'premium_class_6'")),
    (term_life(("  interest:\n  - {from: 2014-01-01, value: 2.5}\n", "  commission:\n  - {from: 2014-01-01, value: 20}\n")),
     ("line 14, column 1 (rates)", "its price is missing", "give interest")),
    (term_life(("value: 2.5", "value: 20.0001")), ("line 16, column 31 (rates.interest[0].value)", "at most 20")),
    (accident(("value: 760.00", "value: 0.00")), ("line 14, column 31 (rates.premium_class_1[0].value)", "not given away")),
    (accident(("value: 760.00}", "value: 760.00}\n  - {from: 2014-01-01, value: 800.00}")),
     ("line 15, column 5 (rates.premium_class_1[1])", "overlaps the row before it, which has no end", "`until: 2013-12-31`")),
    (accident(("2014-01-01, value: 760.00}", "2014-01-01, until: 2014-06-30, value: 760.00}\n  - {from: 2014-07-02, value: 800.00}")),
     ("line 15, column 12 (rates.premium_class_1[1].from)", "nothing holds from 2014-07-01 to 2014-07-01")),
    (accident(("rates:\n", "rates:\n  commission:\n  - {from: 2014-01-01, value: 100.0001}\n")),
     ("line 14, column 31 (rates.commission[0].value)", "more than the premium")),
    # who may buy
    (accident(("youngest: 18", "risk_level: 3")), ("(eligibility)", "no risk level", "kyc_class, youngest and oldest")),
    (accident(("youngest: 18", "regions: ['11']")), ("(eligibility)", "where somebody lives is not known here")),
    (accident(("oldest: 65", "oldest: 17")), ("line 17, column 37 (eligibility.oldest)", "the oldest is younger", "give 18 or more")),
    (term_life((", oldest: 55", "")), ("line 17", "(eligibility.oldest)", "ends at 105 years", "at most 85")),
    (term_life(("oldest: 55", "oldest: 86")), ("line 17, column 37 (eligibility.oldest)", "ends at 105 years", "at most 85")),
    # health
    (health(("years: 10", "years: 1")), ("(parameters.cover.years)", "2 to 50")),
    (health(("group: heart", "group: cancer")), ("(parameters.cover.illnesses)", "twice", "a name of its own")),
    (health(("share: 30", "share: 100.0001")), ("(parameters.cover.illnesses[2].share)", "above 0 and up to 100")),
    (health(("share: 30", "share: 0")), ("(parameters.cover.illnesses[2].share)", "above 0 and up to 100")),
    (health(("waiting_days: 90", "waiting_days: 181")), ("(parameters.waiting_days)", "at most 180")),
    (health(("waiting_days: 90", "waiting_days: 0")), ("(parameters.cover.within_waiting)", "no waiting time")),
    (health(("loading: 30", "loading: 30\n  excess: 10.00")), ("(parameters.excess)", "paid whole")),
    (term_life(("look_cost: 10.00", "look_cost: 10.01")), ("line 11, column 19 (parameters.free_look_cost)", "give at most 10.00")),
    (health(("free_look_days: 15", "free_look_days: 10")), ("(parameters.free_look_days)", "give 15 or more")),
    (health(("oldest: 32", "oldest: 34")), ("(rates)", "the price of an age is missing", "premium_male_33 and 3 more")),
    (health(("oldest: 32", "oldest: 71")), ("(eligibility.oldest)", "up to 70 years")),
    (health((", oldest: 32", "")), ("(eligibility.oldest)", "up to 70 years")),
    (health(("  premium_male_28:", "  premium:")), ("(rates.premium)", "not priced by 'premium'", "premium_male_0 to premium_female_70")),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), WRONG, ids=[" ".join(said) for _, said in WRONG])
def test_what_is_wrong_is_told_with_its_line_and_what_to_write_instead(content: bytes, said: tuple[str, ...]) -> None:
    assert untold(content, said) == []


@pytest.mark.parametrize("content", [accident(), term_life(), SCREEN, health()], ids=["accident", "term_life", "phone_screen", "health"])
def test_a_file_that_is_right_comes_out_the_same_and_stays_the_same(content: bytes) -> None:
    definition = read_file(content).definition
    shape = KINDS[definition.kind].shape
    written = write_definition(definition, shape)
    assert read_file(written).definition == definition
    assert write_definition(read_file(written).definition, shape) == written
    assert restored(canonical(definition), shape) == definition


@pytest.mark.parametrize(
    ("former", "later", "zh", "en"),
    [
        (accident(), accident(("{of: accident}", "{of: accident, days: 7}")), "保障期限：由 一年 改为 7 天",
         "cover lasts: a year becomes 7 days"),
        (accident(), accident(("value: 760.00", "value: 800.00")), "保费（职业1类）“2014-01-01”：由 760.00 元 改为 800.00 元",
         "premium of occupation class 1 2014-01-01: 760.00 yuan becomes 800.00 yuan"),
        (term_life(), term_life(("value: 2.5", "value: 3.5")), "预定利率（年）“2014-01-01”：由 2.5% 改为 3.5%",
         "interest reckoned with (yearly) 2014-01-01: 2.5% becomes 3.5%"),
        (term_life(), term_life(("loading: 25", "loading: 25\n  every: month")), "缴费频率：由 年 改为 月",
         "premium for each: year becomes month"),
        (term_life(), term_life(("cancellation: unearned\n", "cancellation: unearned_less_loading\n")),
         "退保规则：由 退还未满期保费 改为 退还未满期保费并扣除费用",
         "cancellation: the unearned part becomes the unearned part less the costs"),
    ],
)  # fmt: skip
def test_one_change_is_one_sentence(former: bytes, later: bytes, zh: str, en: str) -> None:
    one = read_file(former).definition
    found = differences(one, read_file(later).definition, KINDS[one.kind].shape)
    assert [(change.zh, change.en) for change in found] == [(zh, en)]


def test_another_cover_is_told_by_its_name() -> None:
    one = read_file(accident()).definition
    found = differences(one, read_file(SCREEN).definition, KINDS[one.kind].shape)
    assert "cover of: an accident becomes a phone's screen" in [change.en for change in found]
    assert "保障类型：由 意外伤害 改为 手机碎屏" in [change.zh for change in found]
