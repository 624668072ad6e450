"""The kinds of products that the house sells, each with the parameters and flows of its capability."""

from collections.abc import Mapping

from tapwealth.catalogue.definition import ProductKind, Shape
from tapwealth.flows.bills import biller_service
from tapwealth.flows.catalogue.kind import Kind
from tapwealth.flows.deposits import deposit_product, raise_catalogue
from tapwealth.flows.funds import fund_product, raise_product
from tapwealth.flows.insurance import policy_product

KINDS: Mapping[ProductKind, Kind] = {
    ProductKind.MONEY_FUND: fund_product.MONEY_FUND,
    ProductKind.FUND: fund_product.FUND,
    ProductKind.RAISE_PRODUCT: raise_product.RAISE,
    ProductKind.INSURANCE: policy_product.POLICY,
    ProductKind.DEPOSIT: deposit_product.DEPOSIT,
    ProductKind.WEALTH_PRODUCT: raise_catalogue.WEALTH,
    ProductKind.BILLER_SERVICE: biller_service.BILLER_SERVICE,
}


def shape_of(kind: ProductKind) -> Shape | None:
    """How the parameters of a kind are read; None for one that nobody sells yet."""
    return KINDS[kind].shape if kind in KINDS else None
