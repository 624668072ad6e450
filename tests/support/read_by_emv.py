"""Run by the independent reader's own Python: reads whatever card is in the first PC/SC reader, and prints what it understood as JSON.

Uses `emv` alone: its commands, its transport, its TLV.
"""

import json

import smartcard.System
from emv.card import Card
from emv.exc import MissingAppException
from emv.protocol.command import SelectCommand
from emv.protocol.data import Tag

card = Card(smartcard.System.readers()[0].createConnection())
APPLICATION = [0xA0, 0x00, 0x00, 0x03, 0x33, 0x01, 0x01, 0x01]


def plain(value):
    return bytes(value).hex().upper()


def text(value):
    return bytes(value).decode()


directory = card.tp.exchange(SelectCommand("2PAY.SYS.DDF01")).data
entries = directory[Tag.FCI][Tag.FCI_PROP][(0xBF, 0x0C)][Tag.APP]
entries = entries if isinstance(entries, list) else [entries]
selected = card.select_application(APPLICATION).data[Tag.FCI]
try:
    card.select_application([0xA0, 0x00, 0x00, 0x00, 0x03, 0x10, 0x10])
    unknown = "9000"
except MissingAppException as error:
    unknown = str(error)

print(
    json.dumps(
        {
            "directory": [[plain(entry[Tag.ADF_NAME]), text(entry[Tag.APP_LABEL])] for entry in entries],
            "selected": plain(selected[Tag.DF]),
            "label": text(selected[Tag.FCI_PROP][Tag.APP_LABEL]),
            "unknown": unknown,
        }
    )
)
