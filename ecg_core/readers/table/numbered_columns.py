"""Columns V1, V2 and so on: either chest leads, or only numbers that R and other programs give to columns."""

import re
from collections.abc import Sequence

from ecg_core.errors import NoEcgLeads
from ecg_core.leads import canonical_leads
from ecg_core.readers.options import LEADS_HINT, Options
from ecg_core.readers.table.layout import Table

# V7 to V9 are the posterior leads.
_LAST_V = 9
_NUMBERED_V = re.compile(r"v[ _.]?0*(\d{1,3})", re.IGNORECASE)
NUMBERED_V = "The columns are named V1, V2 and so on, as R and others name columns without a name."


def _v_numbers(plain: Sequence[str]) -> list[int | None]:
    return [int(match[1]) if (match := _NUMBERED_V.fullmatch(name)) else None for name in plain]


def are_numbers(table: Table, names: Sequence[str], plain: Sequence[str], units: Sequence[str | None]) -> bool:
    """Whether V1, V2, ... may be numbers of columns: possible if no limb lead is named. plain: names without units."""
    numbers = _v_numbers(plain)
    known = [number for number in numbers if number is not None]
    limb = any(lead and lead[0] != "V" for lead in canonical_leads(plain))
    if not known or limb or list(table.names) != list(names):
        return False
    if 0 in known or max(known) > _LAST_V:
        return True
    alone = all(
        number is not None or (not name and column == 0) or table.kinds[column] == "empty"
        for column, (name, number) in enumerate(zip(names, numbers, strict=True))
    )
    return known == list(range(1, len(known) + 1)) and not any(units) and (alone or max(known) > 6)


def refuse(plain: Sequence[str], options: Options) -> None:
    """Raises NoEcgLeads unless the option names the leads."""
    if options.names is None:
        count = sum(number is not None for number in _v_numbers(plain))
        raise NoEcgLeads(NUMBERED_V, f"{LEADS_HINT} The table has {count} such columns.")
