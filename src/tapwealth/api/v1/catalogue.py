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
    "too_large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large", "Send less: JSON up to 64 KiB, a file up to 10 MiB."),
    "too_slow": Kind(
        HTTPStatus.REQUEST_TIMEOUT, "The body did not come in time", "Send it again, at once and whole, with the same key.", True
    ),
    "busy": Kind(
        HTTPStatus.TOO_MANY_REQUESTS, "Another file is being taken", "Send it again after `Retry-After` seconds, with the same key.", True
    ),
    "wrong_media_type": Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is of another kind", "Send JSON as application/json, a file as what it is."
    ),
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
    "not_in_force": Kind(_NO, "The plan or policy is not in force", "Nothing: only what is in force can be paused or paid for."),
    "in_force": Kind(_NO, "The plan is in force", "Nothing: it goes on by itself."),
    "above_instant_cap": Kind(_NO, "The amount is above what may be had at once today", "Ask for less, or redeem in the ordinary way."),
    "not_a_money_fund": Kind(_NO, "The fund has a price of its own", "Redeem in the ordinary way; only a money fund pays at once."),
    "no_choice": Kind(_NO, "The fund pays no dividends to choose for", "Nothing: a money fund's income becomes units every day."),
    "under_way": Kind(_NO, "Something else about it is under way still", "Wait for its outcome; then do what is left to do."),
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
    "begins_when": Kind(_NO, "Cover cannot begin on that day", "Take a day from tomorrow on that `detail` allows."),
    "insures_no_person": Kind(_NO, "The policy insures what is the customer's own", "Leave `insured` out."),
    "you_are_a_minor": Kind(_NO, "The customer is too young to insure somebody else", "Nothing: this customer may not buy it."),
    "no_interest": Kind(_NO, "The customer may not insure this person", "Nothing: spouse, children and parents alone may be insured."),
    "consent_missing": Kind(_NO, "The insured person has to agree", "Have it in writing, and name `consent` in `confirmed`."),
    "not_paid_at_death": Kind(_NO, "The policy pays nothing at death", "Leave the beneficiaries out."),
    "above_minors_cap": Kind(_NO, "A minor is not insured for that much", "Nothing: it counts all policies, of other insurers as well."),
    "no_phone_wanted": Kind(_NO, "The policy is bound to no phone", "Leave `phone` out."),
    "phone_missing": Kind(_NO, "The policy is bound to a phone", "Name it in `phone`."),
    "phone_too_old": Kind(_NO, "The phone was bought too long ago", "Nothing: this phone is not insured."),
    "not_inspected": Kind(_NO, "The phone was not inspected", "Have it inspected, and name `inspection` in `confirmed`."),
    "phone_insured": Kind(_NO, "The phone is insured by another policy", "Wait until that one ends, or cancel it."),
    "not_answered": Kind(_NO, "A question has no answer", "Answer each of the product's `questions`."),
    "declined": Kind(_NO, "The insurer does not take this risk on", "Nothing: no money was taken."),
    "referred": Kind(_NO, "An underwriter has to look at the answers", "Apply for the policy."),
    "not_referred": Kind(_NO, "Nobody has to look at the answers", "Buy the policy with them."),
    "unknown_application": Kind(_NO, "There is no such application of the account", "Take one of the account's applications."),
    "not_accepted": Kind(_NO, "A policy cannot be bought by that application", "Take one that is `accepted`, before `good_until`."),
    "occupation_not_covered": Kind(_NO, "Work of that class is not covered", "Nothing: look for another product."),
    "no_price": Kind(_NO, "There is no price for that today", "Look for another product."),
    "premium_differs": Kind(_NO, "The premium is another one by now", "Show the customer what `detail` says, and ask again."),
    "unknown_policy": Kind(_NO, "There is no such policy of the account", "Take one of the account's policies."),
    "not_issued": Kind(_NO, "The insurer has not issued the policy yet", "Wait until it is `issued`."),
    "over": Kind(_NO, "It is over", "Nothing: look at its `state`."),
    "not_possible_now": Kind(_NO, "That is not possible as it stands", "Look at its `state`; `detail` says what to wait for."),
    "refund_differs": Kind(_NO, "Another sum would come back by now", "Show the customer what `detail` says, and ask again."),
    "no_free_look": Kind(_NO, "The policy has no free look", "Cancel it for the unearned part."),
    "free_look_over": Kind(_NO, "The free look is over", "Cancel it for the unearned part."),
    "cover_suspended": Kind(_NO, "Cover is suspended", "Reinstate the policy: pay its `arrears`."),
    "nothing_due": Kind(_NO, "No premium can be paid now", "Wait until 30 days before its `due_on`, if there is one."),
    "not_suspended": Kind(_NO, "Cover is not suspended", "Pay the premium that is due, if any."),
    "too_late": Kind(_NO, "It is too late for that", "Nothing: `detail` says until when it was possible."),
    "no_mandate": Kind(_NO, "Nothing is agreed about its premiums", "Nothing: it is done."),
    "not_running": Kind(_NO, "The policy does not run", "Nothing: only one that is `issued` or `in_force` is changed."),
    "endorsement_under_way": Kind(_NO, "A change of the policy is under way", "Wait for the insurer's answer."),
    "not_by_occupation": Kind(_NO, "The policy does not go by work", "Nothing: it need not be told."),
    "same_as_before": Kind(_NO, "Nothing would change", "Nothing: it is so already."),
    "amount_differs": Kind(_NO, "It is another amount by now", "Show the customer what `detail` says, and ask again."),
    "unknown_tap": Kind(_NO, "There is no such payment by card of the account", "Take one of the account's card payments."),
    "not_paid": Kind(_NO, "Nothing was paid", "Nothing: look at its `state`."),
    "never_issued": Kind(_NO, "The insurer never issued the policy", "Nothing: its premium is back."),
    "rescinded": Kind(_NO, "The policy was ended for what was untrue on purpose", "Nothing: such a loss is not paid."),
    "other_loss": Kind(_NO, "The policy does not insure such a loss", "Take another `kind`, or another policy."),
    "loss_ahead": Kind(_NO, "The day of the loss is still to come", "Mend `loss_day`."),
    "before_cover": Kind(_NO, "The loss was before cover began", "Nothing: such a loss is not paid."),
    "after_cover": Kind(_NO, "The loss was after cover had ended", "Nothing: such a loss is not paid."),
    "not_covered_then": Kind(_NO, "Cover was suspended on that day", "Nothing: such a loss is not paid."),
    "within_waiting": Kind(_NO, "The loss was within the waiting time", "Nothing: such a loss is not paid."),
    "by_own_hand": Kind(_NO, "The loss was brought about on purpose", "Nothing: such a loss is not paid."),
    "other_device": Kind(_NO, "The policy insures another phone", "Claim with the IMEI of the insured phone."),
    "all_replaced": Kind(_NO, "Everything that the policy replaces was replaced", "Nothing: look at the account's claims."),
    "not_disputed": Kind(_NO, "The payment is not disputed", "Dispute it first."),
    "not_cleared": Kind(_NO, "The payment is not cleared yet, or was given back", "Ask again when it is `captured`."),
    "before_look_back": Kind(_NO, "The payment was told of too late", "Nothing: such a loss is not paid."),
    "tap_claimed": Kind(_NO, "The payment is claimed already", "Nothing: look at the account's claims."),
    "limit_used": Kind(_NO, "The sum insured is used up", "Nothing: such a loss is not paid."),
    "illness_claimed": Kind(_NO, "An illness of that group is claimed already", "Nothing: look at the account's claims."),
    "unknown_claim": Kind(_NO, "There is no such claim of the account", "Take one of the account's claims."),
    "appealed_before": Kind(_NO, "The claim was appealed once", "Nothing: it is looked at once more, and once only."),
    "appeal_over": Kind(_NO, "The time for an appeal is over", "Nothing: the decision stands."),
    "more_than_paid": Kind(_NO, "More would come back than was paid", "Give what `detail` says, or less."),
    "erased": Kind(HTTPStatus.GONE, "The file's time is over, and it was erased", "Nothing: its `sha256` is left."),
    "too_many_files": Kind(_NO, "The claim has too many files", "Put several pages into one PDF."),
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
