"""Every problem that /v1 answers with (RFC 9457): published, and nothing else is answered.

`code` never changes its meaning. `retryable` says whether the very same request, with the same key, may do better.
"""

from http import HTTPStatus
from typing import NamedTuple


class Kind(NamedTuple):
    """`title` is the same each time; `todo` says what the caller can do."""

    status: int
    title: str
    todo: str
    retryable: bool = False


_BAD, _NO, _GONE = HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND

CATALOGUE: dict[str, Kind] = {
    "invalid_body": Kind(_BAD, "The body cannot be read", "Mend what `errors` points to. Nothing was done or remembered."),
    "invalid_parameter": Kind(_BAD, "A parameter cannot be read", "Mend it. `limit` is 1 to 100, a `cursor` is one of that list."),
    "doubled_header": Kind(_BAD, "A header comes twice", "Send the one that is named once."),
    "idempotency_key_missing": Kind(_BAD, "The Idempotency-Key is missing", "Send a fresh one of 1 to 255 letters with each new request."),
    "not_authenticated": Kind(HTTPStatus.UNAUTHORIZED, "No good token was sent", "Get a token from /v1/oauth/token and send it as Bearer."),
    "session_ended": Kind(HTTPStatus.UNAUTHORIZED, "This client was stopped", "Ask the bank."),
    "insufficient_scope": Kind(HTTPStatus.FORBIDDEN, "The token does not reach that far", "Get a token with the scope that is named."),
    "not_found": Kind(_GONE, "There is no such thing", "Look at the path and the id."),
    "unknown_account": Kind(
        _GONE, "There is no such account for this client", "Look at the id, or ask the customer to consent on the own phone."
    ),
    "method_not_allowed": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "The path takes another method", "Use the one that `Allow` names."),
    "request_in_progress": Kind(
        HTTPStatus.CONFLICT, "The same request is being decided", "Send it again after `Retry-After` seconds, with the same key.", True
    ),
    "too_large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large", "Send less than 64 KiB."),
    "too_slow": Kind(
        HTTPStatus.REQUEST_TIMEOUT, "The body did not come in time", "Send it again, at once and whole, with the same key.", True
    ),
    "wrong_media_type": Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is of another kind", "Send JSON as application/json."),
    "idempotency_key_reused": Kind(_NO, "The key was used for another body", "Take a fresh key for another request."),
    "not_verified": Kind(_NO, "The customer is not verified that far", "Wait for the verification, or ask the bank."),
    "unknown_card": Kind(_NO, "The bank card is not bound to the account", "Take a bank card of the account."),
    "no_money": Kind(_NO, "The wallet does not hold that much", "Ask for less, or move money in first."),
    "unknown_fund": Kind(_NO, "The fund is not sold here", "Take one of /v1/funds."),
    "risk_too_high": Kind(_NO, "The product is above the customer's risk", "Nothing: this customer may not buy it."),
    "account_class": Kind(_NO, "The product is for accounts of a higher class", "Nothing, before the customer is verified further."),
    "too_young": Kind(_NO, "The product is for older people", "Nothing: this customer may not have it."),
    "too_old": Kind(_NO, "The product is for younger people", "Nothing: this customer may not have it."),
    "account_refused": Kind(_NO, "The registrar has refused the fund account", "Ask the bank."),
    "below_minimum": Kind(
        _NO, "The amount is below the least order", "Ask for more: a fund's `minimum_purchase`, another product's `minimum`."
    ),
    "not_sold_now": Kind(_NO, "The product is not sold now", "Wait until it is open again, or choose another one."),
    "not_redeemed_now": Kind(_NO, "The fund cannot be redeemed now", "Wait until it is open again."),
    "below_least_redemption": Kind(_NO, "The units are fewer than the fund lets be redeemed", "Ask for more, or for all."),
    "below_least_holding": Kind(_NO, "Fewer units would be left than the fund lets be held", "Ask for less, or for all."),
    "same_fund": Kind(_NO, "The fund is switched into itself", "Take another fund to go `into`."),
    "other_registrar": Kind(_NO, "The funds have different registrars", "Redeem the one, then buy the other."),
    "no_raise": Kind(_NO, "The fund is not being raised", "Buy it, or take one of /v1/raises."),
    "not_open_yet": Kind(_NO, "The raise has not opened yet", "Ask again from its `opens_at` on, with a fresh key."),
    "raise_over": Kind(_NO, "The raise is over", "Nothing: look for another fund."),
    "not_in_steps": Kind(_NO, "The amount is not in whole steps above the minimum", "Ask for `minimum` and whole `step`s above it."),
    "above_cap": Kind(_NO, "The customer would have more of the raise than its cap", "Ask for less: `cap` counts all subscriptions."),
    "sold_out": Kind(_NO, "The raise is sold out", "Nothing: no money was taken."),
    "unknown_product": Kind(_NO, "The product is not sold here", "Take one of those that are listed."),
    "terms_not_confirmed": Kind(_NO, "The terms were not confirmed", "Show them, and name `terms` in `confirmed`."),
    "unknown_subscription": Kind(_NO, "There is no such subscription of the account", "Take one of the account's wealth subscriptions."),
    "already_cancelled": Kind(_NO, "The subscription was cancelled before", "Nothing: its money is in the wallet."),
    "last_day": Kind(_NO, "On its last day a raise lets nothing be cancelled", "Nothing: it goes its way."),
    "subscribed": Kind(_NO, "A subscription is not taken back", "Nothing: its money comes back if the raise fails."),
    "not_taken_back": Kind(_NO, "Such an order is not taken back", "Nothing; choose dividends anew once the order is `confirmed`."),
    "above_day_cap": Kind(_NO, "The amount is above what a dealing day takes", "Ask for less, or the next dealing day."),
    "above_holding_cap": Kind(_NO, "The holding would be above its cap", "Ask for less."),
    "no_account": Kind(_NO, "The customer holds nothing of the fund", "Buy first."),
    "not_enough_units": Kind(_NO, "There are not that many free units", "Ask for less."),
    "unknown_order": Kind(_NO, "There is no such order of the account", "Take one of the account's orders."),
    "done_at_once": Kind(_NO, "The order was carried out at once", "Nothing: it cannot be taken back."),
    "already_ended": Kind(_NO, "The order has ended already", "Nothing: look at its `state`."),
    "past_cut_off": Kind(_NO, "The cut-off of its dealing day is over", "Nothing: it goes its way."),
    "too_many_plans": Kind(_NO, "The customer has too many periodic plans", "End one of them first."),
    "unknown_plan": Kind(_NO, "There is no such plan of the account", "Take one of the account's plans that is not ended."),
    "not_in_force": Kind(_NO, "The plan is not in force", "Nothing: only one that is `active` can be paused."),
    "in_force": Kind(_NO, "The plan is in force", "Nothing: it goes on by itself."),
    "above_instant_cap": Kind(_NO, "The amount is above what may be had at once today", "Ask for less, or redeem in the ordinary way."),
    "not_a_money_fund": Kind(_NO, "The fund has a price of its own", "Redeem in the ordinary way; only a money fund pays at once."),
    "no_choice": Kind(_NO, "The fund pays no dividends to choose for", "Nothing: a money fund's income becomes units every day."),
    "under_way": Kind(_NO, "An earlier one is under way still", "Wait for its outcome; then do what is left to do."),
    "as_it_is": Kind(_NO, "The dividends are paid that way already", "Nothing: it is done."),
    "line_used_up": Kind(_NO, "The bank's line is used up for now", "Redeem in the ordinary way, or ask again later with a fresh key."),
    "term_not_offered": Kind(_NO, "The product has no rate for that term", "Take one of its `rates`; leave `term` out where it is null."),
    "rate_differs": Kind(_NO, "The rate is another one by now", "Show the customer the product's `rates` of today, and ask again."),
    "not_allowed": Kind(_NO, "The customer's account may not hold it", "Nothing, before the customer is verified further."),
    "not_renewed": Kind(_NO, "The product does not renew itself", "Take `pay` or `keep` for `at_maturity`."),
    "unknown_deposit": Kind(_NO, "There is no such deposit of the account", "Take one of the account's deposits."),
    "closed": Kind(_NO, "All of the deposit was paid out", "Nothing: its money is in the wallet."),
    "not_paid_into": Kind(_NO, "The deposit takes no more", "Open another one; only a demand deposit is paid into."),
    "not_before_maturity": Kind(_NO, "The deposit cannot be taken out before it is due", "Wait until its `due`."),
    "only_whole": Kind(_NO, "Before it is due the deposit is taken out as a whole", "Leave `amount` out."),
    "more_than_there_is": Kind(_NO, "There is not that much in the deposit", "Ask for its `amount`, or less."),
    "more_than_free": Kind(_NO, "So much is not free of notices, or not there", "Ask for less, or cancel a notice first."),
    "leaves_too_little": Kind(_NO, "Less would be left than the product allows", "Ask for less, or for all of it."),
    "no_longer": Kind(_NO, "The deposit has no due day to come", "Take it out whenever it is wanted."),
    "no_notice": Kind(_NO, "The deposit is taken out without a notice", "Take it out."),
    "day_taken": Kind(_NO, "A notice for that day stands", "Cancel it, or give the other one tomorrow."),
    "too_little": Kind(_NO, "The notice is for less than the least withdrawal", "Ask for the product's `least_withdrawal` or more."),
    "unknown_notice": Kind(_NO, "There is no such notice of the account", "Take one of the deposit's `notices`."),
    "notice_over": Kind(_NO, "The notice does not stand any more", "Give another one, if money is to be taken out."),
    "unknown_biller": Kind(_NO, "There is no such biller", "Take the code of one that is listed."),
    "unknown_item": Kind(_NO, "The biller has no such item", "Name one of the items that the biller offers."),
    "biller_closed": Kind(_NO, "The biller takes no new payments", "Nothing: what is under way goes on."),
    "not_billed": Kind(_NO, "The biller sends no bills for that", "Top it up by hand."),
    "inquiry_required": Kind(_NO, "The biller wants to be asked first", "Inquire, then pay a bill of the answer."),
    "other_carrier": Kind(_NO, "The number is another carrier's", "Take the carrier that `detail` names."),
    "not_presented": Kind(_NO, "There is no such bill of the account", "Inquire, then pay a bill of the answer."),
    "paid_already": Kind(_NO, "The bill is paid already", "Nothing: look at the account's bill payments."),
    "closed_now": Kind(_NO, "The biller is closed at this hour", "Pay within the item's hours."),
    "above_maximum": Kind(_NO, "The amount is above the greatest that is taken", "Ask for the `maximum` of the item or product, or less."),
    "not_a_face": Kind(_NO, "The amount is none of the faces", "Choose one of the item's `faces`."),
    "above_the_bill": Kind(_NO, "The amount is above the bill", "Pay at most its `balance`."),
    "below_the_bill": Kind(_NO, "The amount is below the bill", "Pay at least its `balance`."),
    "not_the_balance": Kind(_NO, "The amount is not what the bill comes to", "Pay its `balance`; inquire again if that may have changed."),
    "unknown_number": Kind(_NO, "The biller does not know the account number", "Check it on a bill."),
    "above_limit": Kind(
        _NO, "The amount is above what the account may pay in a day or a year", "Pay less, or verify the customer further."
    ),
    "autopay_stands": Kind(_NO, "The account's bills are paid by themselves already", "Change or end the agreement that stands."),
    "no_text_messages": Kind(_NO, "Notices of that kind are never text messages", "Leave `sms` off for it."),
    "must_be_told": Kind(_NO, "Notices of that kind cannot be switched off", "Leave `push` or `sms` on for it."),
    "unknown_autopay": Kind(_NO, "No such agreement of the account stands", "Take one of the account's autopays that is `active`."),
    "internal_error": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "A fault of ours", "Ask again with the same key; name `request_id`.", True),
    "unavailable": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE, "The outcome is not known", "Send it again with the same key: it gives the first answer.", True
    ),
}

RENAMED = {"key_reused": "idempotency_key_reused", "unknown": "not_found"}
"""Refusals of the flows that have another name here."""
