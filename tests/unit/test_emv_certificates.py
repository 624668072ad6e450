"""Certificates and signatures of cards: published vectors, and what a verifier must refuse.

The vectors are chains of test cards under the schemes' public test keys (Visa 92 and 94, Mastercard F1, and an older Visa key of 768
bits), as the unit tests of two open-source EMV kernels have them: openemv/emv-utils (emv_rsa_test.c, emv_rsa_cda_test.c) and a Kotlin
kernel's OdaProcessHelper test. The check values of the keys are the schemes' own.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from math import lcm

import pytest
from card_authority import (
    AUTHORITY,
    CA_KEY,
    CARD,
    INDEX,
    ISSUER,
    ISSUER_SERIAL,
    OTHER_AUTHORITY,
    RID,
    SMALL_CARD,
    card_certificate,
    issuer_certificate,
)
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire import emv_rsa
from tapwealth.wire.emv_certificates import (
    CaKey,
    Certified,
    Revoked,
    certify_card,
    certify_issuer,
    opened,
    recover_card_key,
    recover_issuer_key,
    sealed,
)
from tapwealth.wire.emv_rsa import PrivateKey, PublicKey, private_key, read_pem
from tapwealth.wire.emv_signatures import (
    Combined,
    Dynamic,
    fast_terminal_data,
    sign_combined,
    sign_dynamic,
    sign_static,
    static_data_to_authenticate,
    verify_combined,
    verify_dynamic,
    verify_static,
)

h = bytes.fromhex
PAN, TODAY = Pan("6222000000000009"), date(2014, 2, 24)
STATIC = h("5A086222000000000009") + h("5F2403291231")


def public(modulus: str) -> PublicKey:
    return PublicKey(int(modulus, 16), 3)


VISA_92 = public(
    "996AF56F569187D09293C14810450ED8EE3357397B18A2458EFAA92DA3B6DF6514EC060195318FD43BE9B8F0CC669E3F844057CBDDF8BDA191BB64473BC8DC9A"
    "730DB8F6B4EDE3924186FFD9B8C7735789C23A36BA0B8AF65372EB57EA5D89E7D14E9C7B6B557460F10885DA16AC923F15AF3758F0F03EBD3C5C2C949CBA306D"
    "B44E6A2C076C5F67E281D7EF56785DC4D75945E491F01918800A9E2DC66F60080566CE0DAF8D17EAD46AD8E30A247C9F"
)
VISA_94 = public(
    "ACD2B12302EE644F3F835ABD1FC7A6F62CCE48FFEC622AA8EF062BEF6FB8BA8BC68BBF6AB5870EED579BC3973E121303D34841A796D6DCBC41DBF9E52C460979"
    "5C0CCF7EE86FA1D5CB041071ED2C51D2202F63F1156C58A92D38BC60BDF424E1776E2BC9648078A03B36FB554375FC53D57C73F5160EA59F3AFC5398EC7B6775"
    "8D65C9BFF7828B6B82D4BE124A416AB7301914311EA462C19F771F31B3B57336000DFF732D3B83DE07052D730354D297BEC72871DCCF0E193F171ABA27EE464C"
    "6A97690943D59BDABB2A27EB71CEEBDAFA1176046478FD62FEC452D5CA393296530AA3F41927ADFE434A2DF2AE3054F8840657A26E0FC617"
)
MASTERCARD_F1 = public(
    "A0DCF4BDE19C3546B4B6F0414D174DDE294AABBB828C5A834D73AAE27C99B0B053A90278007239B6459FF0BBCD7B4B9C6C50AC02CE91368DA1BD21AAEADBC653"
    "47337D89B68F5C99A09D05BE02DD1F8C5BA20E2F13FB2A27C41D3F85CAD5CF6668E75851EC66EDBF98851FD4E42C44C1D59F5984703B27D5B9F21B8FA0D93279"
    "FBBF69E090642909C9EA27F898959541AA6757F5F624104F6E1D3A9532F2A6E51515AEAD1B43B3D7835088A2FAFA7BE7"
)
UNIONPAY_08 = public(
    "B61645EDFD5498FB246444037A0FA18C0F101EBD8EFA54573CE6E6A7FBF63ED21D66340852B0211CF5EEF6A1CD989F66AF21A8EB19DBD8DBC3706D135363A0D6"
    "83D046304F5A836BC1BC632821AFE7A2F75DA3C50AC74C545A754562204137169663CFCC0B06E67E2109EBA41BC67FF20CC8AC80D7B6EE1A95465B3B2657533E"
    "A56D92D539E5064360EA4850FED2D1BF"
)


@pytest.mark.parametrize(
    ("rid", "index", "key", "published"),
    [
        ("A000000003", 0x92, VISA_92, "429C954A3859CEF91295F663C963E582ED6EB253"),
        ("A000000003", 0x94, VISA_94, "C4A3C43CCF87327D136B804160E47D43B60E6E0F"),
        ("A000000004", 0xF1, MASTERCARD_F1, "D8E68DA167AB5A85D8C3D55ECB9B0517A1A5B4BB"),
        ("A000000333", 0x08, UNIONPAY_08, "EE23B616C95C02652AD18860E48787C079E8E85A"),
    ],
)
def test_an_authoritys_key_has_the_check_value_that_its_scheme_publishes(rid: str, index: int, key: PublicKey, published: str) -> None:
    assert CaKey(h(rid), index, key).check_value == h(published)


VISA_CARD_PAN = Pan("4176662220010018")
VISA_ISSUER = Certified(
    h(
        "8828A01BD14335BBD0607E7700E9F13D7B367CB6AD7440C0C6521B391602B946AD1E527D779D496EF696FC2ABD6EB91C48899AA7CAF73A80A7BE69403E49FB93"
        "E530DBC536890D191EEAD9A513003304CAD3970488EF4E98EB3EA9867E1DDA552D38479D3F1379C22C1A61C625E5F2FB5845A7E590494BC0277368A71C1EC97E"
        "BE2ACDA6051B22B39BA0FC8F23A8BC9AFE964ECE21AFF0CCFE2CEED7D44ABEF88798DEB97F73920AD65F91FCD8A9E02E"
    ),
    h("95B60A462970C7F18237F59FA5BB675C4185922EC4B13397FD623346AACE0416AAAD33DF"),
    b"\x03",
)
VISA_CARD = Certified(
    h(
        "202B8FB78ADE6393DDAAB41682588CCF67459B2745F0868CD0E14AADEFA8EE535DA681A399850AD200A1002D795659CA739C4387B298CA61D07A4CB70DB2B6D6"
        "4272180A207D2B913494188EDD3E6E333E089702F56552236FCABE16FA445C0A3FB75A48E7B1200D686F28BA35074FB90CE13535F3102969B9D563E45906EC93"
        "6AE6DFF8F5B562E315DD97A5A68410216A930B332A495E5C5C2AF919E8987546697A7FA5DFFD907BC68C63FA5E04CE9A"
    ),
    h("8838AE2A3FF6E8006F310E4C1ADD14497F20DC0DD46AD1F1D8B5D91C80358F6B1BB83E24BD1B0C4E3331"),
    b"\x03",
)
VISA_SIGNATURE = h(
    "1A2AD9501EAC03C21FB3EF22724599C5C84A37E00249B2B179513E4E8BD0A3D3E51E149AEA08B26F6E4CC99F70C8A5F09A8F7CF6CC6E1C75BD84C8945CE871F4"
    "6F634095D4513E782A8327BC1775ED8CC2469C056B2438524C55D3BA9594A6E268998359E130982B080E9B473441E1C7B5C3FDD7D84095BCE9B7DB8087C3132A"
    "2F7BCDB3B7DC1781A05E9AFD543763180D2D1D2E9E99C3619622268BAF0ACD2C3B81B2DA1AAFBD773E86990B2987B8FC"
)


def test_a_published_chain_of_scheme_issuer_card_and_its_contactless_signature_is_recovered() -> None:
    """The last signature is a fast DDA of version 01 (the layout is Visa's, which PBOC took over): number, amount, currency and 9F69."""
    issuer = recover_issuer_key(CaKey(h("A000000003"), 0x92, VISA_92), VISA_ISSUER, VISA_CARD_PAN, TODAY)
    assert issuer.key.size == 176
    card = recover_card_key(issuer.key, VISA_CARD, VISA_CARD_PAN, TODAY, h("5A0841766622200100185F2403241231"))
    given = fast_terminal_data(0x01, h("2C975EAC"), h("000000001800"), h("0978"), h("01253996170000"))
    assert len(verify_dynamic(card.key, VISA_SIGNATURE, given).number) >= 2


def test_a_published_card_with_static_data_alone_is_authentic() -> None:
    authority = public(
        "AF0754EAED977043AB6F41D6312AB1E22A6809175BEB28E70D5F99B2DF18CAE73519341BBBD327D0B8BE9D4D0E15F07D36EA3E3A05C892F5B19A3E9D3413B0D9"
        "7E7AD10A5F5DE8E38860C0AD004B1E06F4040C295ACB457A788551B6127C0B29"
    )
    given = Certified(
        h(
            "191AB5AC03365D5E9515C398CCC5C744A728A4FCFDE194D0B88B0FA1673AEBDD8AAADF0EDBBC12414E7107A9F2B02DFB3985167C0EE9CDF3CB78749BF6D0AAE6"
            "0E4C979F7E2AE635A77451B0E2F2EB136AB02076CBE1E70CC4EE5529434A9EC6"
        ),
        h("CFB8D4885D960967179F982D42CE54ECC2054683"),
        b"\x03",
    )
    issuer = recover_issuer_key(CaKey(h("A000000003"), 0x50, authority), given, Pan("4761739001010010"), date(2000, 1, 1))
    signed = h(
        "110BB9DF2D21981906B29A301411F9FA60CF494DBABABF54B1797C9C4B5D99B5E67AB73049E771FC5FDC23E58350B781005324D31DC87AD0FBF636733808056D"
        "66074632711E7CBF14073796E1B60D4D"
    )
    assert len(verify_static(issuer.key, signed, h("5A0847617390010100105F340101"))) == 2


def test_a_published_combined_signature_opens_to_the_cards_number_and_cryptogram() -> None:
    """What follows the number is the decision (00, declined), the cryptogram, and the hash of a transaction that was not published."""
    key = public(
        "900000000000000000000000001200000000000000000000000000000000480000000000000000000000000000000010"
        "800000000000000000000000019800000000000000000000000000000006600000000000000000000000000000000055"
    )
    signature = h(
        "7B9F22B297CCEAD536B87C449EEE744C6971AA0EBDD6B611C88E30FFF0A671CC6D6AC45A5555311E30C466863817EA0AA3D13B54BEA6849976592DFC73DED0BB"
        "958D506DF7180FAA7A1FD0540859C0E539035BAB64CE8891353DDD3008A0B446"
    )
    signed = verify_dynamic(key, signature, h("8B55633B"))
    assert signed.number == h("537EB5E03CC433C8")
    assert signed.rest == h("00") + h("55B6408DBC985131") + h("A04620C52455EA8F2370647AF36748A2CA4AA9F6")
    with pytest.raises(BadInput, match="hash of the transaction"):
        verify_combined(key, signature, h("8B55633B"), b"another transaction", 0x00)


# ---- our own authority


def recovered_card(given: Certified, pan: Pan = PAN, today: date = TODAY, static_data: bytes = STATIC) -> PublicKey:
    issuer = recover_issuer_key(CA_KEY, issuer_certificate(), pan, today)
    return recover_card_key(issuer.key, given, pan, today, static_data).key


@pytest.mark.parametrize("card", [CARD, SMALL_CARD, ISSUER])
def test_a_made_chain_is_recovered_with_and_without_a_remainder(card: PrivateKey) -> None:
    given = card_certificate(PAN, STATIC, card=card)
    assert bool(given.remainder) == (card.public.size > ISSUER.public.size - 42)
    assert recovered_card(given) == card.public


def test_a_certificate_is_good_to_the_last_day_of_its_month() -> None:
    given = issuer_certificate(good_to=date(2024, 2, 1))
    assert recover_issuer_key(CA_KEY, given, PAN, date(2024, 2, 29)).last_day == date(2024, 2, 29)
    with pytest.raises(BadInput, match="expired on 2024-02-29"):
        recover_issuer_key(CA_KEY, given, PAN, date(2024, 3, 1))


@pytest.mark.parametrize("digits", ["622", "62220000"])
def test_an_issuer_is_known_by_three_to_eight_digits(digits: str) -> None:
    assert recover_issuer_key(CA_KEY, issuer_certificate(digits), PAN, TODAY).serial == ISSUER_SERIAL


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "another issuer's digits": (lambda: recover_issuer_key(CA_KEY, issuer_certificate("622201"), PAN, TODAY), "another issuer's"),
    "another authority": (
        lambda: recover_issuer_key(replace(CA_KEY, key=OTHER_AUTHORITY.public), issuer_certificate(), PAN, TODAY),
        "176-byte key",
    ),
    "another authority of that length": (
        lambda: recover_issuer_key(replace(CA_KEY, key=ISSUER.public), issuer_certificate(authority=OTHER_AUTHORITY), PAN, TODAY),
        "trailer|below the modulus",
    ),
    "a revoked issuer": (
        lambda: recover_issuer_key(CA_KEY, issuer_certificate(), PAN, TODAY, {Revoked(RID, INDEX, ISSUER_SERIAL)}),
        "serial 00A501 is revoked",
    ),
    "an expired card": (lambda: recovered_card(card_certificate(PAN, STATIC, date(2014, 1, 31))), "9F46.*expired on 2014-01-31"),
    "another card": (lambda: recovered_card(card_certificate(Pan("6222000000000017"), STATIC)), "another card's"),
    "other static data": (lambda: recovered_card(card_certificate(PAN, STATIC), static_data=STATIC[:-1] + b"\x30"), "9F46.*hash"),
    "a card's certificate for an issuer's": (
        lambda: recover_issuer_key(replace(CA_KEY, key=ISSUER.public), card_certificate(PAN, STATIC), PAN, TODAY),
        "format is 04, not 02",
    ),
    "no remainder": (lambda: recovered_card(card_certificate(PAN, STATIC, card=ISSUER)._replace(remainder=b"")), "hash"),
    "another exponent": (lambda: recovered_card(card_certificate(PAN, STATIC)._replace(exponent=b"\x11")), "hash"),
    "nothing": (lambda: recovered_card(Certified(b"", b"", b"")), "0 bytes are not a block"),
    "a number above the modulus": (
        lambda: recovered_card(card_certificate(PAN, STATIC)._replace(certificate=b"\xff" * 176)),
        "below the modulus",
    ),
    "a key longer than its authority's": (lambda: certify_card(SMALL_CARD, PAN, TODAY, bytes(3), CARD.public, b""), "never longer"),
    "letters for digits": (lambda: certify_issuer(AUTHORITY, "62220A", TODAY, bytes(3), ISSUER.public), "3 to 8 digits"),
    "a short serial number": (lambda: certify_issuer(AUTHORITY, "622200", TODAY, bytes(2), ISSUER.public), "three are needed"),
    "an exponent of one": (lambda: PublicKey(CARD.public.modulus, 1), "exponent 1"),
    "an even modulus": (lambda: PublicKey(CARD.public.modulus + 1, 3), "not usable"),
    "numbers that are no key": (lambda: private_key(CARD.public.modulus, 3, SMALL_CARD.exponent), "do not belong together"),
    "no PEM": (lambda: read_pem("key"), "PEM"),
    "a list of other tags": (lambda: static_data_to_authenticate([], h("829F10"), h("7C00")), "9F4A.*829F10"),
    "an empty list": (lambda: static_data_to_authenticate([], b"", h("7C00")), "9F4A.*empty"),
    "a record without its template": (lambda: static_data_to_authenticate([(2, STATIC)], None, h("7C00")), "file 2.*template 70"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_right_is_refused_with_the_failed_check(case: str) -> None:
    attempt, words = REFUSED[case]
    with pytest.raises(BadInput, match=words) as refused:
        attempt()
    assert PAN.reveal() not in str(refused.value)


MADE = card_certificate(PAN, STATIC)
CONTENT = opened(ISSUER.public, MADE.certificate, 0x04, where="made")[:-20]


@pytest.mark.parametrize(
    ("at", "byte", "words"),
    [
        (11, 0x13, "no month"),
        (16, 0x02, "algorithms 02 01"),
        (17, 0x03, "algorithms 01 03"),
        (18, 145, "another length"),
        (19, 3, "another length"),
    ],
)
def test_a_rightly_signed_certificate_that_says_something_impossible_is_refused(at: int, byte: int, words: str) -> None:
    content = CONTENT[:at] + bytes((byte,)) + CONTENT[at + 1 :]
    signed = sealed(ISSUER, content, MADE.remainder + MADE.exponent + STATIC)
    with pytest.raises(BadInput, match=words):
        recover_card_key(ISSUER.public, MADE._replace(certificate=signed), PAN, TODAY, STATIC)


def test_a_block_with_another_header_is_refused() -> None:
    block = ISSUER.public.recover(MADE.certificate, where="made")
    with pytest.raises(BadInput, match="header is 4A, not 6A"):
        opened(ISSUER.public, ISSUER.sign(b"\x4a" + block[1:]), 0x04, where="made")


def test_the_static_data_are_the_marked_records_and_the_profile_if_it_is_named() -> None:
    short, long = h("7004") + h("5A021234"), h("7003") + h("9F0800")
    assert static_data_to_authenticate([(10, short), (11, long)], h("82"), h("7C00")) == short[2:] + long + h("7C00")
    assert static_data_to_authenticate([(1, h("708104") + short[2:])], None, h("7C00")) == short[2:]


def test_static_dynamic_and_combined_signatures_are_recovered_over_their_own_data_alone() -> None:
    static = sign_static(ISSUER, h("DAC1"), STATIC)
    assert verify_static(ISSUER.public, static, STATIC) == h("DAC1")
    dynamic = sign_dynamic(CARD, Dynamic(h("0ADC0001")), h("01020304"))
    assert verify_dynamic(CARD.public, dynamic, h("01020304")) == Dynamic(h("0ADC0001"))
    combined = sign_combined(CARD, Combined(h("0ADC"), 0x40, bytes(8)), h("01020304"), b"transaction")
    assert verify_combined(CARD.public, combined, h("01020304"), b"transaction", 0x40) == Combined(h("0ADC"), 0x40, bytes(8))
    for attempt, words in (
        (lambda: verify_static(ISSUER.public, static, STATIC + b"x"), "93.*hash"),
        (lambda: verify_dynamic(CARD.public, dynamic, h("01020305")), "9F4B.*hash"),
        (lambda: verify_dynamic(ISSUER.public, static, STATIC), "format is 03, not 05"),
        (lambda: verify_combined(CARD.public, dynamic, h("01020304"), b"transaction", 0x40), "no cryptogram is signed"),
        (lambda: verify_combined(CARD.public, combined, h("01020304"), b"transaction", 0x80), "signed decision is 40, 9F27 says 80"),
        (lambda: verify_combined(CARD.public, combined, h("01020304"), b"another", 0x40), "hash of the transaction"),
        (lambda: sign_dynamic(SMALL_CARD, Dynamic(bytes(104)), b""), "room for 103"),
    ):
        with pytest.raises(BadInput, match=words):
            attempt()


@pytest.mark.parametrize(
    ("content", "words"),
    [("0502", "hash algorithm 02"), ("050100", "no card's number"), ("05010302AABBCC", "")]
    + [(text, "no card's number") for text in ("0501FF02", "0501020100", "05010209", "05010A09000102030405060708")],
)
def test_a_signed_number_must_be_well_formed(content: str, words: str) -> None:
    signature = sealed(CARD, h(content).ljust(CARD.public.size - 22, b"\xbb"), b"")
    if words:
        with pytest.raises(BadInput, match=words):
            verify_dynamic(CARD.public, signature, b"")
    else:
        assert verify_dynamic(CARD.public, signature, b"").number == h("AABB")


def test_fast_dda_signs_amount_and_currency_from_version_01_on() -> None:
    parts = (h("01020304"), h("000000001234"), h("0156"), h("01AABBCCDD0080"))
    assert fast_terminal_data(0, *parts) == parts[0]
    assert fast_terminal_data(1, *parts) == b"".join(parts)
    with pytest.raises(BadInput, match="version 02"):
        fast_terminal_data(2, *parts)


def foreign(key: PrivateKey) -> rsa.RSAPrivateKey:
    numbers = rsa.RSAPublicNumbers(key.public.exponent, key.public.modulus)
    d, p, q = key.exponent, key.p, key.q
    return rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), numbers).private_key()


