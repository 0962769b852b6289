"""PDFs of Kardia and the Apple Watch, made here: no real file was at hand. So most tests are about refusals."""

import builtins
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import EcgError
from ecg_core.readers import read
from ecg_core.readers.extras.strokes import drawing_of
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.effort import times_as_costly
from tests.unit.readers.made import pdf as made

pytest.importorskip("pypdf")

HEART = synthesize("normal", duration_s=30, fs_hz=made.KARDIA_HZ)
LIMB, LEAD_I = HEART.only(made.LIMB), HEART.only(("I",))
WATCH = synthesize("normal", duration_s=30, fs_hz=made.APPLE_HZ)


def read_pdf(data: bytes, **options: Any) -> Recording:
    return read({"ecg.pdf": data}, **options)


def refused(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as raised:
        read_pdf(data, **options)
    return raised.value


def test_six_leads_of_kardia_are_read_from_their_rows_and_pages() -> None:
    recording = read_pdf(made.kardia(LIMB))
    assert (recording.format, recording.fs_hz, recording.leads) == ("pdf", 300.0, made.LIMB)
    np.testing.assert_allclose(recording.signal, LIMB.signal, atol=1e-4)
    assert any("filtered" in said for said in recording.corrections)


@pytest.mark.parametrize("labels", [True, False])
def test_one_lead_of_kardia_goes_on_from_row_to_row(labels: bool) -> None:
    recording = read_pdf(made.kardia(LEAD_I, rows=4, labels=labels), **({} if labels else {"leads": "I"}))
    assert (recording.fs_hz, recording.leads) == (300.0, ("I",))
    np.testing.assert_allclose(recording.signal, LEAD_I.signal, atol=1e-4)


def test_the_leads_of_rows_without_names_come_from_the_option() -> None:
    data = made.kardia(LIMB, labels=False)
    assert refused(data).code == "no_ecg_leads"
    assert refused(data, leads="I,II").code == "no_ecg_leads"
    assert refused(data, leads="I").code == "header_invalid"
    np.testing.assert_allclose(read_pdf(data, leads=",".join(made.LIMB)).signal, LIMB.signal, atol=1e-4)


def test_three_rows_of_a_watch_are_read() -> None:
    recording = read_pdf(made.apple(WATCH))
    assert recording.leads == ("I",)
    assert recording.fs_hz == pytest.approx(512, rel=1e-6)
    difference = recording.signal[0] - WATCH.signal[0]
    for row in np.split(difference, [5120, 10_240]):
        np.testing.assert_allclose(row, np.median(row), atol=1e-4)
    assert abs(np.median(difference)) < 0.1


def test_the_rate_of_a_watch_is_that_of_its_drawing() -> None:
    slow = synthesize("normal", duration_s=30, fs_hz=511.75)
    assert read_pdf(made.apple(slow, stated_hz=512)).fs_hz == pytest.approx(511.75, rel=1e-5)
    assert refused(made.apple(slow, stated_hz=256)).code == "unsupported_format"


def test_points_of_straight_lines_may_be_left_out() -> None:
    values = LEAD_I.signal[0, :3000].astype(np.float64)
    values[300:450] = np.linspace(values[300], values[449], 150)
    drawn = made.trace(values, 36, 110, 25 * made.POINTS_PER_MM / 300, 10 * made.POINTS_PER_MM).split("\n")
    kept = "\n".join([*drawn[:301], *drawn[449:]])
    said = "".join(made.words(line.format(duration=10), 40, 760) for line in made.KARDIA_WORDS)
    page = f"q 1 0 0 -1 0 792 cm 36 110 m 900 110 l S\n{kept}Q\n{made.words('I', 38, 690)}{said}"
    np.testing.assert_allclose(read_pdf(made.pdf([page])).signal[0], values, atol=1e-4)


SAID = made.KARDIA_WORDS
SCAN = "q 500 0 0 700 50 50 cm /Im0 Do Q\n"


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (made.pdf([SCAN]), "unsupported_format", "such as a scan"),
        (made.pdf([made.words("Kardia 25mm/s 10mm/mV", 40, 40)]), "unsupported_format", "such as a scan"),
        (made.kardia(LIMB, said=SAID[1:]), "unsupported_format", "another device"),
        (made.kardia(LIMB, said=(*SAID, "watchOS")), "unsupported_format", "another device"),
        (made.kardia(LIMB, said=SAID[:3]), "unsupported_format", "25 mm/s"),
        (made.kardia(LIMB, said=(*SAID[:3], "Scale: 5mm/mV, 25mm/s"), gain_mm=5), "unsupported_format", "10 mm/mV"),
        (made.kardia(LIMB, said=(*SAID[:3], "Scale: 10mm/mV, 50mm/s")), "unsupported_format", "25 mm/s"),
        (made.kardia(LIMB, said=(*SAID, "or 5 mm/mV")), "unsupported_format", "only so"),
        (made.kardia(LIMB, scale=0.96), "unsupported_format", "true size"),
        (made.kardia(LIMB, scale=1.02), "unsupported_format", "true size"),
        (made.kardia(synthesize("normal", duration_s=30, fs_hz=500)), "unsupported_format", ""),
        (made.kardia(LIMB, said=(SAID[0], *SAID[2:])), "header_invalid", "not as long"),
        (made.kardia(LIMB, said=(SAID[0], "Duration: 25s", *SAID[2:])), "header_invalid", "not as long"),
        (made.apple(WATCH, said=("25 mm/s, 10 mm/mV, Lead I, watchOS 10.1",)), "header_invalid", "sampling rate"),
        (made.apple(WATCH, said=("25 mm/s, 20 mm/mV, Lead I, 512Hz, watchOS",)), "unsupported_format", "10 mm/mV"),
        (made.apple(WATCH, scale=0.9), "unsupported_format", "true size"),
        (made.apple(synthesize("normal", duration_s=60, fs_hz=512)), "unsupported_format", ""),
    ],
)
def test_a_pdf_that_is_not_as_these_apps_make_it_is_refused(data: bytes, code: str, words: str) -> None:
    error = refused(data)
    assert error.code == code
    assert words in error.message


