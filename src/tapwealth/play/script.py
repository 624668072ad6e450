"""The script of the week: when what happens. Times are Shanghai's; a day's end is played at half past midnight of the next day."""

from tapwealth.play import acts
from tapwealth.play.acts import (
    agree_sweep,
    buy_policy,
    cancel_policy,
    close_day,
    issue_card,
    move_in,
    open_account,
    purchase,
    purchase_at_the_cut_off,
    redeem,
    redeem_instantly,
    send,
    swept,
    tap,
)
from tapwealth.play.bill_acts import (
    CREDIT_CARD,
    METER,
    SECOND_HOME,
    SECOND_HOMES_WATER,
    SECOND_METER,
    TAP_WATER,
    THIRD_METER,
    agree_autopay,
    bills_looked_after,
    fill_the_directory,
    pay_bill,
    top_up,
)
from tapwealth.play.card_acts import load_cash, lose_phone, refund, replenish, sign_in_on_a_new_phone, tap_offline, told_by_text
from tapwealth.play.claim_acts import buy_screen_cover, claim_screen, claim_too_soon, offer_screen_cover
from tapwealth.play.deposit_acts import left_at_the_bank, offer_deposits, open_deposit, withdraw_early
from tapwealth.play.wealth_acts import offer_a_raise, subscribe_wealth, too_late_for_wealth
from tapwealth.play.week import DAYS, Scene

