"""Why an authorisation is declined: the reason for operations, and the response code (ISO 8583 field 39) that goes outward.

The reasons are checked in the order of this enum. The code says no more than the terminal needs.
"""

from enum import Enum


class DeclineReason(Enum):
    """(response code, what it means)."""

    UNKNOWN_MERCHANT = ("03", "the merchant or terminal is not enrolled")
    MERCHANT_SUSPENDED = ("03", "the merchant is suspended")
    MERCHANT_CLOSED = ("03", "the merchant's contract is at an end")
    TERMINAL_SUSPENDED = ("58", "the terminal is suspended")
    TERMINAL_CLOSED = ("58", "the terminal is closed, or another one has taken its place")
    UNKNOWN_TOKEN = ("14", "no such card")
    TOKEN_NOT_ACTIVE = ("62", "the card in this phone is suspended or deleted")
    WRONG_EXPIRY = ("54", "the expiry date is not the card's")
    ENTRY_MODE = ("57", "the card is not for being read in this way")
    REVERSED_BEFORE = ("12", "its reversal came before the sale")
    WRONG_CURRENCY = ("12", "only CNY is accepted")
    BAD_CHIP_DATA = ("05", "the chip data are incomplete or contradict the message")
    CARD_DECLINED = ("05", "the card itself declined")
    KEY_INDEX_RETIRED = ("05", "the card was made under a master key that is honoured no more: the phone must be given a new card")
    WRONG_CRYPTOGRAM = ("05", "the cryptogram is not the card's")
    NOT_APPROVED_OFFLINE = ("05", "the card did not approve this by itself: it is no offline sale")
    CLAIMED_BEFORE = ("94", "this approval of the card was claimed before")
    COUNTER_REPLAYED = ("05", "the card's counter was used before")
    KEY_USED_UP = ("05", "no key was given out for the card's counter: the phone must ask for more")
    KEY_TOO_OLD = ("05", "the key is too old: the phone must renew it")
    KEY_AMOUNT_USED_UP = ("61", "above the key's amount: the phone must renew it")
    COUNTER_JUMPED = ("05", "the card's counter is too far ahead of the greatest one met")
    CATEGORY_DENIED = ("57", "the card does not pay at merchants of this category")
    CATEGORY_OFF = ("62", "the customer has turned this category of merchants off")
    NOT_VERIFIED = ("61", "above what may be paid without verification of the holder")
    TOO_MANY_TAPS = ("65", "more taps than the rules allow in this time")
    TOO_MUCH = ("61", "more money than the rules allow in this time")
    ABOVE_OWN_LIMIT = ("61", "above the limit that the customer set for the card's day")
    ABOVE_LIMIT = ("61", "above what this customer may pay")
    NO_MONEY = ("51", "wallet and fund do not suffice")
    LINE_USED_UP = ("51", "the bank's advance line is used up")
    ABOVE_MANDATE = ("51", "wallet and fund do not suffice, and the bound bank card may not pay that much")
    BANK_REFUSED = ("51", "the customer's bank does not pay it")
    BANK_SILENT = ("91", "the customer's bank has not answered in time")

    @property
    def response_code(self) -> str:
        return self.value[0]

    @property
    def text(self) -> str:
        return self.value[1]
