"""How a recording is drawn on a sheet: speed, gain, and which lead stands where."""

from dataclasses import dataclass

from ecg_core.leads import LEADS

# mm per second, and mm per mV.
SPEEDS, GAINS_MM = (25, 50), (5.0, 10.0, 20.0)
# Leads in three rows and a rhythm strip; limb leads beside chest leads; a row for each lead.
LAYOUTS = ("3x4", "6x2", "12x1")


@dataclass(frozen=True)
class Sheet:
    """speed: one of SPEEDS. gain_mm: one of GAINS_MM, None for the highest of 10, 5 and 2.5 at which the leads fit.

    layout: one of LAYOUTS, a lead for this lead alone, or None: 3x4 for more than six leads, else a row for each.
    """

    speed: int = 25
    gain_mm: float | None = None
    layout: str | None = None

    @property
    def invalid(self) -> tuple[str, ...]:
        """The names of fields with another value than these."""
        allowed = {"speed": SPEEDS, "gain_mm": (None, *GAINS_MM), "layout": (None, *LAYOUTS, *LEADS)}
        return tuple(name for name, values in allowed.items() if getattr(self, name) not in values)


USUAL = Sheet()
