"""What the fund published for each day: `data/money_fund_000198_daily.csv`, whose README names the source."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from tapwealth.wire.ofd import read_date


@dataclass(frozen=True, slots=True)
class Rate:
    """`income_per_10k` in 1/10,000 yuan, `seven_day_yield` in 1/1,000 percent."""

    income_per_10k: int
    seven_day_yield: int


@cache
def rates() -> Mapping[date, Rate]:
    """By the day that earned."""
    text = (files("tapwealth.sandbox.registrar") / "data" / "money_fund_000198_daily.csv").read_text(encoding="utf-8")
    return {
        read_date(row["mfd_date"], "mfd_date"): Rate(
            int(Decimal(row["mfd_daily_yield"]) * 10_000), int(Decimal(row["mfd_7daily_yield"]) * 1_000)
        )
        for row in csv.DictReader(text.splitlines())
    }
