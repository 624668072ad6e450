"""Definitions' files as product managers write them."""

from collections.abc import Iterable

import pytest

from tapwealth.flows.catalogue.products import read_file
from tapwealth.kernel.refusal import BadInput

FUND_FILE = """\
product: 110022
kind: fund
name: {zh: 消费行业股票, en: Consumer equity}
parameters:
  registrar: H0
  custody_account: 0200000001
  dividend_method: cash
  purchase_fees:
  - {from_amount: 0, rate: 1.5}
  - {from_amount: 1000000.00, fixed: 1000.00}
  redemption_fees:
  - {below_days: 7, rate: 1.5 %}
  - {below_days: 365, rate: 0.5}
  - {below_days: null, rate: 0}
channels:
  T01: {own: true, minimum_purchase: 1000.00, remains: 10}
rates:
  management_fee:
  - {from: 2014-01-01, until: 2014-06-30, value: 1.5}
  - {from: 2014-07-01, value: 1.2}
eligibility: {risk_level: 4}
sale: {opens: 2014-01-02T00:00:00+08:00}
"""
"""A fund with a price. Its line numbers are named by tests."""


def changed(*changes: tuple[str, str], text: str = FUND_FILE) -> bytes:
    """The file with each of these texts, which must stand there, put in place of another."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    return text.encode()


def untold(content: bytes, said: Iterable[str]) -> list[str]:
    """The file is wrong; which of these is not said of it."""
    with pytest.raises(BadInput) as caught:
        read_file(content)
    return [f"{one} not in: {caught.value}" for one in said if one not in str(caught.value)]
