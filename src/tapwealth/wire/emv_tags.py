"""The data elements of a tap by tag: name, who gives it, format and length (EMV Book 3, Annex A; PBOC 3.0 parts 5 and 12 for 9F5D to 9F6C).

A table for three readers: DOL processing, which pads by format; checks of length; and people, who want the name beside the tag.
"""

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import NamedTuple

from tapwealth.wire.tlv import tag_name


class Tag(IntEnum):
    """Tags that code handles by name; the tag stands in the name."""

    AID_4F = 0x4F
    LABEL_50 = 0x50
    TRACK2_57 = 0x57
    PAN_5A = 0x5A
    APPLICATION_TEMPLATE_61 = 0x61
    FCI_6F = 0x6F
    RECORD_70 = 0x70
    RESPONSE_FORMAT_2_77 = 0x77
    RESPONSE_FORMAT_1_80 = 0x80
    AIP_82 = 0x82
    COMMAND_TEMPLATE_83 = 0x83
    DF_NAME_84 = 0x84
    PRIORITY_87 = 0x87
    SFI_88 = 0x88
    RESPONSE_CODE_8A = 0x8A
    CDOL1_8C = 0x8C
    CDOL2_8D = 0x8D
    CVM_LIST_8E = 0x8E
    CA_INDEX_8F = 0x8F
    ISSUER_CERTIFICATE_90 = 0x90
    ISSUER_REMAINDER_92 = 0x92
    AFL_94 = 0x94
    TVR_95 = 0x95
    DATE_9A = 0x9A
    TYPE_9C = 0x9C
    FCI_PROPRIETARY_A5 = 0xA5
    EXPIRY_5F24 = 0x5F24
    EFFECTIVE_5F25 = 0x5F25
    ISSUER_COUNTRY_5F28 = 0x5F28
    CURRENCY_5F2A = 0x5F2A
    LANGUAGE_5F2D = 0x5F2D
    PSN_5F34 = 0x5F34
    AMOUNT_9F02 = 0x9F02
    AMOUNT_OTHER_9F03 = 0x9F03
    USAGE_9F07 = 0x9F07
    CARD_VERSION_9F08 = 0x9F08
    VERSION_9F09 = 0x9F09
    ACTION_DEFAULT_9F0D = 0x9F0D
    ACTION_DENIAL_9F0E = 0x9F0E
    ACTION_ONLINE_9F0F = 0x9F0F
    IAD_9F10 = 0x9F10
    CODE_TABLE_9F11 = 0x9F11
    PREFERRED_NAME_9F12 = 0x9F12
    COUNTRY_9F1A = 0x9F1A
    FLOOR_LIMIT_9F1B = 0x9F1B
    IFD_SERIAL_9F1E = 0x9F1E
    TIME_9F21 = 0x9F21
    CRYPTOGRAM_9F26 = 0x9F26
    CID_9F27 = 0x9F27
    KERNEL_9F2A = 0x9F2A
    ISSUER_EXPONENT_9F32 = 0x9F32
    CAPABILITIES_9F33 = 0x9F33
    CVM_RESULTS_9F34 = 0x9F34
    TERMINAL_TYPE_9F35 = 0x9F35
    ATC_9F36 = 0x9F36
    UNPREDICTABLE_NUMBER_9F37 = 0x9F37
    PDOL_9F38 = 0x9F38
    ENTRY_MODE_9F39 = 0x9F39
    ADDITIONAL_CAPABILITIES_9F40 = 0x9F40
    SEQUENCE_COUNTER_9F41 = 0x9F41
    CURRENCY_9F42 = 0x9F42
    CARD_CERTIFICATE_9F46 = 0x9F46
    CARD_EXPONENT_9F47 = 0x9F47
    CARD_REMAINDER_9F48 = 0x9F48
    DDOL_9F49 = 0x9F49
    STATIC_TAGS_9F4A = 0x9F4A
    SIGNED_DATA_9F4B = 0x9F4B
    LOG_ENTRY_9F4D = 0x9F4D
    MERCHANT_NAME_9F4E = 0x9F4E
    LOG_FORMAT_9F4F = 0x9F4F
    OFFLINE_AMOUNT_9F5D = 0x9F5D
    TTQ_9F66 = 0x9F66
    CARD_AUTHENTICATION_9F69 = 0x9F69
    CTQ_9F6C = 0x9F6C
    CASH_THRESHOLD_9F6D = 0x9F6D
    ISSUER_AUTHORISATION_9F74 = 0x9F74
    CASH_LIMIT_9F77 = 0x9F77
    CASH_SINGLE_LIMIT_9F78 = 0x9F78
    CASH_BALANCE_9F79 = 0x9F79
    CASH_TERMINAL_9F7A = 0x9F7A
    ISSUER_DISCRETIONARY_BF0C = 0xBF0C


class Source(Enum):
    """Who gives the element."""

    CARD = "card"
    TERMINAL = "terminal"
    ISSUER = "issuer"


class Format(Enum):
    """How the value is coded (EMV Book 3, 4.3); it decides how a DOL pads it."""

    BINARY = "b"
    NUMERIC = "n"
    COMPRESSED = "cn"
    ALPHANUMERIC = "an"
    TEXT = "ans"
    TEMPLATE = "template"


