"""HDF5 files and MATLAB files of version 7.3, written with h5py. The service itself never uses h5py."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ecg_core.leads import LEADS
from ecg_core.synthesis.heart import synthesize

USER_BLOCK = 512


def hdf5(fill: Callable[[Any], object], **ways: Any) -> bytes:
    """fill: writes into the open file. ways: arguments of h5py.File."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **ways) as file:
        fill(file)
    return buffer.getvalue()


def array(values: Any, about: Mapping[str, Any] | None = None, name: str = "ecg", **ways: Any) -> bytes:
    """A file of one array. about: its attributes. ways: how it is stored."""

    def fill(file: Any) -> None:
        file.create_dataset(name, data=values, **ways).attrs.update(about or {})

    return hdf5(fill)


def matlab(values: Mapping[str, Any]) -> bytes:
    """A MATLAB file of version 7.3: arrays are transposed, texts are numbers, cells and structs are references."""
    import h5py

    def put(group: Any, name: str, value: Any, refs: Any) -> Any:
        if isinstance(value, Mapping):
            found = group.create_group(name)
            found.attrs["MATLAB_class"] = np.bytes_("struct")
            for key, inner in value.items():
                put(found, key, inner, refs)
            return found
        if isinstance(value, str):
            found = group.create_dataset(name, data=np.array([[ord(letter)] for letter in value], "<u2"))
            found.attrs.update({"MATLAB_class": np.bytes_("char"), "MATLAB_int_decode": 2})
            return found
        if isinstance(value, Sequence):
            cells = [put(refs, f"c{len(refs)}", inner, refs).ref for inner in value]
            found = group.create_dataset(name, data=np.array([[cell] for cell in cells], h5py.ref_dtype))
            found.attrs["MATLAB_class"] = np.bytes_("cell")
            return found
        found = group.create_dataset(name, data=np.atleast_2d(np.asarray(value)).T)
        found.attrs["MATLAB_class"] = np.bytes_("double")
        return found

    def fill(file: Any) -> None:
        refs = file.create_group("#refs#")
        for name, value in values.items():
            put(file, name, value, refs)

    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(124) + b"\x00\x02IM"
    return header.ljust(USER_BLOCK, b"\0") + hdf5(fill, userblock_size=USER_BLOCK)[USER_BLOCK:]


def examples() -> dict[str, dict[str, bytes]]:
    """Title -> files of valid ECGs. Empty without h5py."""
    try:
        import h5py  # noqa: F401
    except ImportError:
        return {}
    signal = synthesize("normal").signal
    about = {"fs": 500, "units": "mV", "leads": list(LEADS)}
    beside = {"ecg": signal.astype(np.float64), "fs": 500.0, "units": "mV", "leads": list(LEADS)}
    return {
        "HDF5": {"ecg.h5": array(signal, about, chunks=(12, 1000), compression="gzip", shuffle=True)},
        "MATLAB 7.3": {"ecg.mat": matlab(beside)},
    }
