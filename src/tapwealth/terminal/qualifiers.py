"""The bits by which terminal and card tell each other what they can and want (PBOC 3.0 part 12; EMV Contactless Book C-3, annex A)."""

from enum import IntFlag

TTQ_BYTES, CTQ_BYTES, TVR_BYTES = 4, 2, 5


class Ttq(IntFlag):
    """Terminal transaction qualifiers 9F66, as one number of four bytes."""

    QPBOC = 0x20_00_00_00
    CONTACT = 0x10_00_00_00
    OFFLINE_ONLY = 0x08_00_00_00
    ONLINE_PIN = 0x04_00_00_00
    SIGNATURE = 0x02_00_00_00
    ODA_FOR_ONLINE = 0x01_00_00_00
    ONLINE_CRYPTOGRAM_REQUIRED = 0x00_80_00_00
    CVM_REQUIRED = 0x00_40_00_00
    DEVICE_CVM = 0x00_00_40_00
    FAST_DDA_01 = 0x00_00_00_80


class Ctq(IntFlag):
    """Card transaction qualifiers 9F6C, as one number of two bytes."""

    ONLINE_PIN_REQUIRED = 0x80_00
    SIGNATURE_REQUIRED = 0x40_00
    ONLINE_IF_ODA_FAILS = 0x20_00
    OTHER_INTERFACE_IF_ODA_FAILS = 0x10_00
    ONLINE_IF_EXPIRED = 0x08_00
    DEVICE_CVM_DONE = 0x00_80


class Tvr(IntFlag):
    """Terminal verification results 95, as one number of five bytes (EMV Book 3, annex C5): those that this kernel can find."""

    ODA_NOT_DONE = 0x80_00_00_00_00
    DATA_MISSING = 0x20_00_00_00_00
    ON_EXCEPTION_LIST = 0x10_00_00_00_00
    DDA_FAILED = 0x08_00_00_00_00
    OTHER_VERSION = 0x00_80_00_00_00
    EXPIRED = 0x00_40_00_00_00
    NOT_YET_EFFECTIVE = 0x00_20_00_00_00
    SERVICE_NOT_ALLOWED = 0x00_10_00_00_00
    PIN_ENTERED_ONLINE = 0x00_00_04_00_00
    FLOOR_LIMIT_EXCEEDED = 0x00_00_00_80_00