class TagInfo(NamedTuple):
    """`shortest` and `longest` are in bytes."""

    name: str
    source: Source
    format: Format
    shortest: int
    longest: int


def _table() -> dict[int, TagInfo]:
    card, terminal, issuer = Source.CARD, Source.TERMINAL, Source.ISSUER
    b, n, cn, an, ans, group = Format.BINARY, Format.NUMERIC, Format.COMPRESSED, Format.ALPHANUMERIC, Format.TEXT, Format.TEMPLATE
    rows = {
        Tag.AID_4F: ("Application identifier", card, b, 5, 16),
        Tag.LABEL_50: ("Application label", card, ans, 1, 16),
        Tag.TRACK2_57: ("Track 2 equivalent data", card, b, 8, 19),
        Tag.PAN_5A: ("Application PAN", card, cn, 6, 10),
        Tag.APPLICATION_TEMPLATE_61: ("Application template", card, group, 0, 252),
        Tag.FCI_6F: ("File control information template", card, group, 0, 252),
        Tag.RECORD_70: ("Record template", card, group, 0, 252),
        Tag.RESPONSE_FORMAT_2_77: ("Response template, format 2", card, group, 0, 252),
        Tag.RESPONSE_FORMAT_1_80: ("Response, format 1", card, b, 0, 252),
        Tag.AIP_82: ("Application interchange profile", card, b, 2, 2),
        Tag.COMMAND_TEMPLATE_83: ("Command template", terminal, b, 0, 252),
        Tag.DF_NAME_84: ("Dedicated file name", card, b, 5, 16),
        Tag.PRIORITY_87: ("Application priority indicator", card, b, 1, 1),
        Tag.SFI_88: ("Short file identifier", card, b, 1, 1),
        Tag.RESPONSE_CODE_8A: ("Authorisation response code", issuer, an, 2, 2),
        Tag.CDOL1_8C: ("Card risk management data object list 1", card, b, 0, 252),
        Tag.CDOL2_8D: ("Card risk management data object list 2", card, b, 0, 252),
        Tag.CVM_LIST_8E: ("Cardholder verification method list", card, b, 10, 252),
        Tag.CA_INDEX_8F: ("Certification authority public key index", card, b, 1, 1),
        Tag.ISSUER_CERTIFICATE_90: ("Issuer public key certificate", card, b, 64, 248),
        0x91: ("Issuer authentication data", issuer, b, 8, 16),
        Tag.ISSUER_REMAINDER_92: ("Issuer public key remainder", card, b, 0, 248),
        0x93: ("Signed static application data", card, b, 64, 248),
        Tag.AFL_94: ("Application file locator", card, b, 0, 252),
        Tag.TVR_95: ("Terminal verification results", terminal, b, 5, 5),
        Tag.DATE_9A: ("Transaction date", terminal, n, 3, 3),
        0x9B: ("Transaction status information", terminal, b, 2, 2),
        Tag.TYPE_9C: ("Transaction type", terminal, n, 1, 1),
        Tag.FCI_PROPRIETARY_A5: ("FCI proprietary template", card, group, 0, 252),
        0x5F20: ("Cardholder name", card, ans, 2, 26),
        Tag.EXPIRY_5F24: ("Application expiration date", card, n, 3, 3),
        Tag.EFFECTIVE_5F25: ("Application effective date", card, n, 3, 3),
        Tag.ISSUER_COUNTRY_5F28: ("Issuer country code", card, n, 2, 2),
        Tag.CURRENCY_5F2A: ("Transaction currency code", terminal, n, 2, 2),
        Tag.LANGUAGE_5F2D: ("Language preference", card, an, 2, 8),
        Tag.PSN_5F34: ("PAN sequence number", card, n, 1, 1),
        0x9F01: ("Acquirer identifier", terminal, n, 6, 6),
        Tag.AMOUNT_9F02: ("Amount, authorised", terminal, n, 6, 6),
        Tag.AMOUNT_OTHER_9F03: ("Amount, other", terminal, n, 6, 6),
        0x9F06: ("Application identifier, terminal", terminal, b, 5, 16),
        Tag.USAGE_9F07: ("Application usage control", card, b, 2, 2),
        Tag.CARD_VERSION_9F08: ("Application version, card", card, b, 2, 2),
        Tag.VERSION_9F09: ("Application version, terminal", terminal, b, 2, 2),
        Tag.ACTION_DEFAULT_9F0D: ("Issuer action code, default", card, b, 5, 5),
        Tag.ACTION_DENIAL_9F0E: ("Issuer action code, denial", card, b, 5, 5),
        Tag.ACTION_ONLINE_9F0F: ("Issuer action code, online", card, b, 5, 5),
        Tag.IAD_9F10: ("Issuer application data", card, b, 0, 32),
        Tag.CODE_TABLE_9F11: ("Issuer code table index", card, n, 1, 1),
        Tag.PREFERRED_NAME_9F12: ("Application preferred name", card, ans, 1, 16),
        0x9F15: ("Merchant category code", terminal, n, 2, 2),
        0x9F16: ("Merchant identifier", terminal, ans, 15, 15),
        Tag.COUNTRY_9F1A: ("Terminal country code", terminal, n, 2, 2),
        Tag.FLOOR_LIMIT_9F1B: ("Terminal floor limit", terminal, b, 4, 4),
        0x9F1C: ("Terminal identification", terminal, an, 8, 8),
        Tag.IFD_SERIAL_9F1E: ("Interface device serial number", terminal, an, 8, 8),
        Tag.TIME_9F21: ("Transaction time", terminal, n, 3, 3),
        Tag.CRYPTOGRAM_9F26: ("Application cryptogram", card, b, 8, 8),
        Tag.CID_9F27: ("Cryptogram information data", card, b, 1, 1),
        Tag.KERNEL_9F2A: ("Kernel identifier", card, b, 1, 8),
        Tag.ISSUER_EXPONENT_9F32: ("Issuer public key exponent", card, b, 1, 3),
        Tag.CAPABILITIES_9F33: ("Terminal capabilities", terminal, b, 3, 3),
        Tag.CVM_RESULTS_9F34: ("CVM results", terminal, b, 3, 3),
        Tag.TERMINAL_TYPE_9F35: ("Terminal type", terminal, n, 1, 1),
        Tag.ATC_9F36: ("Application transaction counter", card, b, 2, 2),
        Tag.UNPREDICTABLE_NUMBER_9F37: ("Unpredictable number", terminal, b, 4, 4),
        Tag.PDOL_9F38: ("Processing options data object list", card, b, 0, 252),
        Tag.ENTRY_MODE_9F39: ("POS entry mode", terminal, n, 1, 1),
        Tag.ADDITIONAL_CAPABILITIES_9F40: ("Additional terminal capabilities", terminal, b, 5, 5),
        Tag.SEQUENCE_COUNTER_9F41: ("Transaction sequence counter", terminal, n, 2, 4),
        Tag.CURRENCY_9F42: ("Application currency code", card, n, 2, 2),
        Tag.CARD_CERTIFICATE_9F46: ("ICC public key certificate", card, b, 64, 248),
        Tag.CARD_EXPONENT_9F47: ("ICC public key exponent", card, b, 1, 3),
        Tag.CARD_REMAINDER_9F48: ("ICC public key remainder", card, b, 0, 248),
        Tag.DDOL_9F49: ("Dynamic data authentication data object list", card, b, 0, 252),
        Tag.STATIC_TAGS_9F4A: ("Static data authentication tag list", card, b, 0, 252),
        Tag.SIGNED_DATA_9F4B: ("Signed dynamic application data", card, b, 64, 248),
        0x9F4C: ("ICC dynamic number", card, b, 2, 8),
        Tag.LOG_ENTRY_9F4D: ("Log entry", card, b, 2, 2),
        Tag.MERCHANT_NAME_9F4E: ("Merchant name and location", terminal, ans, 0, 252),
        Tag.LOG_FORMAT_9F4F: ("Log format", card, b, 0, 252),
        Tag.OFFLINE_AMOUNT_9F5D: ("Available offline spending amount", card, n, 6, 6),
        0x9F63: ("Card product identification", card, b, 16, 16),
        Tag.TTQ_9F66: ("Terminal transaction qualifiers", terminal, b, 4, 4),
        Tag.CARD_AUTHENTICATION_9F69: ("Card authentication related data", card, b, 5, 16),
        Tag.CTQ_9F6C: ("Card transaction qualifiers", card, b, 2, 2),
        Tag.CASH_THRESHOLD_9F6D: ("Electronic cash reset threshold", card, n, 6, 6),
        Tag.ISSUER_AUTHORISATION_9F74: ("Electronic cash issuer authorisation code", card, an, 6, 6),
        Tag.CASH_LIMIT_9F77: ("Electronic cash balance limit", card, n, 6, 6),
        Tag.CASH_SINGLE_LIMIT_9F78: ("Electronic cash single transaction limit", card, n, 6, 6),
        Tag.CASH_BALANCE_9F79: ("Electronic cash balance", card, n, 6, 6),
        Tag.CASH_TERMINAL_9F7A: ("Electronic cash terminal support indicator", terminal, n, 1, 1),
        Tag.ISSUER_DISCRETIONARY_BF0C: ("FCI issuer discretionary data", card, group, 0, 222),
    }
    return {int(tag): TagInfo(*row) for tag, row in rows.items()}


TABLE = _table()
LENGTHS = {tag: range(info.shortest, info.longest + 1) for tag, info in TABLE.items()}
"""How many bytes an element may have."""


def wrong_length(elements: Mapping[int, bytes]) -> int | None:
    """The first tag whose value has a length that the table rules out; tags that are not in the table may have any."""
    limits = LENGTHS
    for tag, value in elements.items():
        if tag in limits and len(value) not in limits[tag]:
            return tag
    return None


def describe_tag(tag: int) -> str:
    """`9F36 Application transaction counter`; the bare tag when it is not in the table."""
    info = TABLE.get(tag)
    return f"{tag_name(tag)} {info.name}" if info else tag_name(tag)
