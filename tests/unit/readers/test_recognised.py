"""What no reader takes is named in the refusal, as far as its content says what it is."""

import io
import json
import pickle
import sqlite3
import struct
import wave
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from ecg_core.errors import EcgError
from ecg_core.model.classifier import classify
from ecg_core.readers import read
from ecg_core.readers.magic_numbers import kind_of
from ecg_core.readers.recognised import what
from ecg_core.readers.registry import formats
from ecg_core.reports.fhir import diagnostic_report
from ecg_core.reports.svg import plot
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import samples_bytes
from tests.unit.readers import oracle
from tests.unit.readers.wfdb_records import make_record, make_zip


def refused(files: dict[str, bytes]) -> EcgError:
    with pytest.raises(EcgError) as error:
        read(files)
    return error.value


def wav() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(500)
        file.writeframes(bytes(2000))
    return buffer.getvalue()


def hdf5(user_block: int = 0) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=user_block) as file:
        file["ecg"] = np.zeros((12, 500))
    return buffer.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table ecg (mv real)")
    data = connection.serialize()
    connection.close()
    return data


def ole(stream: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + stream.encode("utf-16-le") + bytes(1000)


def program() -> bytes:
    return b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0" + bytes(200)


def bitmap() -> bytes:
    return b"BM" + struct.pack("<IIIII", 1000, 0, 54, 40, 10) + bytes(980)


def mp3() -> bytes:
    return (b"\xff\xfb\x90\x64" + bytes(413)) * 20


def mp4(brand: bytes) -> bytes:
    return struct.pack(">I", 24) + b"ftyp" + brand + bytes(500)


def office(folder: str) -> dict[str, bytes]:
    names = ("_rels/.rels", "docProps/app.xml", "docProps/core.xml", f"{folder}/document.xml", f"{folder}/styles.xml")
    names += tuple(f"{folder}/part{n}.xml" for n in range(8))
    return {"[Content_Types].xml": b"<Types/>"} | dict.fromkeys(names, b"<a/>")


def compressed(names: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in names.items():
            archive.writestr(name, data)
    return buffer.getvalue()


FHIR_XML = b'<?xml version="1.0"?>\n<Observation xmlns="http://hl7.org/fhir"><status value="final"/></Observation>'
MAKER = b'<?xml version="1.0"?>\n<ecg><manufacturer>%s</manufacturer><name>Zoll Edan</name></ecg>'
HEADER = b"# a comment\n100 2 360 650000 0:0:0\n100.dat 212 200 11 1024 995 -22131 0 MLII\n"
VHDR = b"Brain Vision Data Exchange Header File Version 1.0\r\n; comment\r\n[Common Infos]\r\n"
LAB = b"[Header]\r\n File Type: 1\r\n Version: 1\r\n Channels exported: 22\r\n Samples per channel: 5000\r\n"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1"

FILES: dict[str, tuple[bytes, str]] = {
    "report.pdf": (b"%PDF-1.7\n1 0 obj\n", "a PDF"),
    "junk before.pdf": (b"\r\n\r\n%PDF-1.4\n", "a PDF"),
    "scan.jpg": (JPEG + bytes(100), "a picture"),
    "scan.png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
    "scan.tif": (b"II*\0\x08\0\0\0", "a picture"),
    "big endian.tif": (b"MM\0*\0\0\0\x08", "a picture"),
    "photo.heic": (mp4(b"heic"), "a picture"),
    "scan.bmp": (bitmap(), "a picture"),
    "scan.gif": (b"GIF89a" + bytes(50), "a picture"),
    "scan.webp": (b"RIFF\x10\0\0\0WEBPVP8 ", "a picture"),
    "plot.svg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "a picture"),
    "plot.ps": (b"%!PS-Adobe-3.0\n", "a picture"),
    "old.xls": (ole("Workbook"), "an old Excel"),
    "old.doc": (ole("WordDocument"), "a Word document"),
    "old.ppt": (ole("PowerPoint Document"), "a PowerPoint presentation"),
    "mail.msg": (ole("__substg1.0_0037001F"), "an e-mail of Outlook"),
    "other.ole": (ole("x"), "an old Office program"),
    "letter.rtf": (b"{\\rtf1\\ansi ECG}", "a Word document"),
    "page.html": (b"<!DOCTYPE html>\n<html><body>Login</body></html>", "a web page"),
    "PAGE.HTM": (b"\n<HTML><HEAD></HEAD></HTML>", "a web page"),
    "ecg.gdf": (b"GDF 2.20" + bytes(300), "a GDF recording"),
    "ecg.vhdr": (VHDR, "BrainVision"),
    "ecg v7.3.mat": (hdf5(512), "an HDF5 file"),
    "old.mat": (b"MATLAB 5.0 MAT-file, Platform: PCWIN64".ljust(128), "a MATLAB file"),
    "ecg.feather": (b"ARROW1\0\0" + bytes(100), "Parquet or Arrow"),
    "ecg.db": (database(), "a database"),
    "ecg.pkl": (pickle.dumps({"ecg": [1, 2, 3]}), "a Python pickle"),
    "ecg.wav": (wav(), "a sound recording"),
    "ecg.mp3": (mp3(), "a sound recording"),
    "tagged.mp3": (b"ID3\3\0" + bytes(100), "a sound recording"),
    "ecg.flac": (b"fLaC\0\0\0\x22" + bytes(100), "a sound recording"),
    "ecg.m4a": (mp4(b"M4A "), "a sound recording"),
    "ecg.mp4": (mp4(b"isom"), "a video"),
    "ecg.avi": (b"RIFF\x10\0\0\0AVI LIST", "a video"),
    "setup.exe": (program(), "a program"),
    "tool": (b"\x7fELF\2\1\1" + bytes(100), "a program"),
    "run.sh": (b"#!/bin/sh\nexit 1\n", "a program"),
    "ecg.7z": (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(50), "an archive of a kind"),
    "ecg.rar": (b"Rar!\x1a\x07\1\0" + bytes(50), "an archive of a kind"),
    "ecg.xz": (b"\xfd7zXZ\0\0\4" + bytes(50), "an archive of a kind"),
    "ecg.zst": (b"\x28\xb5\x2f\xfd" + bytes(50), "an archive of a kind"),
    "eeg.eeg": (b"EEG-1100A V01.00" + bytes(200), "Nihon Kohden"),
    "holter.arc": (b"\1\0\0\0NEUTRAL HOLTER RECORDING" + bytes(200), "Edan"),
    "chart.bin": (b"CFWB\1\0\0\0" + bytes(100), "LabChart"),
    "run.fit": (b"\x0e\x10\xd9\x07\0\1\0\0.FIT" + bytes(50), "sports watch"),
    "ep.txt": (LAB, "electrophysiology laboratory"),
    "message.hl7": (b"MSH|^~\\&|MINDRAY|X|||20260101||ORU^R01|1|P|2.6\r", "an HL7 version 2 message"),
    "fhir.xml": (FHIR_XML, "a FHIR resource in XML"),
    "zq.xml": (b'<?xml version="1.0" encoding="gb2312"?>\n<zqecg><a/></zqecg>', "Zoncare"),
    "cda.xml": (b'<ClinicalDocument xmlns="urn:hl7-org:v3"></ClinicalDocument>', "a clinical document"),
    "export.xml": (b'<?xml version="1.0"?><!DOCTYPE HealthData []><HealthData locale="de_DE"/>', "Apple Health"),
    "nk.xml": (MAKER % b"NIHON KOHDEN Corp.", "a device by Nihon Kohden"),
    "mindray.xml": (b'<?xml version="1.0"?>\n<ecg manufacturerName="Mindray"/>', "a device by Mindray"),
    "other.xml": (b'<?xml version="1.0"?>\n<unknown><name>Mustermann</name></unknown>', "an XML file of a kind"),
    "patient.xml": (MAKER % b"Acme", "an XML file of a kind"),
    "zoll.json": (b'{"ZOLL": {"FullDisclosure": [{"FullDisclosureRecord": []}]}}', "Zoll"),
    "health.json": (b'[{"sourceName": "ECG", "voltageMeasurements": [[0, 0.1]]}]', "HealthKit"),
    "patient.json": (b'{"resourceType": "Patient", "name": [{"family": "Mustermann"}]}', "FHIR resource without"),
    "document.json": (b'{"resourceType": "DocumentReference", "url": "https://x.org"}', "FHIR resource without"),
    "DICOMDIR": (
        bytes(128) + b"DICM\x02\0\x02\0UI\x14\x001.2.840.10008.1.3.10\0\0",
        "a DICOM directory (DICOMDIR)",
    ),
    "dicom.json": (b'{"00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.9.1.1"]}}', "a DICOM object as JSON"),
    "other.json": (b'{"Mustermann": [1, 2, 3]}', "a JSON file of a kind"),
    "list.json": (b"[1, 2, 3]", "a JSON file of a kind"),
    "problem.json": (EcgError("x").to_json().replace(b"ecg_error", b"too_short"), "an answer of this service"),
    "100.hea.txt": (HEADER, "a WFDB header"),
    "pointer.dat": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
    "link.url": (b"[InternetShortcut]\r\nURL=https://x.org\r\n", "a shortcut"),
    "ecg.asc": (b"-----BEGIN PGP MESSAGE-----\n", "an encrypted message"),
    "empty.bin": (bytes(5000), "a file of zero bytes"),
}


@pytest.mark.parametrize(("name", "file"), FILES.items(), ids=FILES)
def test_a_file_is_named_by_its_content_under_any_name(name: str, file: tuple[bytes, str]) -> None:
    data, kind = file
    for as_name in ("x", name) if not name.endswith(".dat") else ("x",):
        error = refused({as_name: data})
        assert error.code == "unsupported_format"
        assert error.message.startswith("This is a")
        assert kind in error.message
        assert error.hint
        assert "Mustermann" not in error.message + error.hint


@pytest.mark.parametrize(("folder", "kind"), [("word", "Word"), ("ppt", "PowerPoint"), ("xl", "workbook")])
def test_an_office_document_is_named_whether_it_was_unpacked_or_not(folder: str, kind: str) -> None:
    names = office(folder)
    assert kind in refused(names).message
    parts = {"word": "word/document.xml", "ppt": "ppt/presentation.xml", "xl": "xl/workbook.xml"}
    packed = compressed(names | {parts[folder]: b"<a/>"})
    assert kind in refused({"document": packed}).message
    found = kind_of(packed)
    assert found
    assert kind in found.name


def test_other_packages_are_named() -> None:
    odt = {
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "content.xml": b"<a/>",
        "META-INF/manifest.xml": b"<a/>",
    }
    assert "OpenDocument" in refused({"a.odt": make_zip(odt)}).message
    torch = {"archive/data.pkl": b"\x80\2}q\0.", "archive/version": b"x\n"}
    assert "pickle" in refused({"a.pt": make_zip(torch)}).message
    health = {"apple_health_export/export.xml": b"<?xml version='1.0'?><HealthData/>"}
    health |= {f"apple_health_export/workout-routes/r{n}.gpx": b"<gpx/>" for n in range(9)}
    assert "Apple Health" in refused({"export.zip": make_zip(health)}).message


def test_the_hint_lists_the_formats_where_another_file_is_needed() -> None:
    assert refused({"a": FILES["scan.jpg"][0]}).hint.endswith(f"Send {formats()}.")
    assert formats() not in refused({"a": FILES["ecg.7z"][0]}).hint


def test_the_outputs_of_this_service_are_no_input() -> None:
    result = classify(synthesize())
    assert "a report that this service made" in refused({"a": diagnostic_report(result)}).message
    assert "an answer of this service" in refused({"a": result.to_json()}).message
    assert "a picture" in refused({"a": plot(synthesize())}).message


def test_annotations_of_real_records_are_named(tmp_path: Path) -> None:
    times, symbols = np.array([10, 400, 90_000, 91_000]), ["+", "N", "V", "N"]
    oracle.wrann("a", "atr", times, symbols, aux_note=["(N", "", "", ""], write_dir=str(tmp_path))
    data = (tmp_path / "a.atr").read_bytes()
    assert "WFDB annotations" in refused({"a.atr": data}).message
    assert "WFDB annotations" in refused({"any": data + bytes(300)}).message
    for cut in range(2, len(data) - 2, 2):
        assert what(data[:cut]) is None


def test_one_of_several_files_is_named() -> None:
    error = refused({"a.bin": b"\1\2\3\4", "b.bin": b"\x89PNG\r\n\x1a\n"})
    assert error.message == "No ECG was recognised. One of the files is a picture."


def test_a_signal_without_its_header_still_waits_for_it() -> None:
    data = make_record()["rec.dat"]
    for content in (data, bytes(600), samples_bytes(synthesize())):
        assert refused({"rec.dat": content}).code == "record_incomplete"
    # What surely is something else does not wait.
    assert refused({"rec.dat": b"%PDF-1.7"}).code == "unsupported_format"
    assert refused({"rec.mat": hdf5()}).code != "record_incomplete"


def test_raw_samples_and_noise_are_not_named() -> None:
    random = np.random.default_rng(0)
    raws = [
        np.round(synthesize(seed=seed).signal * 200 + 1024).astype("<i2").tobytes() + bytes(64) for seed in range(9)
    ]
    noise = [random.integers(0, 256, 4096, np.uint8).tobytes() for _ in range(500)]
    words = [
        b"hello",
        b"ECG of 12 leads",
        b"[a b c]",
        b"{1 2 3}",
        b"[test]\nx=1\n",
        b"[Header]\nx",
        b"<",
        b"< 5 mV",
        b"\1" * 99,
    ]
    for data in (*raws, *noise, *words, b"", b"\0\1", b"BM", b"MZ", b"PK", b"RIFF", b"\xff\xfb"):
        assert what(data) is None, data[:20]


def test_nothing_raises_on_the_beginning_of_any_file() -> None:
    for data, _ in FILES.values():
        for cut in (*range(60), 100, 500, 1000):
            what(data[:cut])


def test_answers_of_this_service_inside_a_valid_json_are_found_in_utf_16() -> None:
    text = json.dumps({"resourceType": "DiagnosticReport", "identifier": [{"system": "urn:ekg:answer"}]})
    found = what(text.encode("utf-16"))
    assert found
    assert "report that this service made" in found.name


TABLE = b"time (s),I (mV),II (mV)\n" + b"".join(b"%.3f,0.%d,1.%d\n" % (n / 500, n % 9, n % 7) for n in range(500))


@pytest.mark.parametrize(
    "above", [b"[ECG]\n", b"[Header]\nnames below\n", b"# [1, 2]\n", b"[5 mV]\n", b"MSH is no word\n"]
)
def test_a_line_above_a_table_does_not_make_it_another_kind_of_file(above: bytes) -> None:
    assert read({"a": above + TABLE}).leads == ("I", "II")


@pytest.mark.parametrize("indent", [None, 1])
def test_numbers_in_json_or_xml_are_never_read_as_a_table(indent: int | None) -> None:
    rows = [[round(0.01 * (n % 97), 2), round(0.02 * (n % 89), 2)] for n in range(3000)]
    document = json.dumps({"I": [row[0] for row in rows], "II": [row[1] for row in rows]}, indent=indent).encode()
    lines = b"\n".join(b"%.2f %.2f" % tuple(row) for row in rows)
    files = (
        document,
        json.dumps(rows, indent=indent).encode(),
        b"<?xml version='1.0'?>\n<x>\nI II\n" + lines + b"\n</x>",
        b"<html><pre>\nI II\n" + lines + b"\n</pre></html>",
    )
    for data in files:
        with pytest.raises(EcgError) as error:
            read({"a": data}, fs_hz=500, units="mV", leads="I,II")
        assert error.value.code == "unsupported_format"
