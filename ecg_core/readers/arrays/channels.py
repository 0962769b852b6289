"""From an array to a recording: which axis are the leads, and what rate, unit and names it has.

An array does not say what its rows are. Without names from the file or the option it is refused, even with 12 rows:
several orders of the leads are in use.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, NoEcgLeads, SeveralRecords, UnitsUnknown
from ecg_core.readers.arrays.statements import Statements, statements_about
from ecg_core.readers.arrays.values import Array, Struct, the_ecg
from ecg_core.readers.budget import Budget
from ecg_core.readers.channels import check_size, leads_of, mv_per_number
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.labels import units_of
from ecg_core.readers.options import GAIN_HINT, LEADS_HINT, MAX_LEADS_GIVEN, Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.table.sentinels import without_sentinels
from ecg_core.recording import Recording

# Data sets fill short recordings with zeros on both sides (CODE-15). A single lead may lie at exactly 0 for some
# samples, many leads never do.
MIN_PADDING_S, MIN_PADDING_OF_FEW_S, FEW_LEADS = 0.1, 1.0, 2

_IN_MV_HINT = "Save the samples in mV, and their unit beside them."
_ONE_EXAM_HINT = "Send one exam: an array with one row or one column for each lead."


@np.errstate(over="ignore", invalid="ignore")
def recording_of(tree: Struct, options: Options, budget: Budget, format_: str, sha256: str) -> Recording:
    """The one ECG among the arrays of a file.

    Raises SeveralRecords, NoEcgLeads, DuplicateLeads, SamplingRateUnknown, SamplingRateOutOfRange, UnitsUnknown,
    HeaderInvalid, FileTooLarge, UnsupportedFormat.
    """
    corrections = Corrections()
    candidate, others = the_ecg(tree)
    said = statements_about(candidate)
    array = _oriented(candidate.array, said.names, options)
    names, units_in_names = units_of(said.names or [""] * len(array))
    leads = leads_of(names, options, corrections)
    check_size(len(leads.names), array.shape[1])
    budget.spend_samples(array.size)
    rate = choose_rate(said.fs_hz, options.fs_hz, corrections)
    rows = array.take(leads.positions, axis=0)
    units = _units(said, units_in_names, len(array))
    scales, given = _scales(rows, said, [units[row] for row in leads.positions], options, corrections)
    factors = np.array([scale * sign for scale, sign in zip(scales, leads.signs, strict=True)], np.float32)
    signal = np.multiply(rows, factors[:, None], dtype=np.float32, casting="unsafe")
    _without_infinite(signal, corrections)
    signal = _without_padding(signal, rate, corrections)
    if given and _whole(rows):
        from ecg_core.readers.table.scales import refuse_counts

        refuse_counts(signal, scales)
    if count := without_sentinels(signal, scales, rate):
        corrections.add(f"numbers that stand for a missing sample read as gaps: {count}")
    leads.verify(signal, corrections)
    if others:
        corrections.add(f"arrays that are not the ECG left out: {others}")
    return Recording(signal, rate, leads.names, format_, sha256, tuple(corrections))


def _oriented(array: Array, names: Sequence[str], options: Options) -> Array:
    """The array as [channels, samples]. names: of the channels, as the file states them.

    Raises SeveralRecords, NoEcgLeads, HeaderInvalid.
    """
    array = array.reshape(1, -1) if array.ndim < 2 else array
    if array.ndim > 2:
        raise SeveralRecords("The array has three dimensions or more: it may hold several exams.", _ONE_EXAM_HINT)
    rows, columns = array.shape
    if not names and options.names is None:
        channels = min(rows, columns)
        many = f"{channels} channel{'s' * (channels != 1)}" if channels <= MAX_LEADS_GIVEN else "many rows and columns"
        raise NoEcgLeads(f"The array has {many} and no names for them.", LEADS_HINT)
    count = len(names or options.names or ())
    if rows == columns == count:
        raise NoEcgLeads("The array has as many rows as columns: the leads may be either of them.", _ONE_EXAM_HINT)
    if rows == count:
        return array
    if columns == count:
        return array.T
    if names:
        raise HeaderInvalid(f"The file names {count} channels, and no axis of its array has this length.")
    raise NoEcgLeads(f"The array is {rows} by {columns}, the leads given with it are {count}.", LEADS_HINT)


def _units(said: Statements, in_names: Sequence[str | None], channels: int) -> list[str | None]:
    """The unit of each channel, as the file states it. Raises HeaderInvalid."""
    if len(said.units) not in (0, 1, channels):
        raise HeaderInvalid("The file states units for another number of channels than its array has.")
    stated = said.units * channels if len(said.units) == 1 else said.units or (None,) * channels
    return [unit or own for unit, own in zip(stated, in_names, strict=True)]


def _scales(
    rows: Array, said: Statements, units: Sequence[str | None], options: Options, corrections: Corrections
) -> tuple[list[float], bool]:
    """(mV per number of each lead, whether the unit comes from the option `units` only). Raises UnitsUnknown."""
    whole = _whole(rows)
    if whole and said.per_mv is not None:
        if not said.per_mv > 0 or not np.isfinite(said.per_mv):
            raise HeaderInvalid("The file states a gain that is not above 0.")
        if options.gain is not None or options.unit is not None:
            corrections.add("gain given with the file not used: the file states its own")
        corrections.add(f"digits converted to mV by the stated gain: {said.per_mv:.6g} per mV")
        return [1 / said.per_mv] * len(rows), False
    if whole and said.gains:
        if len(said.gains) > 1:
            raise UnitsUnknown("The file states several gains for its whole numbers.", _IN_MV_HINT)
        if options.gain is None:
            raise UnitsUnknown("The file states a gain for its whole numbers, and not what it means.", GAIN_HINT)
        units = [None] * len(rows)
    if whole and options.gain is None and options.unit is None and not all(units):
        raise UnitsUnknown(
            "The file states no unit for its leads.",
            f"The leads hold whole numbers, perhaps raw converter values. {GAIN_HINT} {UnitsUnknown.default_hint}",
        )
    scales = [mv_per_number(unit, options, corrections) for unit in units]
    return scales, options.gain is None and not any(units)


def _whole(rows: Array) -> bool:
    """Whether all numbers are whole: perhaps raw values of a converter."""
    return rows.dtype.kind in "iu" or all(np.all((row == np.rint(row)) | ~np.isfinite(row)) for row in rows)


def _without_infinite(signal: NDArray[np.float32], corrections: Corrections) -> None:
    """Sets infinite values to NaN, in place, and reports how many values are none."""
    finite = np.isfinite(signal)
    if not finite.all():
        signal[~finite] = np.nan
        corrections.add(f"values that are not finite read as gaps: {signal.size - int(finite.sum())}")


def _without_padding(signal: NDArray[np.float32], fs_hz: float, corrections: Corrections) -> NDArray[np.float32]:
    """The signal [leads, samples] without long runs at its ends in which all leads are exactly 0."""
    filled = np.flatnonzero(np.any(signal != 0, axis=0))
    if not len(filled):
        return signal
    least = (MIN_PADDING_OF_FEW_S if len(signal) <= FEW_LEADS else MIN_PADDING_S) * fs_hz
    samples = signal.shape[1]
    start, stop = int(filled[0]), int(filled[-1]) + 1
    start = start if start >= least else 0
    stop = stop if samples - stop >= least else samples
    if cut := samples - (stop - start):
        corrections.add(f"padding with zeros at the ends left out: {cut} samples")
    return signal[:, start:stop]