def changed(old: str, new: str) -> bytes:
    """The six leads of Kardia with another text in every content stream."""
    data = made.kardia(LIMB)
    parts = data.split(b"stream\n")
    for place in range(1, len(parts), 2):
        if (body := parts[place].removesuffix(b"\nend"))[:1] == b"x":
            parts[place] = zlib.compress(zlib.decompress(body).replace(old.encode(), new.encode())) + b"\nend"
    return b"stream\n".join(parts)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("36 220 m 576 220 l\n", ""),
        ("36 220 m 576 220 l\n", "36 190 m 576 190 l\n"),
        ("(aVR)", "(II)"),
        ("(II)", "(x)"),
        ("1 0 0 -1 0 792 cm", "1 0 0 -2 0 792 cm"),
        ("1 0 0 -1 0 792 cm", "0 1 1 0 0 0 cm"),
        ("0 0 0 RG", "0.5 0 0 0.5 0 0 cm"),
        (" l\nS\n", " l\nf\n"),
    ],
    ids=[
        "no zero line",
        "zero line far off",
        "a lead twice",
        "a row unnamed",
        "higher",
        "turned",
        "smaller",
        "filled",
    ],
)
def test_a_drawing_of_another_shape_is_refused(old: str, new: str) -> None:
    assert read_pdf(changed("(II)", "(II)")).leads == made.LIMB
    assert refused(changed(old, new)).code in ("unsupported_format", "header_invalid", "no_ecg_leads")


def test_what_a_content_stream_strokes_is_placed_on_the_page() -> None:
    line = " ".join(f"{x} {x % 3} l" for x in range(1, 50))
    content = (
        f"q 2 0 0 2 10 0 cm q 1 0 0 -1 0 100 cm 0 0 m {line} S Q 0 5 m 9 5 l S Q (1 1 m {line} S) Tj 1 1 m {line} f"
    )
    drawn = drawing_of(content.encode())
    (trace,) = drawn.traces
    assert trace[:2].tolist() == [[10, 200], [12, 198]]
    assert drawn.levels == [(10.0, 10.0, 28.0)]


ATTACKS = {
    "a page of 400 MB": made.pdf(["1 1 m 2 2 l S\n" * 3_000_000]),
    "many pages": made.pdf(["q Q"] * 30),
    "a million numbers": made.pdf(["1 " * 300_000]),
    "a million points": made.pdf(["0 0 m " + "1 1 l " * 300_000 + "S"]),
    "deep strings": made.pdf(["(" * 200_000]),
    "no end": made.kardia(LIMB)[:-2000],
    "no objects": b"%PDF-1.7\n" + b"x" * 1000,
    "a loop of pages": made.pdf(["q Q"]).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]"),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("data", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_at_the_cost_of_some_sound_files(data: bytes) -> None:
    sound = made.kardia(LIMB)
    assert refused(data).code in ("header_invalid", "file_too_large", "unsupported_format")
    assert times_as_costly(lambda: refused(data), lambda: read_pdf(sound), enough=15) <= 15
    tracemalloc.start()
    try:
        refused(data)
        assert tracemalloc.get_traced_memory()[1] < 120_000_000
    finally:
        tracemalloc.stop()


def test_without_the_package_the_refusal_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "pypdf":
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    error = refused(made.kardia(LIMB))
    assert error.code == "unsupported_format"
    assert "a PDF" in error.message
    assert "pip install 'ekg[pdf]'" in error.hint
