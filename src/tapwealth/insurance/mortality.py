"""The life table: China Life Insurance Mortality Table (2010-2013), CL1 for men and CL2 for women, as exact fractions."""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files

LAST_AGE = 105


class Sex(StrEnum):
    """As the identity number tells it."""

    MALE = "M"
    FEMALE = "F"


@cache
def death_rates() -> Mapping[Sex, tuple[Fraction, ...]]:
    """By sex, the probability to die within a year at each age from 0 to 105."""
    text = files("tapwealth.insurance").joinpath("data/mortality_cl1_cl2.csv").read_text("utf-8")
    rates: dict[Sex, list[Fraction]] = {Sex.MALE: [], Sex.FEMALE: []}
    for line in text.splitlines():
        if not line.startswith(("#", "table")):
            _, sex, age, qx = line.split(",")
            assert int(age) == len(rates[Sex(sex)]), line
            rates[Sex(sex)].append(Fraction(qx))
    assert all(len(of_sex) == LAST_AGE + 1 for of_sex in rates.values())
    return {sex: tuple(of_sex) for sex, of_sex in rates.items()}
