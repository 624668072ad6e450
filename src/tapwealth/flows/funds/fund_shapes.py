"""How definitions of funds and raises are read: parameters, channels' terms, and the tables of what a fund costs by year."""

from collections.abc import Mapping

from tapwealth.catalogue.definition import ProductKind, Shape
from tapwealth.funds.product import WORDS, FundChannel, FundParameters, MoneyFundParameters
from tapwealth.funds.raise_terms import WORDS as RAISE_WORDS
from tapwealth.funds.raise_terms import RaiseParameters
from tapwealth.kernel.units import Unit

_TABLES = {"management_fee": Unit.PERCENT, "custody_fee": Unit.PERCENT, "service_fee": Unit.PERCENT}
"""What a fund's own costs are by year; they are in its price, and shown."""

SHAPES: Mapping[ProductKind, Shape] = {
    ProductKind.MONEY_FUND: Shape(MoneyFundParameters, FundChannel, _TABLES, words=WORDS),
    ProductKind.FUND: Shape(FundParameters, FundChannel, _TABLES, words=WORDS),
    ProductKind.RAISE_PRODUCT: Shape(RaiseParameters, words=RAISE_WORDS),
}
