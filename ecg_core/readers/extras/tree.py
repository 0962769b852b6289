"""The groups, arrays and attributes of an HDF5 file as a tree of values. Import it only if pyfive is installed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pyfive.dataobjects import DataObjects
from pyfive.h5d import DatasetID
from pyfive.high_level import Dataset, File
from pyfive.p5t import P5ReferenceType, P5VlenStringType

from ecg_core.errors import FileTooLarge, HeaderInvalid
from ecg_core.leads import canonical_lead
from ecg_core.readers.arrays.values import MIN_SAMPLES, Struct, Unread, Value, texts_of
from ecg_core.readers.extras.stored import Arrays, Counted, Unreadable
from ecg_core.readers.options import MAX_LEADS_GIVEN

# Groups in groups, with cells and structs of MATLAB. Known files have three.
MAX_DEPTH = 8
# Groups, arrays and references. A file of many exams is refused anyway.
MAX_OBJECTS = 2_000
# Values of one attribute. A rate is one, names are as many as channels.
MAX_ATTRIBUTE_VALUES = 4_096
# Longer texts are no names, units or rates.
MAX_TEXT = 1_000

_EXTERNAL_FILES = 0x0007
# Groups in which MATLAB keeps what others refer to.
_HIDDEN = ("#refs#", "#subsystem#")
# Attributes that the libraries write for themselves.
_OWN = ("MATLAB_", "H5PATH", "_Netcdf4", "DIMENSION_", "REFERENCE_LIST", "CLASS", "VERSION", "TITLE", "FLAVOR", "NAME")
# What may differ from lead to lead without a meaning for the samples.
_OF_ONE_LEAD = frozenset(("lead", "lead_name", "name", "label", "channel", "index", "long_name", "description"))
_NUMBERS = "iuf"


class _Objects(DataObjects):  # type: ignore[misc]
    """pyfive takes memory for as many values as an attribute states. Here, the number has a limit."""

    def _attr_value(self, ptype: Any, buf: Any, count: int, offset: int) -> Any:
        if not 0 <= count <= MAX_ATTRIBUTE_VALUES:
            raise FileTooLarge(f"An attribute of the file has more than {MAX_ATTRIBUTE_VALUES:,} values.")
        return super()._attr_value(ptype, buf, count, offset)


class _File(File):  # type: ignore[misc]
    def _get_dataobjects(self, obj_addr: int) -> DataObjects:
        if obj_addr not in self._dataobjects_cache:
            self._dataobjects_cache[obj_addr] = _Objects(self._fh, obj_addr, global_heaps=self._global_heaps)
        return self._dataobjects_cache[obj_addr]


def values_of(data: bytes, base: int) -> Struct:
    """The tree of a file. base: the offset from which its addresses count. Raises EcgError, and errors of pyfive."""
    file = _File(Counted(data))
    return _Walk(file, Arrays(data, base)).group(file._dataobjects, 0)


class _Walk:
    def __init__(self, file: _File, arrays: Arrays) -> None:
        self._file, self._arrays = file, arrays
        self._left = MAX_OBJECTS
        self._linked: set[int] = set()

    def group(self, objects: DataObjects, depth: int) -> Struct:
        """The values of a group, with its attributes as a struct of their own."""
        found: Struct = {}
        leads: dict[str, Struct] = {}
        for name, target in objects.get_links().items():
            # A soft link leads to an object that has a place of its own. A link to another file is an error of pyfive.
            if isinstance(target, str) or name in _HIDDEN or target in self._linked:
                continue
            self._linked.add(target)
            value, attributes = self._object(target, depth + 1)
            if value is None:
                continue
            large = isinstance(value, np.ndarray) and value.size >= MIN_SAMPLES
            if large and canonical_lead(name):
                leads[name] = attributes
            elif large and attributes:
                value = {name: value, "attributes": attributes}
            found[_PANDAS.get(name, name)] = value
        own = _attributes(objects)
        if stated := own | _common(leads):
            found["attributes"] = stated
        return found

    def _object(self, address: int, depth: int) -> tuple[Value | None, Struct]:
        """(the value of the group or array at an address, the attributes of an array). None: it holds nothing."""
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise FileTooLarge(f"The file has more than {MAX_OBJECTS:,} groups and arrays, or they are too deep.")
        objects = self._file._get_dataobjects(address)
        about = objects.get_attributes()
        if not objects.is_dataset:
            if "MATLAB_sparse" in about:
                return Unread("a sparse matrix"), {}
            return (None if objects.is_datatype else self.group(objects, depth)), {}
        if objects.find_msg_type(_EXTERNAL_FILES):
            return Unread("an array that is stored in other files"), {}
        matlab = _text(about.get("MATLAB_class", b""))
        if "MATLAB_empty" in about:
            return None, {}
        dataset = Dataset("", DatasetID(objects, noindex=True, global_heaps=self._file._global_heaps), self._file)
        if "MATLAB_object_decode" in about:
            return Unread("objects of MATLAB, such as a table"), {}
        try:
            return self._value(dataset, matlab, depth), _attributes(objects)
        except Unreadable as why:
            return Unread(str(why)), {}

    def _value(self, dataset: Any, matlab: str, depth: int) -> Value | None:
        shape, kind = dataset.shape, dataset.id._ptype
        if shape is None or 0 in shape:
            return None
        if isinstance(kind, P5ReferenceType):
            return self._referred(dataset, depth)
        if isinstance(kind, P5VlenStringType):
            return self._texts(dataset)
        dtype = kind.dtype
        count = int(np.prod(shape, dtype=object))
        if dtype.names:
            return self._fields(dataset, dtype)
        if dtype.kind == "S":
            return texts_of([_text(text) for text in self._small(dataset, dtype, count)]) if count else None
        if dtype.kind not in _NUMBERS:
            return Unread("complex numbers" if dtype.kind == "c" else "values that are no real numbers")
        if sum(length > 1 for length in shape) > 2:
            # It is refused as several exams. Nothing of it is read.
            return np.broadcast_to(np.float32(0), shape)
        array = self._arrays.read(dataset, dtype)
        if matlab == "char":
            # Each column of HDF5 is a row of MATLAB.
            rows = array.reshape(array.shape[0], -1).T[:MAX_LEADS_GIVEN, :MAX_TEXT]
            return texts_of(["".join(map(chr, row)) for row in rows.tolist()])
        return array.T if matlab else array

    def _small(self, dataset: Any, dtype: Any, count: int) -> list[Any]:
        if count > MAX_LEADS_GIVEN or dtype.itemsize > MAX_TEXT:
            raise Unreadable("texts")
        found: list[Any] = self._arrays.read(dataset, np.dtype(dtype.str)).reshape(-1).tolist()
        return found

    def _texts(self, dataset: Any) -> Value:
        """Texts of any length. pyfive reads them, unless they are compressed."""
        if int(np.prod(dataset.shape, dtype=object)) > MAX_LEADS_GIVEN or dataset.id.filter_pipeline:
            raise Unreadable("texts")
        return texts_of([_text(text) for text in np.asarray(dataset[()], object).reshape(-1)])

    def _fields(self, dataset: Any, dtype: Any) -> Value:
        """An array whose values have fields, such as time, I and II: a struct of vectors."""
        if any(dtype[name].kind not in _NUMBERS or dtype[name].shape for name in dtype.names):
            raise Unreadable("a table with columns that are no numbers")
        table = self._arrays.read(dataset, dtype)
        return {name: table[name].reshape(-1) for name in dtype.names}

    def _referred(self, dataset: Any, depth: int) -> Value:
        """The values that an array refers to: the cells of a cell array, or a field of an array of structs."""
        addresses = self._arrays.read(dataset, np.dtype("<u8")).reshape(-1)
        if len(addresses) > MAX_LEADS_GIVEN:
            raise Unreadable("a long list of arrays")
        values = [self._object(int(address), depth + 1)[0] for address in addresses if address]
        if values and all(isinstance(value, tuple) and len(value) == 1 for value in values):
            return tuple(text for value in values if isinstance(value, tuple) for text in value)
        return [value for value in values if value is not None]


# pandas stores a frame as its columns' names and blocks of values.
_PANDAS = {"block0_items": "columns"}


def _attributes(objects: DataObjects) -> Struct:
    """What the attributes of a group or an array state."""
    found: Struct = {}
    for name, value in objects.get_attributes().items():
        if name.startswith(_OWN):
            continue
        array = np.asarray(value)
        if array.dtype.kind in _NUMBERS:
            found[name] = array
        elif array.dtype.kind in "SUO" and all(isinstance(item, bytes | str) for item in array.reshape(-1)):
            found[name] = texts_of([_text(item) for item in array.reshape(-1)])
    return found


def _common(leads: Mapping[str, Struct]) -> Struct:
    """What the attributes of all leads state. Raises HeaderInvalid if two leads differ."""
    found: Struct = {}
    for attributes in leads.values():
        for name, value in attributes.items():
            if name.lower() in _OF_ONE_LEAD:
                continue
            if name in found and not _equal(found[name], value):
                raise HeaderInvalid("The attributes of the leads differ.", "State rate and unit once, for all leads.")
            found[name] = value
    return found


def _equal(one: Value, other: Value) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other))
    return isinstance(one, tuple) and isinstance(other, tuple) and one == other


def _text(text: Any) -> str:
    return text[:MAX_TEXT].decode("utf-8", "replace") if isinstance(text, bytes) else str(text)[:MAX_TEXT]
