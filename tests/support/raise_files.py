"""Raises come before people as product managers put them there: a definition, drafted by one person, put on sale by another."""

from collections.abc import Callable

from fund_files import put_on_sale

from tapwealth.catalogue.definition import Definition, Names, NoTerms, ProductKind, SaleWindow
from tapwealth.catalogue.reading import write_definition
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.frame import Envelope, House
from tapwealth.funds.raise_terms import RaiseParameters
from tapwealth.funds.raising import Offering
from tapwealth.kernel.refusal import Refusal

RAISE_FILE = """\
product: 110022-R
kind: raise_product
name: {zh: 消费行业股票募集, en: Consumer equity}
parameters:
  fund: 110022
  target: 10000000.00
  least: 2000000.00
  minimum: 1000.00
  step: 100.00
  cap: 200000.00
  interest: 0.35
channels:
  T01: {}
sale: {opens: 2014-03-10T10:00:00+08:00, closes: 2014-03-14T15:00:00+08:00}
"""
"""Its line numbers are named by tests."""


def a_raise(one: Offering) -> Definition:
    """What is offered, as a definition."""
    return Definition(
        f"{one.fund}-R",
        ProductKind.RAISE_PRODUCT,
        Names(f"{one.fund}募集", f"Raise of {one.fund}"),
        RaiseParameters(
            fund=one.fund, target=one.target, least=one.least, minimum=one.minimum, step=one.step, cap=one.cap, interest=one.rate
        ),
        {"T01": NoTerms()},
        sale=SaleWindow(one.opens_at, one.closes_at),
    )


def file_of(one: Offering) -> str:
    """The file that defines it."""
    return write_definition(a_raise(one), KINDS[ProductKind.RAISE_PRODUCT].shape).decode()


async def sell_raise(house: House, by: Callable[[str], Envelope], one: Offering) -> Refusal | None:
    """By two people; the first refusal there is."""
    return await put_on_sale(house, by, a_raise(one))
