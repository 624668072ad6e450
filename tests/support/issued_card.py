"""A phone's card with everything: limited-use keys, files under the test authority, electronic cash."""

from datetime import date

from card_authority import INDEX, ISSUER, SMALL_CARD, issuer_certificate

from tapwealth.card.state import CardState, Files, Interface, LimitedUseKey, Purse
from tapwealth.issuing.card_files import IssuerCertificate, card_files
from tapwealth.kernel.masked import Masked, Pan
from tapwealth.wire.emv_crypto import cash_load_key, limited_use_key
from tapwealth.wire.emv_data import Track2

PAN = Pan("6222000000000009")
CARD_KEY = bytes.fromhex("0D2E3CB0BC1F9E03AED58F663A2F9679")
TODAY = date(2014, 2, 24)


def keys(*ranges: tuple[int, int]) -> tuple[LimitedUseKey, ...]:
    """Keys 1, 2, … for these counters."""
    return tuple(
        LimitedUseKey(number, Masked(limited_use_key(CARD_KEY, number).hex()), first, last)
        for number, (first, last) in enumerate(ranges, 1)
    )


def issued(*, balance: int = 500_00, interface: Interface = Interface.CONTACTLESS, consent_limit: int | None = None) -> CardState:
    """Never used, good for 20 taps, with `balance` fen on it."""
    track2 = Track2(PAN, "2712", "220")
    made = card_files(
        track2, "01", TODAY, IssuerCertificate(INDEX, issuer_certificate(), ISSUER), bytes.fromhex("000007"), SMALL_CARD.public
    )
    return CardState(
        track2,
        "01",
        keys((1, 10), (11, 20)),
        files=Files(made.aip, made.records, made.offline_afl, made.contact_afl, SMALL_CARD),
        cash=Purse(balance, 1000_00, 200_00, 10_00, Masked(cash_load_key(CARD_KEY).hex())),
        consent_limit=consent_limit,
    ).powered_on(interface)
