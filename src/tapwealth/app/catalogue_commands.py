"""The commands of the catalogue, as the HTTP interface takes them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tapwealth.api.commands import CommandSpec
from tapwealth.flows.catalogue import products
from tapwealth.flows.frame import Envelope, House
from tapwealth.storage.operators import OperatorRole

Flow = Callable[[House, Envelope, Any], Awaitable[Any]]
_DOCUMENT_BYTES = products.MOST_DOCUMENT * 4 // 3 + (64 << 10)
"""Greatest body that carries a document in base64."""


def catalogue_commands(plain: Callable[[Flow], Callable[[Envelope, Any], Awaitable[Any]]]) -> Mapping[str, CommandSpec]:
    """By name; who drafted a version decides nothing about it, which the flows hold."""
    product, operations = OperatorRole.PRODUCT_MANAGER.value, OperatorRole.OPERATIONS.value
    return {
        "add_document": CommandSpec(products.AddDocument, product, plain(products.add_document), most=_DOCUMENT_BYTES),
        "draft_product": CommandSpec(products.DraftProduct, product, plain(products.draft)),
        "review_product": CommandSpec(products.ReviewProduct, product, plain(products.review), also=operations),
        "reject_product": CommandSpec(products.RejectProduct, product, plain(products.reject), also=operations),
        "withdraw_product": CommandSpec(products.WithdrawProduct, product, plain(products.withdraw)),
        "approve_product": CommandSpec(products.ApproveProduct, product, plain(products.approve), also=operations),
        "close_product": CommandSpec(products.CloseProduct, product, plain(products.close), also=operations),
    }