LIN, WANG, CHEN = 0, 1, 2
BREAKFAST, MARKET = 0, 1
_DEALING_DAYS = 5
"""Of the week's, Monday first."""
_SCREEN, _SECOND_SCREEN = "the third customer's new phone gets screen cover", "another new phone gets screen cover"
_DEPOSIT, _WITHDRAWAL = "10,000.00 are put into a deposit for three months", "a part of the deposit is taken out early"
_GROCERIES = "groceries are paid with the phone"
_MONDAY = [
    Scene(0, (7, 0, 0), "the stage is set", acts.set_the_stage),
    Scene(0, (7, 30, 0), "operators enrol merchants, fund and policies", acts.set_up_shop),
    Scene(0, (7, 45, 0), "four billers are drafted by one, approved by another", fill_the_directory),
    Scene(0, (7, 50, 0), "a wealth product of the bank is drafted by one, approved by another", offer_a_raise),
    Scene(0, (7, 52, 0), "a fixed deposit is drafted by one, approved by another", offer_deposits),
    Scene(0, (7, 55, 0), "screen cover is drafted by one, approved by another", offer_screen_cover),
    Scene(0, (8, 0, 0), "the bank funds the advance line", acts.fund_the_advance),
    Scene(0, (9, 0, 0), "the first customer opens an account", open_account(LIN)),
    Scene(0, (9, 5, 0), "the second customer opens an account", open_account(WANG)),
    Scene(0, (9, 10, 0), "the third customer opens an account", open_account(CHEN)),
    Scene(0, (9, 30, 0), "the first customer moves 5,000.00 in", move_in(LIN, 5_000_00, "move in 1")),
    Scene(0, (9, 35, 0), "the second customer moves 300.00 in", move_in(WANG, 300_00, "move in 2")),
    Scene(0, (9, 40, 0), "the third customer moves 59.00 in", move_in(CHEN, 59_00, "move in screen 1")),
    Scene(0, (9, 42, 0), _SCREEN, buy_screen_cover(CHEN, 0, "screen 1")),
    Scene(0, (9, 45, 0), "money is sent to a customer in another book", send(LIN, WANG, 200_00, "send 1")),
    Scene(0, (10, 0, 0), "phones get their cards", issue_card(LIN)),
    Scene(0, (10, 1, 0), "another phone gets its card", issue_card(WANG)),
    Scene(0, (10, 2, 0), "the first customer is told of the card by text message", told_by_text(LIN, "手机里的卡")),
    Scene(0, (10, 5, 0), "200.00 of electronic cash are loaded onto the first phone's card", load_cash(LIN, 200_00, "load 1")),
    Scene(0, (10, 30, 0), "breakfast is paid with the phone", tap(LIN, BREAKFAST, 28_50, "tap breakfast")),
    Scene(0, (12, 15, 0), _GROCERIES, tap(LIN, MARKET, 116_80, "tap groceries")),
    Scene(0, (14, 10, 0), "the other channel opens its holders and pays in", acts.channel_opens),
    Scene(0, (14, 35, 0), "the other channel sends its orders", acts.channel_orders),
    Scene(0, (14, 59, 59), "an order is read at 14:59:59, decided at 15:00:05", purchase_at_the_cut_off(LIN, 1_000_00, "purchase 1")),
    Scene(0, (15, 0, 30), "an order just after the cut-off", purchase(LIN, 500_00, "purchase 2")),
    Scene(0, (19, 0, 0), "an electricity bill is paid", pay_bill(LIN, "BJDL", METER, "bill 1")),
    Scene(0, (19, 10, 0), "a part of a water bill is paid", pay_bill(WANG, "BJWATER", TAP_WATER, "bill 4", part=60_00)),
]
_TUESDAY = [
    Scene(1, (10, 0, 0), "a tap is declined for want of money", tap(WANG, MARKET, 5_000_00, "tap too much", wanted="51")),
    Scene(1, (10, 5, 0), "a forged card is declined", tap(LIN, MARKET, 20_00, "tap forged", cheat="forged", wanted="05")),
    Scene(1, (10, 10, 0), "a replayed counter is declined", tap(LIN, MARKET, 20_00, "tap replayed", cheat="replayed", wanted="05")),
    Scene(1, (10, 20, 0), "an answer gets lost: the tap is reversed", tap(LIN, MARKET, 66_60, "tap lost", lose_answer=True)),
    Scene(1, (10, 30, 0), "the third customer moves 60,000.00 in", move_in(CHEN, 60_000_00, "move in 4")),
    Scene(1, (10, 35, 0), "the second customer moves 50,000.00 in", move_in(WANG, 50_000_00, "move in 5")),
    Scene(1, (10, 40, 0), "60,000.00 of a raise of 100,000.00 are subscribed", subscribe_wealth(CHEN, 60_000_00, "wealth 1")),
    Scene(1, (10, 45, 0), "50,000.00 more are asked, 40,000.00 are left", subscribe_wealth(WANG, 50_000_00, "wealth 2", given=40_000_00)),
    Scene(1, (10, 50, 0), "the raise has closed: it is sold out", too_late_for_wealth(LIN, 50_000_00, "wealth 3")),
    Scene(1, (11, 0, 0), "the second customer moves 10,000.00 in", move_in(WANG, 10_000_00, "move in deposit")),
    Scene(1, (11, 5, 0), _DEPOSIT, open_deposit(WANG, 10_000_00, "3m", "deposit 1")),
    Scene(1, (12, 0, 0), "lunch is paid with the phone", tap(WANG, BREAKFAST, 32_00, "tap lunch")),
    Scene(1, (14, 0, 0), "another order into the fund", purchase(LIN, 1_500_00, "purchase 3")),
    Scene(1, (17, 30, 0), "the market's line is down: the card pays by itself", tap_offline(LIN, MARKET, 35_00, "tap offline")),
    Scene(1, (18, 30, 0), "a phone is topped up at the carrier of its prefix", top_up(WANG, 50_00, "top-up 1")),
]
_WEDNESDAY = [
    Scene(2, (9, 40, 0), "the first customer sends away all that is in the wallet", send(LIN, CHEN, None, "send all")),
    Scene(2, (11, 0, 0), "the third customer agrees to a sweep of the wallet", agree_sweep(CHEN, "sweep 1")),
    Scene(2, (12, 0, 0), "a tap with an empty wallet: the fund pays", tap(LIN, MARKET, 88_00, "tap from the fund")),
    Scene(2, (12, 10, 0), "goods of Monday are brought back: a refund", refund(_GROCERIES, MARKET, 16_80, "refund 1")),
    Scene(2, (12, 30, 0), "another one is reversed: as if nothing had been", tap(LIN, BREAKFAST, 45_00, "tap undone", lose_answer=True)),
]
_THURSDAY = [
    Scene(3, (9, 40, 0), "the first customer moves 3,000.00 in", move_in(LIN, 3_000_00, "move in 3")),
    Scene(3, (10, 0, 0), "a bill whose biller answers nothing", pay_bill(LIN, "BJDL", SECOND_METER, "bill 2")),
    Scene(3, (10, 30, 0), "the first customer moves 59.00 in", move_in(LIN, 59_00, "move in screen 2")),
    Scene(3, (10, 32, 0), _SECOND_SCREEN, buy_screen_cover(LIN, 3, "screen 2")),
    Scene(3, (11, 0, 0), "an accident policy is bought", buy_policy(LIN, "ACC1", "policy 1")),
    Scene(3, (11, 10, 0), "a term life policy is bought", buy_policy(LIN, "TL20", "policy 2")),
    Scene(3, (14, 30, 0), "100.00 of the fund back into money, in the ordinary way", redeem(LIN, 100_00, "redemption 1")),
    Scene(3, (18, 0, 0), "dinner is paid with the phone", tap(LIN, BREAKFAST, 54_00, "tap dinner")),
    Scene(
        3, (19, 0, 0), "the rest of the water bill, with a penalty by the day", pay_bill(WANG, "BJWATER", TAP_WATER, "bill 5", late=True)
    ),
]
_FRIDAY = [
    Scene(4, (9, 0, 0), "the first phone asks for fresh keys", replenish(LIN, 1, "keys 1")),
    Scene(4, (10, 0, 0), "an order on Friday, confirmed on Monday", purchase(LIN, 600_00, "purchase 4")),
    Scene(4, (11, 0, 0), "a bill that fails, and is given back", pay_bill(LIN, "BJDL", THIRD_METER, "bill 3")),
    Scene(
        4,
        (11, 30, 0),
        "the third customer's card is to be repaid by itself",
        agree_autopay(CHEN, "BOBCARD", CREDIT_CARD, 3_000_00, "agree 1"),
    ),
    Scene(4, (11, 35, 0), "so is the electricity of a second home", agree_autopay(CHEN, "BJDL", SECOND_HOME, 300_00, "agree 2")),
    Scene(4, (11, 40, 0), "and the water there", agree_autopay(CHEN, "BJWATER", SECOND_HOMES_WATER, 100_00, "agree 3")),
    Scene(4, (12, 0, 0), "200.00 of the fund are in the wallet at once", redeem_instantly(LIN, 200_00, "instant 1")),
    Scene(4, (14, 0, 0), _WITHDRAWAL, withdraw_early(WANG, _DEPOSIT, 4_000_00, "withdrawal 1")),
    Scene(
        4, (16, 0, 0), "the term life policy is returned in its free look", cancel_policy(LIN, "a term life policy is bought", "cancel 2")
    ),
    Scene(
        4,
        (16, 30, 0),
        "the accident policy is cancelled for its unearned part",
        cancel_policy(LIN, "an accident policy is bought", "cancel 1"),
    ),
]
_WEEKEND = [
    Scene(5, (10, 0, 0), "the second customer's phone is lost: an operator ends it", lose_phone(WANG, "lost 1")),
    Scene(5, (10, 5, 0), "who found it tries to pay: declined", tap(WANG, MARKET, 12_00, "tap found", wanted="62")),
    Scene(5, (12, 0, 0), "the bank's register has the rest of it", left_at_the_bank(_WITHDRAWAL, 4, "register 1")),
    Scene(5, (13, 0, 0), "groceries on Saturday", tap(LIN, MARKET, 203_45, "tap saturday")),
    Scene(5, (15, 0, 0), "the second customer signs in on a new phone", sign_in_on_a_new_phone(WANG, "sign in 1")),
    Scene(6, (9, 0, 0), "breakfast on Sunday, with the new phone", tap(WANG, BREAKFAST, 18_00, "tap sunday")),
    Scene(7, (12, 0, 0), "lunch on the last Monday", tap(LIN, BREAKFAST, 36_00, "tap last monday")),
    Scene(7, (16, 0, 0), "a screen has cracked after the waiting time: 750.00 are paid", claim_screen(CHEN, _SCREEN, 7, "claim 1")),
    Scene(7, (16, 30, 0), "another one cracks within it: refused", claim_too_soon(LIN, _SECOND_SCREEN, 7, "claim 2")),
]


