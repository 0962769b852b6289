"""HDF5 files and MATLAB files of version 7.3: the one array that is an ECG, and what the file says about it."""

import builtins
import io
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.readers.extras.stored import MAX_ARRAYS_BYTES, MAX_READS, Counted
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.effort import times_as_costly
from tests.unit.readers.made.hdf5 import array, examples, hdf5, matlab

h5py = pytest.importorskip("h5py")
pytest.importorskip("pyfive")

HEART = synthesize("normal", duration_s=6.0, fs_hz=250).signal
GIVEN: dict[str, Any] = {"fs_hz": 250.0, "units": "mV", "leads": ",".join(LEADS)}
ABOUT = {"fs": 250, "units": "mV", "leads": list(LEADS)}


def read_h5(data: bytes, **options: Any) -> Recording:
    return read({"ecg.h5": data}, **options)


def refused(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as raised:
        read_h5(data, **options)
    return raised.value


@pytest.mark.parametrize("files", examples().values(), ids=examples())
def test_an_example_is_read(files: dict[str, bytes]) -> None:
    recording = read(files)
    assert (recording.format, recording.fs_hz, recording.leads) == ("hdf5", 500.0, LEADS)
    assert recording.corrections == ()
    np.testing.assert_array_equal(recording.signal, synthesize("normal").signal)


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"chunks": (12, 1500)},
        {"chunks": (5, 400)},
        {"chunks": (1, 7)},
        {"chunks": True, "compression": "gzip"},
        {"chunks": (7, 999), "compression": 9, "shuffle": True},
        {"chunks": (7, 999), "compression": 1, "shuffle": True, "fletcher32": True},
        {"chunks": (5, 77), "fletcher32": True},
        {"chunks": True, "maxshape": (None, None)},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2", "<i2", ">i4", "u2"])
def test_every_way_of_storing_gives_the_numbers_of_h5py(ways: dict[str, Any], kind: str) -> None:
    values = (HEART * (1000 if "f" not in kind else 1) + (0 if "f" in kind else 9000)).astype(kind)
    data = array(values, **ways)
    with h5py.File(io.BytesIO(data)) as file:
        expected = file["ecg"][()].astype(np.float32)

    options = GIVEN if "f" in kind else {"fs_hz": 250.0, "gain": 1000.0, "leads": GIVEN["leads"]}
    found = read_h5(data, **options).signal

    np.testing.assert_allclose(found, expected if "f" in kind else expected / 1000, rtol=1e-6)


def test_both_orientations_and_a_compact_array_are_read() -> None:
    for values in (HEART, HEART.T, HEART[None], HEART.T[:, :, None]):
        np.testing.assert_array_equal(read_h5(array(values), **GIVEN).signal, HEART)

    def compact(file: Any) -> None:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((2, 1500))
        h5py.h5d.create(file.id, b"ecg", h5py.h5t.NATIVE_INT16, space, plist).write(
            h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(np.round(HEART[:2] * 1000), np.int16)
        )

    found = read_h5(hdf5(compact), fs_hz=250, gain=1000, leads="I,II").signal
    np.testing.assert_allclose(found, HEART[:2], atol=1e-6)


def attributes(file: Any) -> None:
    file.create_dataset("ecg", data=HEART).attrs.update(ABOUT)


def attributes_of_the_file(file: Any) -> None:
    file["signals/raw"] = HEART
    file.attrs.update(ABOUT)


def values_beside(file: Any) -> None:
    file["ecg"] = HEART
    file["fs"] = 250.0
    file["fs"].attrs["unit"] = "Hz"
    file["units"] = "mV"
    file["lead_names"] = np.array(LEADS, "S")


def an_array_for_each_lead(file: Any) -> None:
    file.attrs["fs"] = 250
    for lead, row in zip(reversed(LEADS), HEART[::-1], strict=True):
        file[f"ecg/{lead}"] = row
    file["ecg"].attrs["unit"] = "mV"


def attributes_of_each_lead(file: Any) -> None:
    for lead, row in zip(LEADS, HEART, strict=True):
        file.create_dataset(lead, data=row).attrs.update({"fs": 250, "units": "mV", "label": lead})


def many_objects(file: Any) -> None:
    for number in range(40):
        file[f"other/n{number}"] = number
        file.attrs[f"a{number}"] = number
    attributes(file)


def links_within(file: Any) -> None:
    attributes(file)
    file["again"] = file["ecg"]
    file["soft"] = h5py.SoftLink("/ecg")
    file["itself"] = h5py.SoftLink("/itself")
    file["round/and"] = file["/"]


