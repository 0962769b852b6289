"""The scale from the numbers of a table to mV: a unit or gain that the file states, or the options."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, UnitsUnknown
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import GAIN_HINT, Options
from ecg_core.readers.rates import agreed, refuse_contradiction
from ecg_core.readers.table import words
from ecg_core.readers.table.columns import Columns
from ecg_core.readers.table.layout import Table
from ecg_core.readers.units import MV_PER_UNIT, choose_units

# A 32-bit converter over 10 mV resolves 2e-9 mV. With steps of 1 mV, as of an 8-bit converter, no P wave is visible.
_MIN_MV_PER_DIGIT, _MAX_MV_PER_DIGIT = 1e-9, 1.0
# The middle of converters with 10, 11 (MIT-BIH), 12, 14, 16 and 24 bits. A lead lies near it if its offset is not
# removed.
_MIDDLES = (512, 1024, 2048, 8192, 32_768, 8_388_608)
_NEAR_MIDDLE = 0.12


def scales_of(
    table: Table, columns: Columns, stated: list[str], options: Options, corrections: Corrections
) -> tuple[list[float], bool]:
    """(mV per number of each lead, whether the unit comes from the option `units` only). stated: searchable lines.

    Raises UnitsUnknown, HeaderInvalid.
    """
    if not all(columns.units) and not any(columns.units):
        # If the option names the leads, these channels are the ECG, even if the file names another signal.
        lines = stated if columns.given else words.about_leads(stated)
        units, gains = words.units_stated(lines), words.scales_stated(lines)
        scale = agreed([MV_PER_UNIT[unit] for unit in units] + gains)
        if scale is not None:
            return [_from_words(scale, units, gains, options, corrections)] * len(columns.leads), False
    if all(columns.units):
        if options.gain is not None:
            corrections.add("gain given with the file not used: the file states a unit")
        return [MV_PER_UNIT[unit] for unit in choose_units(columns.units, options.unit, corrections)], False
    options.refuse_both()
    if options.gain is not None:
        corrections.add(f"gain as given with the file: {options.gain:g} per mV")
        units_ = choose_units([unit or "mV" for unit in columns.units], None, corrections)
        pairs = zip(columns.units, units_, strict=True)
        return [MV_PER_UNIT[unit] if own else 1 / options.gain for own, unit in pairs], False
    if options.unit is None:
        count = "some of " if any(columns.units) else ""
        hint = GAIN_HINT if _whole(table, columns.positions) else ""
        default = UnitsUnknown.default_hint
        raise UnitsUnknown(
            f"The file states no unit for {count}its leads.",
            f"The leads hold whole numbers, perhaps raw converter values. {hint} {default}" if hint else default,
        )
    return [MV_PER_UNIT[unit] for unit in choose_units(columns.units, options.unit, corrections)], True


def _from_words(
    scale: float, units: Sequence[str], gains: Sequence[float], options: Options, corrections: Corrections
) -> float:
    if gains and not _MIN_MV_PER_DIGIT <= scale <= _MAX_MV_PER_DIGIT:
        raise HeaderInvalid("The stated gain is beyond what any electrocardiograph has.")
    refuse_contradiction(scale, MV_PER_UNIT[options.unit] if options.unit else None, "The unit", "mV")
    refuse_contradiction(1 / scale, options.gain, "The gain", "per mV")
    if gains:
        corrections.add(f"digits converted to mV by the stated gain: {1 / scale:.6g} per mV")
    else:
        corrections.add(f"unit from the words above the table: {units[0]}")
    return scale


def _whole(table: Table, positions: Sequence[int]) -> bool:
    """Whether the first rows of these columns have whole numbers only."""
    cells = [row[column].lstrip("+-") for row in table.first for column in positions]
    return bool(cells) and all(cell.isdecimal() or not cell for cell in cells)


def refuse_counts(values: NDArray[np.float32], scales: Sequence[float]) -> None:
    """Raises UnitsUnknown if values [leads, rows] mV are whole numbers near the middle of a converter: raw counts."""
    raw = values / np.array(scales, np.float32)[:, None]
    if any(np.isnan(row).all() for row in raw):
        return
    levels, low, high = np.nanmedian(raw, axis=1), np.nanmin(raw, axis=1), np.nanmax(raw, axis=1)
    for middle in _MIDDLES:
        near = (np.abs(levels - middle) <= _NEAR_MIDDLE * middle) & (low >= 0) & (high <= 2 * middle)
        if near.all():
            raise UnitsUnknown(
                f"The leads hold whole numbers around {middle}, the middle of a converter: they are no voltages.",
                GAIN_HINT,
            )
