"""The wfdb package, to compare the readers with. Its deprecation warnings from pandas are ignored."""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import wfdb
    import wfdb.processing


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **options)

    return called


rdrecord, wrsamp = _quiet(wfdb.rdrecord), _quiet(wfdb.wrsamp)
xqrs_detect = _quiet(wfdb.processing.xqrs_detect)
wrann = _quiet(wfdb.wrann)