def _bills(day: int) -> Scene:
    """At ten, when the platform begins to look, and before whatever else happens then; on the first day once they are agreed."""
    at = (11, 50, 0) if day == 4 else (10, 0, 0)
    return Scene(day, at, f"day {day + 1}: the third customer's bills are looked after", bills_looked_after(CHEN, day))


def scenes(days: int = DAYS) -> list[Scene]:
    """Everything that happens on the first `days` days, each closed after midnight."""
    played = [_bills(day) for day in range(4, days)]
    played += [*_MONDAY, *_TUESDAY, *_WEDNESDAY, *_THURSDAY, *_FRIDAY, *_WEEKEND]
    for day in range(2, days):
        if day % 7 < _DEALING_DAYS:
            played.append(Scene(day, (14, 10, 0), f"day {day + 1}: the third customer's wallet is swept", swept(CHEN, day)))
    for day in range(days):
        played.append(Scene(day, (23, 0, 0), f"day {day + 1}: the shops settle their batches", acts.settle_tills))
        played.append(Scene(day + 1, (0, 30, 0), f"day {day + 1}: the date is closed", close_day(day)))
        if day + 1 < days:
            played.append(Scene(day + 1, (9, 30, 0), f"day {day + 2}: the registrar's files are taken", acts.registrar_files))
    last = (days, (0, 30, 0))
    return sorted((scene for scene in played if (scene.day, scene.at) <= last), key=lambda scene: (scene.day, scene.at))
