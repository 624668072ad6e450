"""Which merchants the card fee notice of 2013 means by each of its classes, by merchant category code (ISO 18245).

The notice (NDRC 2013 No. 66) names trades: catering, hotels, entertainment, jewellery and arts; real estate and cars, which have a cap of
their own; wholesale, the same; supermarkets, utilities, fuel and transport tickets; public hospitals and schools. The codes are the trade's
reading.
"""

from typing import Final

DINING, PROPERTY, GENERAL, WHOLESALE, LIVELIHOOD, WELFARE = "dining", "property", "general", "wholesale", "livelihood", "welfare"
"""Also the keys of the rule table."""

_CODES: Final = {
    DINING: "5812 5813 5814 7011 5094 5944 5932 5937 5950 5970 5971 7832 7911 7922 7929 7932 7933 7992 7993 7994 7997 7298",
    PROPERTY: "1520 7013 5511 5521 5561 5571 5592 5598 5599",
    WHOLESALE: "4458 5021 5039 5044 5045 5046 5047 5051 5065 5072 5074 5111 5122 5131 5137 5139 5172 5192 5193 5198 5398 5998",
    LIVELIHOOD: "5300 5411 4900 5541 5542 4111 4112 4131 4511",
    WELFARE: "8062 8211 8220 8398",
}
_CATEGORY = {code: category for category, codes in _CODES.items() for code in codes.split()}


def fee_category(category_code: str) -> str:
    """The class of a merchant category code; what the notice does not name is general.

    >>> fee_category("5812"), fee_category("5999")
    ('dining', 'general')
    """
    return _CATEGORY.get(category_code, GENERAL)