@pytest.mark.parametrize("key", [CARD, ISSUER, AUTHORITY])
def test_the_raw_operation_is_the_one_of_an_independent_library(key: PrivateKey) -> None:
    """A PKCS #1 v1.5 signature is the raw operation on a block whose bytes are known (RFC 8017, 9.2)."""
    message = b"the same block from both sides"
    digest = hashes.Hash(hashes.SHA256())
    digest.update(message)
    prefix = h("3031300D060960864801650304020105000420")
    tail = b"\x00" + prefix + digest.finalize()
    block = b"\x00\x01" + b"\xff" * (key.public.size - 2 - len(tail)) + tail
    signature = foreign(key).sign(message, padding.PKCS1v15(), hashes.SHA256())
    assert key.sign(block) == signature
    assert key.public.recover(signature, where="signature") == block


@pytest.mark.parametrize("key", [CARD, ISSUER, AUTHORITY])
def test_a_key_of_three_numbers_has_the_primes_that_a_search_finds(key: PrivateKey) -> None:
    """Whether its maker reckoned the private exponent by the product of p − 1 and q − 1 or by their least common multiple (FIPS 186-5)."""
    modulus, exponent = key.public.modulus, key.public.exponent
    searched = rsa.rsa_recover_prime_factors(modulus, exponent, key.exponent)
    for whole in ((key.p - 1) * (key.q - 1), lcm(key.p - 1, key.q - 1)):
        found = private_key(modulus, exponent, pow(exponent, -1, whole))
        assert (found.p, found.q) == tuple(searched)
        assert emv_rsa._primes(modulus, exponent, found.exponent), "without a search"
    assert emv_rsa._primes(modulus, exponent, key.exponent + 2) is None


def test_a_miscounted_signature_is_never_given_out() -> None:
    broken = replace(CARD, exponent=CARD.exponent + 2)
    with pytest.raises(AssertionError, match="miscounted"):
        broken.sign(b"\x6a" + bytes(CARD.public.size - 2) + b"\xbc")


def test_a_key_in_pem_signs_as_its_numbers_do() -> None:
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    read = read_pem(foreign(CARD).private_bytes(*kinds).decode())
    assert read == private_key(CARD.public.modulus, 3, CARD.exponent)
    assert opened(CARD.public, sign_dynamic(read, Dynamic(h("0001")), b""), 0x05, where="x")
    assert str(read.p) not in repr(read)
