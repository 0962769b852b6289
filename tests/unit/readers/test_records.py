"""Which names form one record."""

import pytest

from ecg_core.errors import HeaderInvalid
from ecg_core.readers import records
from ecg_core.readers.names import Listing, is_header
from ecg_core.readers.wfdb.header import MAX_HEADER_BYTES, Header
from tests.effort import times_as_costly
from tests.unit.readers.wfdb_records import make_record, make_segmented


def grouped(files: dict[str, bytes]) -> list[records.Group]:
    return list(records.group(Listing(files), lambda name: Header(files[name])))


@pytest.mark.parametrize("name", ["100.hea", "100.HEA", "a/b/100.Hea"])
def test_a_header_is_recognised_by_its_extension_in_any_case(name: str) -> None:
    assert is_header(name)


@pytest.mark.parametrize("name", ["100.dat", "hea", "100.hea.txt", "100.hea~"])
def test_other_names_are_not_headers(name: str) -> None:
    assert not is_header(name)


def test_a_header_asks_for_each_signal_file_once_and_in_order() -> None:
    header = b"r 3 500\nr.xyz 16 1 16 0 0 0 0 I\nr.dat 16 1 16 0 0 0 0 II\nr.dat 16 1 16 0 0 0 0 III\n"
    assert Header(header).asks_for == ("r.xyz", "r.dat")


def test_a_master_header_asks_for_the_headers_of_its_segments_but_not_for_gaps() -> None:
    assert Header(b"r/4 2 500 30\nr_layout 0\nr_1 10\n~ 10\nr_2 10\n").asks_for == (
        "r_layout.hea",
        "r_1.hea",
        "r_2.hea",
    )


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_comments_blank_lines_and_line_ends_are_not_signals(end: bytes) -> None:
    header = end.join([b"# made by hand", b"", b"r 1 500 # no comment", b"", b"  ", b"r.dat 16", b"# J\xf6rg", b""])
    assert Header(header).asks_for == ("r.dat",)


@pytest.mark.parametrize(
    "name",
    [
        "../r.dat",
        "a/r.dat",
        "/etc/passwd",
        "a\\r.dat",
        "C:r.dat",
        "s3://bucket/r.dat",
        "..",
        "-",
        "a..b",
        "x" * 300,
        "r.hea",
    ],
)
def test_a_header_that_names_a_file_elsewhere_is_refused_without_repeating_the_name(name: str) -> None:
    with pytest.raises(HeaderInvalid) as refused:
        _ = Header(f"r 1 500\n{name} 16\n".encode()).asks_for
    assert name not in refused.value.message or len(name) < 3


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"# only a comment",
        b"r",
        b"r x 500",
        b"r -1 500",
        b"r 2 500\nr.dat 16\n",
        b"r 1 500\nr.dat 16\nr.dat 16\n",
        b"r 100000000 500\nr.dat 16\n",
        b"r/99999 2 500\nr_1 10\n",
        b"r 1 500\nr.dat\0 16\n",
        b"r 1 500\n" + b"#" * MAX_HEADER_BYTES,
    ],
)
def test_a_header_that_contradicts_its_counts_or_is_no_text_is_refused(header: bytes) -> None:
    with pytest.raises(HeaderInvalid):
        _ = Header(header).asks_for


def test_a_header_and_its_signals_form_one_record_in_any_order() -> None:
    files = make_record(name="a") | make_record(name="b")
    names = ["b.dat", "a.dat", "b.hea", "a.hea"]
    assert list(records.group(Listing(names), lambda name: Header(files[name]))) == [
        records.Group(("b.hea", "b.dat"), "b.hea"),
        records.Group(("a.hea", "a.dat"), "a.hea"),
    ]


def test_an_extension_matches_in_any_case_and_a_stem_exactly() -> None:
    files = {"A.HEA": make_record(name="A")["A.hea"], "A.DAT": b"", "a.dat": b""}
    assert grouped(files) == [records.Group(("A.HEA", "A.DAT"), "A.HEA"), records.Group(("a.dat",))]


