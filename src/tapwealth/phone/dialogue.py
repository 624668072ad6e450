"""What the two sides of a dialogue have told each other so far, as far as it takes to read what comes next.

A command carries values without tags (the data of GET PROCESSING OPTIONS, GENERATE AC, INTERNAL AUTHENTICATE): which values they are, the
card said before, in its lists of tags. Works for any card: the lists are taken from its own answers.
"""

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import CommandApdu, Ins, decode_response
from tapwealth.wire.emv_tags import Tag

GENERATE_AC, INTERNAL_AUTHENTICATE, GET_DATA, EXTERNAL_AUTHENTICATE, VERIFY = 0xAE, 0x88, 0xCA, 0x82, 0x20
_DDOL_UNLESS_TOLD = (dol.Wanted(Tag.UNPREDICTABLE_NUMBER_9F37, 4),)
_LISTS = frozenset(map(int, (Tag.PDOL_9F38, Tag.CDOL1_8C, Tag.CDOL2_8D, Tag.DDOL_9F49)))


class Listener:
    """Hears commands and answers in their order."""

    def __init__(self) -> None:
        self._lists: dict[int, tuple[dol.Wanted, ...]] = {}
        self._cryptograms = 0

    def forget(self) -> None:
        """The card has left the field."""
        self._lists, self._cryptograms = {}, 0

    def told(self, command: CommandApdu) -> dict[int, bytes]:
        """The values that the terminal gives with this command, by tag. Raises BadInput when they are not what the card asked for."""
        if command.ins == Ins.GET_PROCESSING_OPTIONS:
            return dol.split(self._lists.get(Tag.PDOL_9F38, ()), _content_of_83(command.data), where="GPO")
        if command.ins == GENERATE_AC:
            wanted = self._lists.get(Tag.CDOL2_8D if self._cryptograms else Tag.CDOL1_8C, ())
            return dol.split(wanted, command.data, where="GENERATE AC")
        if command.ins == INTERNAL_AUTHENTICATE:
            wanted = self._lists.get(Tag.DDOL_9F49, _DDOL_UNLESS_TOLD)
            return dol.split(wanted, command.data, where="INTERNAL AUTHENTICATE")
        return {}

    def hear(self, command: CommandApdu, answer: bytes) -> None:
        """Keep the lists of tags that the answer holds; whatever cannot be read is passed over."""
        try:
            response = decode_response(answer)
            if not response.is_ok:
                return
            if command.ins == Ins.SELECT:
                self.forget()
            if command.ins == GENERATE_AC:
                self._cryptograms += 1
            for tag, value in tlv.leaves(response.data):
                if tag in _LISTS:
                    self._lists[tag] = dol.decode(value)
        except BadInput:
            return


def _content_of_83(data: bytes) -> bytes:
    """What element 83 holds. It is not a template in spite of its name: its values come without tags. Raises BadInput."""
    elements = tlv.decode(data, where="GPO")
    if len(elements) != 1 or elements[0].tag != Tag.COMMAND_TEMPLATE_83:
        raise BadInput("element 83 is missing", where="GPO", hint="the terminal's values come in it")
    return elements[0].value
