"""How much more than was authorised the network may clear: where the bill is only final after the card was shown.

UnionPay's rule for pre-authorisations lets a completion take up to 115 % of what was pre-authorised. The same holds for sales of trades
whose bill grows afterwards (lodging, car hire, restaurants); of every other trade the amount that the customer saw is the most.
"""

MOST_PERCENT = 115
BILLS_THAT_GROW = frozenset({"7011", "7512", "7513", "5812", "5813"})
"""Merchant category codes (ISO 18245): lodging, hire of cars and lorries, restaurants, bars."""


def most(authorised: int, category_code: str, preauthorised: int = 0) -> int:
    """The most that clearing may take of a customer, in fen, for a sale of `authorised` fen; of a completion, what was `preauthorised`.

    >>> most(100_00, "5812"), most(100_00, "5411"), most(100_00, "5411", 90_00)
    (11500, 10000, 10350)
    """
    if preauthorised:
        return max(authorised, preauthorised * MOST_PERCENT // 100)
    return authorised * MOST_PERCENT // 100 if category_code in BILLS_THAT_GROW else authorised
