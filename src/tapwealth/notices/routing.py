"""Where new notices go: into which messages, over which channels, from when on. A pure plan over what is known of their people.

What was said in the same words moments ago is not said again; what waits for the same person over the same channels is told together, and
tells of each subject once, in the newest words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from tapwealth.kernel.ids import derived
from tapwealth.notices.choice import RULES, Preferences, slot
from tapwealth.notices.delivery import Delivery, Message
from tapwealth.notices.messenger import Channel
from tapwealth.notices.notice import Notice

SAME_WORDS = timedelta(minutes=10)
"""For which the same words about the same subject are not sent again."""
MOST_SUBJECTS = 99
Key = tuple[int, UUID]
"""(book, id) of a person."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message none of whose deliveries was ever taken, so that more can be told by it. `held`: until when, at the least."""

    message: Message
    held: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """By person: what they chose, what waits for them, the words of their last messages, and the slots of their last deliveries, by channel
    and urgency."""

    preferences: Mapping[Key, Preferences]
    waiting: Mapping[Key, Sequence[Waiting]]
    words: Mapping[Key, Mapping[tuple[str, str], UUID]]
    slots: Mapping[tuple[Key, Channel, bool], Sequence[datetime]]


@dataclass
class Plan:
    """What is to be written: new messages with their deliveries, messages that tell of more, and which message tells of each notice (None:
    the inbox alone)."""

    messages: dict[UUID, Message] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    grown: dict[UUID, Message] = field(default_factory=dict)
    told_by: list[tuple[Notice, UUID | None]] = field(default_factory=list)


def plan(notices: Sequence[Notice], known: Known, now: datetime) -> Plan:
    """The plan for notices in the order in which they were told, each person's oldest first."""
    made = Plan()
    people: dict[Key, list[Notice]] = {}
    for one in notices:
        people.setdefault((one.book, one.person), []).append(one)
    for person, theirs in people.items():
        _Person(person, known, now, made).route(theirs)
    return made


def subject_of(notice: Notice) -> str:
    """What a notice is about: two of one subject are the earlier and the later word on it."""
    return f"{notice.kind.value} {notice.link}"


class _Person:
    """One person's notices, on their way into the plan."""

    def __init__(self, person: Key, known: Known, now: datetime, made: Plan) -> None:
        self.now, self.made = now, made
        self.preferences = known.preferences.get(person, Preferences())
        self.open = {(one.message.urgent, one.message.channels): one for one in known.waiting.get(person, ()) if self._takes_more(one)}
        self.words = dict(known.words.get(person, {}))
        self.slots = {
            (channel, urgent): list(known.slots.get((person, channel, urgent), ())) for channel in Channel for urgent in (False, True)
        }

    def _takes_more(self, one: Waiting) -> bool:
        """What is urgent and goes at once is left as it is."""
        return not one.message.urgent or one.held > self.now

    def route(self, notices: Sequence[Notice]) -> None:
        for one in notices:
            self.made.told_by.append((one, self._message_for(one)))

    def _message_for(self, notice: Notice) -> UUID | None:
        channels = self.preferences.channels(notice.kind, obligatory=notice.obligatory)
        urgent = RULES[notice.kind].urgent
        if not channels:
            return None
        said = (subject_of(notice), notice.text_zh)
        if said in self.words:
            return self.words[said]
        waiting = self.open.get((urgent, channels))
        message = self._grown(waiting.message, notice) if waiting else self._made(notice, channels, urgent=urgent)
        self.words[said] = message.id
        return message.id

    def _grown(self, message: Message, notice: Notice) -> Message:
        subjects = dict.fromkeys((*message.subjects, subject_of(notice)))
        grown = replace(message, subjects=tuple(subjects)[:MOST_SUBJECTS], newest=notice.id)
        (self.made.messages if message.id in self.made.messages else self.made.grown)[message.id] = grown
        self.open[grown.urgent, grown.channels] = replace(self.open[grown.urgent, grown.channels], message=grown)
        return grown

    def _made(self, notice: Notice, channels: tuple[Channel, ...], *, urgent: bool) -> Message:
        identifier = derived(notice.id, "message")
        made = Message(notice.book, identifier, notice.person, urgent, channels, (subject_of(notice),), notice.id, self.now)
        starts = [made.delivery(channel, self._slot(channel, urgent=urgent)) for channel in (channels if urgent else channels[:1])]
        self.made.messages[made.id] = made
        self.made.deliveries += starts
        held = min(one.not_before for one in starts)
        if self._takes_more(waiting := Waiting(made, held)):
            self.open[urgent, channels] = waiting
        return made

    def _slot(self, channel: Channel, *, urgent: bool) -> datetime:
        taken = self.slots[channel, urgent]
        at = slot(self.now, channel, taken, urgent=urgent)
        taken.append(at)
        return at
