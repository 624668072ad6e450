"""A few played days with the real processes: the same whatever the number of books; the figures follow the order file."""

import asyncio
from collections.abc import Callable

from played_week import FEW, Outcome, differences, orders, play_week, theatre_folder

DAYS = 2


def played(**more: object) -> Outcome:
    with theatre_folder() as folder:
        return asyncio.run(play_week(folder, DAYS, **more))


def test_one_book_gives_the_same_as_sixteen(unkilled: Callable[[int], Outcome]) -> None:
    assert not differences(unkilled(DAYS).comparable(), played(books=1).comparable())


def test_what_merchants_are_paid_out_stands_on_the_banks_statement(unkilled: Callable[[int], Outcome]) -> None:
    """Monday's sales less the fee, on Tuesday, under the name that the merchant's own statement gives."""
    outcome = unkilled(DAYS)
    paid = {f"MER-{one['number']}-20140224": -one["settlements"][0]["paid"] for one in outcome.figures["merchants"]}
    ours = [row for row in outcome.stores["bank"]["bookings"] if row[0] == "0100000001" and row[1] == "2014-02-25"]
    assert {row[3]: row[2] for row in ours if row[3] in paid} == paid
    assert len(paid) == 2


def test_an_order_less_is_an_order_less(unkilled: Callable[[int], Outcome]) -> None:
    """The figures follow the channel's file: its last order, some fen, is gone."""
    fewer = played(orders=orders(FEW, without=FEW - 1))
    channels = [{one["code"]: one for one in outcome.figures["channels"]}["996"] for outcome in (unkilled(DAYS), fewer)]
    assert channels[0]["orders"] - channels[1]["orders"] == 1
    assert channels[0]["amount"] > channels[1]["amount"]
    assert fewer.proved
