"""What a page shows beside what was printed or answered."""

import re
from typing import Any

# Processors round differently: a probability may differ in its last digits.
TOLERANCE = 0.002
REST = "…"
_NUMBER = re.compile(r"\d+\.\d+")


def difference(shown: Any, real: Any, place: str = "") -> str | None:
    """Where a value that a page shows is not what was answered; None if it is."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return _of_objects(shown, real, place)
    if isinstance(shown, list | tuple) and isinstance(real, list | tuple):
        return _of_lists(list(shown), list(real), place)
    if isinstance(shown, float) and isinstance(real, float):
        alike = abs(shown - real) <= TOLERANCE
    elif isinstance(shown, str) and isinstance(real, str) and shown.endswith(REST):
        alike = real.startswith(shown.removesuffix(REST))
    else:
        alike = shown in (real, REST)
    return None if alike else f"{place or 'value'}: shown {shown!r}, real {real!r}"


def _of_objects(shown: dict[str, Any], real: dict[str, Any], place: str) -> str | None:
    names = [name for name in shown if name != REST]
    if [name for name in real if name in names] != names:
        return f"{place}: not all of {names} are in {list(real)}, in this order"
    if REST not in shown and len(names) < len(real):
        return f"{place}: not shown {sorted(set(real) - set(names))}"
    found = (difference(shown[name], real[name], f"{place}.{name}") for name in names)
    return next((said for said in found if said), None)


def _of_lists(shown: list[Any], real: list[Any], place: str) -> str | None:
    if shown and shown[-1] == REST:
        shown = shown[:-1]
        real = real[: len(shown)]
    if len(shown) != len(real):
        return f"{place}: shown {len(shown)} of {len(real)}"
    found = (difference(one, other, f"{place}[{at}]") for at, (one, other) in enumerate(zip(shown, real, strict=True)))
    return next((said for said in found if said), None)


def difference_of_text(shown: str, real: str) -> str | None:
    """Line by line; "..." at the end of a line stands for its rest, a line of it for all lines that follow."""
    wanted, got = shown.rstrip("\n").split("\n"), real.rstrip("\n").split("\n")
    for at, line in enumerate(wanted):
        if line == "...":
            return None
        if at >= len(got) or not _alike(line.rstrip(), got[at].rstrip()):
            return f"shown {line!r}, real {got[at] if at < len(got) else 'nothing more'!r}"
    return None if len(got) <= len(wanted) else f"not shown: {got[len(wanted)]!r}"


def _alike(shown: str, real: str) -> bool:
    words = _NUMBER.sub("0", shown), _NUMBER.sub("0", real)
    if shown.endswith("..."):
        head = words[0].removesuffix("...").rstrip()
        words = (head, words[1][: len(head)])
    numbers = zip(_NUMBER.findall(shown), _NUMBER.findall(real), strict=False)
    return words[0] == words[1] and all(abs(float(one) - float(other)) <= TOLERANCE for one, other in numbers)
