"""Run by the independent reader's own Python: pays with whatever card is in the first PC/SC reader, and prints what it understood as JSON.

Uses `emv` alone: its commands, its transport, its TLV, its data object lists.
"""

import json

import smartcard.System
from emv.card import Card
from emv.exc import MissingAppException
from emv.protocol.command import GenerateApplicationCryptogramCommand, GetDataCommand
from emv.protocol.data import Tag

card = Card(smartcard.System.readers()[0].createConnection())
TOLD = {
    "9F02": [0, 0, 0, 0, 0x12, 0x34],
    "9F03": [0] * 6,
    "9F1A": [0x01, 0x56],
    "95": [0] * 5,
    "5F2A": [0x01, 0x56],
    "9A": [0x14, 0x02, 0x24],
    "9C": [0],
    "9F37": [1, 2, 3, 4],
    "8A": [0x30, 0x30],
}


def plain(value):
    return bytes(value).hex().upper()


def tag(name):
    numbers = tuple(bytes.fromhex(name))
    return Tag(numbers if len(numbers) > 1 else numbers[0])


def counter():
    return int(plain(card.get_data_item(GetDataCommand.ATC, (0x9F, 0x36))), 16)


def cryptogram(kind, listed):
    data = listed.serialise({tag(name): value for name, value in TOLD.items()})
    answer = card.tp.exchange(GenerateApplicationCryptogramCommand(kind, data)).data
    told = answer[Tag.RMTF2]
    return {
        "kind": plain(told[(0x9F, 0x27)]),
        "atc": plain(told[(0x9F, 0x36)]),
        "cryptogram": plain(told[(0x9F, 0x26)]),
        "iad": plain(told[(0x9F, 0x10)]),
    }


applications = card.list_applications()
card.select_application(applications[0][Tag.ADF_NAME])
options = card.get_processing_options()
counters = [counter()]
data = card.get_application_data(options["AFL"])
first = cryptogram(GenerateApplicationCryptogramCommand.ARQC, data[tag("8C")])
counters.append(counter())
second = cryptogram(GenerateApplicationCryptogramCommand.TC, data[tag("8D")])
counters.append(counter())
try:
    card.select_application("2PAY.SYS.DDF01")
    contactless = "found"
except MissingAppException as error:
    contactless = "file not found" if "file not found" in str(error) else str(error)

print(
    json.dumps(
        {
            "applications": [[plain(one[Tag.ADF_NAME]), bytes(one[Tag.APP_LABEL]).decode()] for one in applications],
            "aip": plain(options["AIP"]),
            "pan": plain(data[tag("5A")]),
            "psn": plain(data[tag("5F34")]),
            "expiry": plain(data[tag("5F24")]),
            "atc": counters,
            "told": {name: plain(value) for name, value in TOLD.items()},
            "first": first,
            "second": second,
            "contactless directory": contactless,
        }
    )
)