@pytest.mark.parametrize(
    "fill",
    [
        attributes,
        attributes_of_the_file,
        values_beside,
        an_array_for_each_lead,
        attributes_of_each_lead,
        many_objects,
        links_within,
    ],
)
@pytest.mark.parametrize("ways", [{}, {"libver": "latest"}, {"track_order": True}], ids=str)
def test_what_the_file_states_counts(fill: Callable[[Any], None], ways: dict[str, Any]) -> None:
    recording = read_h5(hdf5(fill, **ways))
    assert recording.fs_hz == 250.0
    order = [LEADS.index(lead) for lead in recording.leads]
    assert sorted(order) == list(range(12))
    np.testing.assert_array_equal(recording.signal, HEART[order])


def test_a_table_with_fields_gives_leads_by_their_names() -> None:
    table = np.zeros(1500, [("time", "<f8"), *((lead, "<f4") for lead in LEADS)])
    table["time"] = np.arange(1500) / 250
    for lead, row in zip(LEADS, HEART, strict=True):
        table[lead] = row
    for ways in ({}, {"compression": "gzip"}):
        recording = read_h5(array(table, **ways), fs_hz=250, units="mV")
        assert recording.leads == LEADS
        np.testing.assert_array_equal(recording.signal, HEART)


def test_a_frame_of_pandas_has_the_names_of_its_columns() -> None:
    def frame(file: Any) -> None:
        file["df/axis0"] = file["df/block0_items"] = np.array(LEADS, "S")
        file["df/axis1"] = np.arange(1500)
        file["df/block0_values"] = HEART.T

    np.testing.assert_array_equal(read_h5(hdf5(frame), fs_hz=250, units="mV").signal, HEART)


@pytest.mark.parametrize(
    "values",
    [
        {"ecg": HEART, "fs": 250.0, "units": "mV", "leads": list(LEADS)},
        {"ecg": HEART.T, "fs": 250.0, "units": "mV", "leads": ",".join(LEADS)},
        {"ECG": {"data": HEART, "Fs": 250.0, "unit": "mV", "lead": list(LEADS), "sex": "Male", "age": 60.0}},
        {"x": [{"data": HEART, "fs": 250.0, "units": "mV", "leads": list(LEADS)}]},
    ],
    ids=["cells", "one text", "struct", "struct in a cell"],
)
def test_a_matlab_file_is_read(values: dict[str, Any]) -> None:
    recording = read({"ecg.mat": matlab(values)})
    assert (recording.fs_hz, recording.leads) == (250.0, LEADS)
    np.testing.assert_array_equal(recording.signal, HEART)


def external(file: Any) -> None:
    file.create_dataset("ecg", (12, 1500), "f4", external=[("/etc/passwd", 0, 72_000)])


def link_to_another_file(file: Any) -> None:
    file["other"] = h5py.ExternalLink("/etc/passwd", "/x")
    attributes(file)


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((12, 1500), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (12, 1500))
    file.create_virtual_dataset("ecg", layout)


def leads_that_differ(file: Any) -> None:
    for lead, unit in (("I", "mV"), ("II", "uV")):
        file.create_dataset(lead, data=HEART[0]).attrs.update({"fs": 250, "units": unit})


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (lambda: array(HEART), "no_ecg_leads", ""),
        (lambda: array(HEART, {"leads": list(LEADS)}), "sampling_rate_unknown", ""),
        (lambda: array(HEART, {"leads": list(LEADS), "fs": 250}), "units_unknown", ""),
        (lambda: array(np.stack([HEART] * 3), ABOUT), "several_records", "three dimensions"),
        (lambda: hdf5(lambda file: file.update({"a": HEART, "b": HEART})), "several_records", "2 arrays"),
        (lambda: matlab({"p": [{"ecg": HEART}, {"ecg": HEART}]}), "several_records", "2 arrays"),
        (lambda: hdf5(leads_that_differ), "header_invalid", "differ"),
        (lambda: hdf5(external), "unsupported_format", "other files"),
        (lambda: hdf5(link_to_another_file), "unsupported_format", "other files"),
        (lambda: hdf5(virtual), "unsupported_format", "other files"),
        (lambda: array(HEART, compression="lzf"), "unsupported_format", "use gzip"),
        (lambda: array(HEART.astype(complex)), "unsupported_format", "complex"),
        (
            lambda: hdf5(lambda file: file.create_dataset("ecg", (12, 1500), "f4")),
            "unsupported_format",
            "never written",
        ),
        (lambda: hdf5(lambda file: file.create_group("empty")), "unsupported_format", "long enough"),
        (lambda: hdf5(lambda file: None), "unsupported_format", "long enough"),
    ],
)
def test_what_is_not_one_ecg_is_refused_by_its_name(data: Callable[[], bytes], code: str, words: str) -> None:
    error = refused(data())
    assert error.code == code
    assert words in error.message


