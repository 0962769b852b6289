"""Reads SCP-ECG: EN 1064, ISO 11073-91064, of the protocol versions 1.x and 2.x, and the short rhythm of version 3.

Only the sections that decide the samples are read: tables of the compression, leads, heartbeats, reference beat and
rhythm. The section about the person is skipped.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, UnitsUnknown, UnsupportedFormat
from ecg_core.readers.channels import check_size, leads_of, mv_per_number
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.lead_codes import lead_of_code
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.scp.beats import Beats, added, beat_samples, beats_in
from ecg_core.readers.scp.huffman import check_work
from ecg_core.readers.scp.placement import Lead, leads_in, rate_ratio, spans_of
from ecg_core.readers.scp.rhythm import Coded, coded, stored, summed
from ecg_core.readers.scp.sections import Record, looks_like_scp, record_of
from ecg_core.readers.scp.tables import Tables, tables_of
from ecg_core.recording import Recording

_TABLES, _LEADS, _HEARTBEATS, _REFERENCE, _RHYTHM = 2, 3, 4, 5, 6
_EXPORT = "Export the ECG again as SCP-ECG without compression, or in another format, such as DICOM or HL7 aECG."


def sniff(data: bytes) -> bool:
    """Whether the table of sections begins at its place. Files of Healforce have one too; read() refuses them."""
    return looks_like_scp(data)


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The rhythm in an SCP-ECG file.

    Raises UnsupportedFormat, HeaderInvalid, ChecksumMismatch, SignalTruncated, SeveralRecords, NoEcgLeads,
    DuplicateLeads, UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange, FileTooLarge.
    """
    data = bundle[name]
    corrections = Corrections()
    record = record_of(data, corrections)
    _refuse_without_rhythm(record, corrections)
    stated, subtracted = leads_in(_body(record, _LEADS, corrections))
    rhythm = coded(_body(record, _RHYTHM, corrections), len(stated))
    if rhythm.mode:
        raise UnsupportedFormat(
            "This SCP-ECG file has bimodal compression: between the QRS complexes it lacks samples.", _EXPORT
        )
    leads = leads_of([lead_of_code(lead.code) for lead in stated], options, corrections)
    chosen = [stated[position] for position in leads.positions]
    parts = [rhythm.leads[position] for position in leads.positions]
    tables = tables_of(_body(record, _TABLES, corrections)) if _TABLES in record.sections else None
    if tables:
        check_work(parts, tables)
    found = [stored(part, tables) for part in parts]
    bundle.budget.spend_samples(sum(len(lead.stream.values) for lead in found))
    spans = spans_of(chosen, found, _ratio(record, rhythm), corrections)
    samples = max(span.first + span.count for span in spans)
    check_size(len(spans), samples)
    fs_hz = choose_rate(1e6 / rhythm.interval_us if rhythm.interval_us else None, options.fs_hz, corrections)
    reference = _Reference(record, rhythm, stated, tables, corrections) if subtracted else None
    mv = mv_per_number("nV" if rhythm.nv_per_step else None, options, corrections) * (rhythm.nv_per_step or 1)
    signal = np.full((len(spans), samples), np.nan, np.float32)
    for row, (lead, span, position) in enumerate(zip(chosen, spans, leads.positions, strict=True)):
        lead_mv = summed(found[row].stream.values[: span.count], rhythm.differences) * mv
        if reference:
            lead_mv += reference.added(position, lead, span.count)
        signal[row, span.first : span.first + span.count] = lead_mv * leads.signs[row]
    leads.verify(signal, corrections)
    return Recording(signal, fs_hz, leads.names, "scp", hashlib.sha256(data).hexdigest(), tuple(corrections))


def _refuse_without_rhythm(record: Record, corrections: Corrections) -> None:
    """Raises UnsupportedFormat."""
    if _RHYTHM in record.sections:
        if record.long_term:
            corrections.add("long-term rhythm (section 12) left out")
        return
    if record.long_term:
        raise UnsupportedFormat(
            "This SCP-ECG file of version 3 holds a long-term rhythm (section 12) and no short one.",
            "Export ten seconds to a few minutes of it, or the whole recording as EDF, ISHNE or WFDB.",
        )
    raise UnsupportedFormat(
        "This SCP-ECG file holds no rhythm, only an averaged beat or measurements.",
        "Export the ECG again together with its rhythm.",
    )


def _body(record: Record, number: int, corrections: Corrections) -> memoryview:
    """The content of a section. Raises HeaderInvalid, ChecksumMismatch."""
    if number not in record.sections:
        raise HeaderInvalid("The file lacks the section that names its leads.")
    record.sections[number].verify(corrections)
    return record.sections[number].body


def _ratio(record: Record, rhythm: Coded) -> int:
    """How many samples the reference beat has for one of the rhythm. 1 if there is no reference beat."""
    if _REFERENCE not in record.sections or len(record.sections[_REFERENCE].body) < 4:
        return 1
    return rate_ratio(rhythm.interval_us, int.from_bytes(record.sections[_REFERENCE].body[2:4], "little"))


class _Reference:
    """The reference beat, which was subtracted from the rhythm."""

    def __init__(
        self, record: Record, rhythm: Coded, stated: list[Lead], tables: Tables | None, corrections: Corrections
    ) -> None:
        """Raises HeaderInvalid, ChecksumMismatch, UnitsUnknown, UnsupportedFormat."""
        if _HEARTBEATS not in record.sections or _REFERENCE not in record.sections:
            raise HeaderInvalid("The file states that a reference beat was subtracted, but does not hold it.")
        self._beats: Beats = beats_in(_body(record, _HEARTBEATS, corrections))
        self._coded = coded(_body(record, _REFERENCE, corrections), len(stated))
        self._tables = tables
        if self._coded.interval_us != rhythm.interval_us or min(lead.start for lead in stated) == 0:
            raise UnsupportedFormat(
                "This SCP-ECG file leaves open where its reference beat was subtracted from the rhythm.", _EXPORT
            )
        if not (self._coded.nv_per_step and rhythm.nv_per_step):
            raise UnitsUnknown("The file states no voltage per step for its reference beat or its rhythm.", _EXPORT)
        corrections.add("reference beat added to the heartbeats from which it was subtracted")

    def added(self, position: int, lead: Lead, samples: int) -> NDArray[np.float64]:
        """[samples] mV that it adds to a lead. position: of the lead in the file."""
        part = self._coded.leads[position]
        if self._tables:
            check_work([part], self._tables)
        wanted = beat_samples(self._beats, self._coded.interval_us)
        values = stored(part, self._tables).stream.values[:wanted]
        # Milliseconds are rounded, so the last sample may be missing.
        if len(values) < wanted - 1:
            raise HeaderInvalid("The reference beat is shorter than the file states.")
        beat = summed(values, self._coded.differences).astype(np.float64) * (self._coded.nv_per_step * 1e-6)
        return added(self._beats, beat, lead.start, samples)
