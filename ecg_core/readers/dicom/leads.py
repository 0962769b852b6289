"""Which channels of several groups are which lead."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ecg_core.errors import HeaderInvalid, NoEcgLeads
from ecg_core.leads import canonical_lead
from ecg_core.readers.channels import Leads, leads_of
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.dicom import tags
from ecg_core.readers.dicom.channels import is_questionable, is_useless, lead_name
from ecg_core.readers.dicom.elements import Item
from ecg_core.readers.dicom.groups import MAX_CHANNELS
from ecg_core.readers.options import Options


@dataclass(frozen=True)
class Place:
    """A channel that is a lead. lead: its index. channel: its index in the group. sign: -1 if stored upside down."""

    lead: int
    channel: int
    sign: int


@dataclass(frozen=True)
class Found:
    """names: the leads. places: of each group, its leads. choice: what leads_of() chose."""

    names: tuple[str, ...]
    places: tuple[tuple[Place, ...], ...]
    choice: Leads


def find_leads(groups: Sequence[Item], options: Options, corrections: Corrections) -> Found:
    """The leads of all groups together. A lead may be in several groups, for one stretch of time in each.

    Channels without a name count one by one, so the option names them in the order of the file. Raises NoEcgLeads,
    DuplicateLeads, HeaderInvalid.
    """
    channels: dict[tuple[object, ...], str] = {}
    keys: list[list[tuple[object, ...]]] = []
    for number, group in enumerate(groups):
        definitions = group.sequences.get(tags.DEFINITIONS, [])
        if len(definitions) != group.integer(tags.CHANNELS):
            raise HeaderInvalid("A group of the DICOM file describes another number of channels than it has.")
        seen: Counter[str] = Counter()
        keys.append([])
        for name in map(lead_name, definitions):
            same = canonical_lead(name) or name
            key = (same, seen[same]) if name else ("", number, seen[same])
            seen[same] += 1
            channels.setdefault(key, name)
            keys[-1].append(key)
        if len(channels) > MAX_CHANNELS:
            raise HeaderInvalid(f"The DICOM file has more than {MAX_CHANNELS} channels.")
    choice = leads_of(list(channels.values()), options, corrections)
    order = list(channels)
    chosen = {order[position]: row for row, position in enumerate(choice.positions)}
    places = [
        [Place(chosen[key], channel, choice.signs[chosen[key]]) for channel, key in enumerate(row) if key in chosen]
        for row in keys
    ]
    return _usable(groups, places, choice, corrections)


def _usable(
    groups: Sequence[Item], places: Sequence[Sequence[Place]], choice: Leads, corrections: Corrections
) -> Found:
    """Without the channels that hold no signal of the person."""
    useful, useless, questionable = [], 0, 0
    for group, row in zip(groups, places, strict=True):
        definitions = group.sequences.get(tags.DEFINITIONS, [])
        useful.append([place for place in row if not is_useless(definitions[place.channel])])
        useless += len(row) - len(useful[-1])
        questionable += sum(is_questionable(definitions[place.channel]) for place in useful[-1])
    left = sorted({place.lead for row in useful for place in row})
    if not left:
        raise NoEcgLeads("The file marks all its leads as disconnected, invalid or test data.", "Record the ECG again.")
    if useless:
        corrections.add(f"leads that the file marks as disconnected, invalid or test data left out: {useless}")
    if questionable:
        corrections.add(f"leads that the file marks as questionable: {questionable}")
    index = {lead: row for row, lead in enumerate(left)}
    moved = tuple(tuple(Place(index[place.lead], place.channel, place.sign) for place in row) for row in useful)
    return Found(tuple(choice.names[lead] for lead in left), moved, choice)