def test_a_piece_that_was_never_written_is_refused() -> None:
    def partly(file: Any) -> None:
        file.create_dataset("ecg", (12, 1500), "f4", chunks=(12, 500))[:, :500] = HEART[:, :500]

    assert refused(hdf5(partly), **GIVEN).code == "signal_truncated"


def test_a_changed_byte_fails_the_checksum() -> None:
    data = bytearray(array(HEART, fletcher32=True, chunks=(12, 1500)))
    data[data.index(HEART[0, :8].tobytes()) + 5] ^= 1
    assert refused(bytes(data), **GIVEN).code == "checksum_mismatch"


def test_a_file_cut_anywhere_is_refused() -> None:
    for files in examples().values():
        data = next(iter(files.values()))
        for end in range(520, len(data), len(data) // 30):
            assert refused(data[:end]).code in ("header_invalid", "signal_truncated", "unsupported_format")


def lying(fill: Callable[[Any], None], stated: bytes, instead: bytes) -> bytes:
    data = hdf5(fill)
    assert stated in data
    return data.replace(stated, instead)


ATTACKS: dict[str, Callable[[], bytes]] = {
    "a trillion samples": lambda: hdf5(lambda file: file.create_dataset("ecg", (12, 10**12), "f4", chunks=(12, 1000))),
    "a bomb in one piece": lambda: array(np.zeros((12, 900_000)), chunks=(12, 900_000), compression="gzip"),
    "a piece that inflates beyond its size": lambda: lying(
        lambda file: file.create_dataset("ecg", data=np.zeros((12, 70_001), "f4"), chunks=(12, 70_001), compression=9),
        (70_001).to_bytes(4, "little"),
        (1_001).to_bytes(4, "little"),
    ),
    "an attribute of a billion texts": lambda: lying(
        lambda file: file.attrs.update({"names": ["a"] * 3001}),
        (3001).to_bytes(8, "little"),
        (10**9).to_bytes(8, "little"),
    ),
    "three thousand groups": lambda: hdf5(lambda file: [file.create_group(f"g{number}") for number in range(3_000)]),
    "groups in groups": lambda: hdf5(lambda file: file.create_group("/".join(["g"] * 200))),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_at_the_cost_of_some_sound_files(attack: Callable[[], bytes]) -> None:
    data, sound = attack(), array(np.repeat(HEART, 10, axis=1), ABOUT, compression="gzip")
    assert refused(data, **GIVEN).code in ("file_too_large", "header_invalid", "signal_truncated", "unsupported_format")
    assert times_as_costly(lambda: refused(data, **GIVEN), lambda: read_h5(sound), enough=40) <= 40
    tracemalloc.start()
    try:
        refused(data, **GIVEN)
        assert tracemalloc.get_traced_memory()[1] < MAX_ARRAYS_BYTES + 20_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_is_read_without_end_is_refused() -> None:
    file = Counted(b"x" * 8)
    for _ in range(MAX_READS):
        file.seek(0)
        file.read(8)
    with pytest.raises(EcgError, match="without end"):
        file.read(8)


def test_nothing_of_the_file_is_printed(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    def fill(file: Any) -> None:
        attributes(file)
        file.attrs["Doe"] = np.array([1 + 2j])
        file["Roe"] = np.dtype("f4")
        file.attrs["Poe"] = h5py.Empty("f4")

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        read_h5(hdf5(fill))
    shown = capsys.readouterr()
    assert not any(
        name in f"{shown}{caplog.text}{[str(one.message) for one in said]}" for name in ("Doe", "Roe", "Poe")
    )


def test_without_the_package_the_refusal_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "ecg_core.readers.extras" and "tree" in (rest[2] or ()):
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for data, kind in ((array(HEART), "an HDF5 file"), (matlab({"ecg": HEART}), "a MATLAB file of version 7.3")):
        error = refused(data)
        assert error.code == "unsupported_format"
        assert kind in error.message
        assert "pip install 'ekg[hdf5]'" in error.hint