def test_a_record_never_leaves_its_folder() -> None:
    record = make_record(name="a")
    files = {"x/a.hea": record["a.hea"], "y/a.dat": record["a.dat"]}
    assert grouped(files)[0] == records.Group(("x/a.hea",), "x/a.hea", ("x/a.dat",))


def test_the_missing_files_of_a_record_are_listed() -> None:
    files = make_segmented()
    del files["rec_1.dat"]
    assert grouped(files) == [
        records.Group(("rec.hea", "rec_0.hea", "rec_0.dat", "rec_1.hea"), "rec.hea", ("rec_1.dat",))
    ]


def test_segments_are_not_separate_records() -> None:
    assert [group.header for group in grouped(make_segmented())] == ["rec.hea"]


def test_a_record_that_is_its_own_segment_is_still_one_record() -> None:
    assert grouped({"r.hea": b"r/1 2 500 10\nr 10\n"}) == [records.Group(("r.hea",), "r.hea")]


def test_two_records_that_are_segments_of_each_other_are_both_listed() -> None:
    assert len(grouped({"a.hea": b"a/1 2 500 10\nb 10\n", "b.hea": b"b/1 2 500 10\na 10\n"})) == 2


def test_an_invalid_header_keeps_the_files_of_its_stem() -> None:
    assert grouped({"r.hea": b"nonsense", "r.dat": b"\1"}) == [records.Group(("r.hea",), "r.hea")]


def test_noise_is_left_out() -> None:
    noise = [
        *("__MACOSX/._rec.hea", "._rec.hea", ".DS_Store", "Thumbs.db", "desktop.ini", "folder/", ".git/rec.hea"),
        *("README", "README.md", "LICENSE.txt", "SHA256SUMS.txt", "RECORDS", "ANNOTATORS", "report.pdf"),
        *("rec.atr", "rec.qrs", "rec.xws", "other.atr", "rec.avr", "rec.q1c"),
    ]
    files = make_record() | dict.fromkeys(noise, b"noise")
    assert grouped(files) == [records.Group(("rec.hea", "rec.dat"), "rec.hea")]


def test_a_table_is_a_separate_record_even_beside_a_header_of_its_stem() -> None:
    files = make_record() | {"rec.csv": b"", "records.csv": b""}
    assert [group.names[0] for group in grouped(files)] == ["rec.hea", "rec.csv", "records.csv"]


@pytest.mark.no_cover
def test_a_folder_of_thousands_of_records_is_grouped_and_each_header_read_once() -> None:
    header = make_record(name="r")["r.hea"]
    read = []

    def header_of(name: str) -> Header:
        read.append(name)
        return Header(header.replace(b"r.dat", name.replace(".hea", ".dat").encode()))

    def group(count: int) -> list[records.Group]:
        read.clear()
        return list(
            records.group(Listing([f"{n}.{suffix}" for n in range(count) for suffix in ("hea", "dat")]), header_of)
        )

    groups = group(20_000)
    assert len(groups) == len(read) == 20_000
    assert all(len(group.names) == 2 for group in groups)
    # Ten times as many records cost about ten times as much. Comparing every record with every other would cost a
    # hundred.
    assert times_as_costly(lambda: group(20_000), lambda: group(2000), enough=30) <= 30


@pytest.mark.parametrize("header", ["r ١ 500\nr.dat 16\n", "r/١ 1 500\nr_1 10\n", "r\u20031 500\nr.dat 16\n"])
def test_digits_and_blanks_outside_ascii_do_not_count(header: str) -> None:
    with pytest.raises(HeaderInvalid):
        _ = Header(header.encode()).asks_for


def test_only_an_ascii_blank_ends_a_name() -> None:
    assert Header("r 1 500\nr\xa01.dat 16\n".encode()).asks_for == ("r\xa01.dat",)
