"""The parser below all XML formats: encodings, damage, and files that are made to cost much."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ecg_core.errors import EcgError, FileTooLarge, HeaderInvalid, SignalInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.readers.text import MAX_TEXT_BYTES
from ecg_core.readers.xml.document import MAX_DEPTH, MAX_ELEMENTS, MAX_JUNK_BYTES, MAX_TAG_BYTES, local, parse, root_of
from ecg_core.readers.xml.values import MAX_NUMBER, base64_bytes, numbers
from tests.effort import times_as_costly

HEAD, TAIL = b'<?xml version="1.0"?><ecg>', b"</ecg>"
DOCUMENT = '<?xml version="1.0" encoding="{}"?>\n<ecg name="{}"><lead>{}</lead></ecg>'


def written(encoding: str, words: str = "I", codec: str = "") -> bytes:
    return DOCUMENT.format(encoding, words, words).encode(codec or encoding)


# The tree


def test_names_lose_their_prefix_and_texts_their_blanks() -> None:
    root = parse(b'<a:ecg xmlns:a="urn:x"><a:lead a:id=" II ">\n 1 2\n<b/>3 </a:lead></a:ecg>')

    lead = root.find("lead")
    assert root.name == "ecg"
    assert lead is not None
    assert lead.get("id") == "II"
    assert lead.get("other") == ""
    assert lead.text == "1 2\n3"
    assert local("hl7:SLIST_PQ") == local("SLIST_PQ") == "SLIST_PQ"


def test_elements_are_found_by_path_and_by_name_in_the_order_of_the_file() -> None:
    root = parse(b"<r><a><x>1</x><c><x>2</x></c></a><x>3</x><a><x>4</x></a></r>")

    assert [found.text for found in root.all("a/x")] == ["1", "4"]
    assert [found.text for found in root.below("x")] == ["1", "2", "3", "4"]
    assert root.value("a/c/x") == "2"
    assert root.value("a/y") == ""
    assert root.find("y") is None


def test_text_longer_than_a_block_and_cdata_are_read_whole() -> None:
    long = "12 -3 " * 100_000
    root = parse(f"<r><a>{long}</a><b><![CDATA[<x>]]></b></r>".encode())

    assert root.value("a") == long.strip()
    assert root.value("b") == "<x>"


# Encodings


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        *(("utf-8", "Müller 李"), ("UTF8", "ü"), ("ISO-8859-1", "Müller"), ("ISO8859-1", "ü"), ("latin1", "ü")),
        *(("windows-1252", "Müller €"), ("windows-1251", "мкВ"), ("iso-8859-15", "€"), ("koi8-r", "мкВ")),
        *(("GBK", "心电图"), ("gb2312", "心电图"), ("gb18030", "心电图"), ("Big5", "心電圖")),
        *(("Shift_JIS", "心電図"), ("euc-jp", "心電図"), ("iso-2022-jp", "心電図"), ("euc-kr", "심전도")),
    ],
)
def test_an_encoding_that_is_stated_is_read(encoding: str, words: str) -> None:
    root = parse(written(encoding, words))

    assert root.get("name") == words
    assert root.value("lead") == words


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("stated", ["UTF-16", "utf-8", "unicode"])
def test_the_bytes_decide_between_utf_8_and_utf_16(stated: str, codec: str) -> None:
    data = written(stated, "Müller", codec)

    assert parse(data).value("lead") == "Müller"
    assert root_of(data)[0] == "ecg"


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xef\xbb\xbf" * 2, "utf-8"),
    ],
)
def test_a_byte_order_mark_counts_more_than_the_statement(mark: bytes, codec: str) -> None:
    data = mark + written("ISO-8859-1", "Müller" if codec != "utf-8" else "Muller", codec)

    assert parse(data).name == root_of(data)[0] == "ecg"


@pytest.mark.parametrize("stated", ["utf-8", "us-ascii", "utf-16"])
def test_latin_1_that_states_another_encoding_is_read(stated: str) -> None:
    assert parse(written(stated, "Müller", "latin-1")).value("lead") == "Müller"


@pytest.mark.parametrize(
    "encoding", ["cp037", "utf-7", "utf-32", "hex", "rot13", "zlib", "unicode_escape", "x-made-up"]
)
def test_an_encoding_that_could_hide_markup_is_refused(encoding: str) -> None:
    with pytest.raises(UnsupportedFormat, match="encoding"):
        parse(written(encoding, codec="ascii"))


def test_the_stated_encoding_never_reaches_the_parser_however_far_it_stands() -> None:
    late = b'<?xml version="1.0"' + b" " * 5_000 + b'encoding="utf-7"?><ecg>+ADw-a/+AD4-</ecg>'

    assert parse(late).text == "+ADw-a/+AD4-"


# Damage that does not touch the numbers


@pytest.mark.parametrize(
    "junk", [b"?", b"\r\n\r\n", b" " * 100, b"PK\3\4\x14\0", b"\xc3\xaf\xc2\xbb\xc2\xbf", b"x" * 16]
)
def test_stray_bytes_before_the_document_are_left_out(junk: bytes) -> None:
    data = junk + written("utf-8")

    assert root_of(data)[0] == "ecg"
    assert parse(data).value("lead") == "I"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("junk", ["?", "\n\n", "??"])
def test_stray_characters_before_utf_16_are_left_out(junk: str, codec: str) -> None:
    data = junk.encode(codec) + written("utf-16", "ü", codec)

    assert root_of(data)[0] == "ecg"
    assert parse(data).value("lead") == "ü"


@pytest.mark.parametrize("junk", [b"x" * (MAX_JUNK_BYTES + 1), b"\0" * 600])
def test_more_stray_bytes_are_no_xml(junk: bytes) -> None:
    data = junk + written("utf-8")

    assert root_of(data) == ("", "")
    with pytest.raises(EcgError):
        parse(data)


@pytest.mark.parametrize("padding", [b"\0" * 700, b"\x1a", b"\r\n\x1a\0\0", b"\n\n"])
def test_padding_after_the_document_is_left_out(padding: bytes) -> None:
    assert parse(written("utf-8") + padding).value("lead") == "I"
    assert parse(written("utf-16") + padding.decode().encode("utf-16-le")).value("lead") == "I"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("R&D", "R&D"),
        ("PR < 120, QTc <=450, RR <1 s", "PR < 120, QTc <=450, RR <1 s"),
        ("a&nbsp;b &unknown; &amp; &#956;V &#x3bc;V &", "a&nbsp;b &unknown; & μV μV &"),
        ("&#x0;&#31;&#x1F;", "&#x0;&#31;&#x1F;"),
        ("a\x00b\x1fc", "a?b?c"),
    ],
)
def test_text_that_an_exporter_forgot_to_escape_is_read(text: str, read: str) -> None:
    data = f'<?xml version="1.0"?><!DOCTYPE ecg SYSTEM "x.dtd"><ecg><lead>{text}</lead><b/></ecg>'

    assert parse(data.encode()).value("lead") == read


def test_damage_among_samples_stays_damage() -> None:
    for damaged in ("1 2\0 3", "1 &x; 3", "1 <2 3", "1 2&#0;3"):
        text = parse(f"<ecg><lead>{damaged}</lead></ecg>".encode()).value("lead")
        with pytest.raises(SignalInvalid):
            numbers(text)


@pytest.mark.parametrize("place", [5, 30, 60, 70, -1])
def test_a_document_that_ends_early_is_named_so(place: int) -> None:
    with pytest.raises(SignalTruncated):
        parse(written("utf-8")[:place])
    with pytest.raises(SignalTruncated):
        parse(written("utf-8")[:place] + b"\0" * 100)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml",
        b"<a><b></a>",
        b"<a></a><b></b>",
        b'<a b="1" b="2"/>',
        b"<a>\0\0\0</b>",
        b"<",
        b"<?xml?>",
        b"\xff\xfe",
    ],
)
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises((HeaderInvalid, SignalTruncated)):
        parse(data)


# Attacks


def test_a_doctype_that_names_a_file_is_allowed_and_the_file_stays_closed(tmp_path: Path) -> None:
    dtd = tmp_path / "secret.dtd"
    dtd.write_text('<!ENTITY e "secret">')
    data = f'<?xml version="1.0"?><!DOCTYPE ecg SYSTEM "{dtd.as_uri()}"><ecg>&e;</ecg>'.encode()

    assert parse(data).text == "&e;"


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY e "x">',
        '<!ENTITY e SYSTEM "file:///etc/hostname">',
        '<!ENTITY % e SYSTEM "file:///etc/hostname">%e;',
        '<!ENTITY % e "x">',
        '<!ATTLIST ecg rate CDATA "500">',
        '<!ELEMENT ecg ANY><!ATTLIST ecg a CDATA "1" b CDATA "2">',
    ],
)
def test_declarations_of_entities_and_attributes_are_refused(subset: str) -> None:
    with pytest.raises(HeaderInvalid, match="declares"):
        parse(f"<!DOCTYPE ecg [{subset}]><ecg/>".encode())


def test_an_entity_behind_a_parameter_entity_is_text() -> None:
    assert parse(b'<!DOCTYPE a [%x;<!ENTITY y "9">]><a>1&y;2</a>').text == "1&y;2"


BOMBS: dict[str, Callable[[], bytes]] = {
    "elements": lambda: HEAD + b"<a/>" * 1_000_000 + TAIL,
    "elements with text": lambda: HEAD + b'<a b="1">12</a>' * 300_000 + TAIL,
    "elements in UTF-16": lambda: (HEAD + b"<a/>" * 500_000 + TAIL).decode().encode("utf-16"),
    "names of elements": lambda: HEAD + b"".join(b"<a%d/>" % n for n in range(300_000)) + TAIL,
    "attributes of one element": lambda: (
        HEAD + b"<a " + b" ".join(b'a%d=""' % n for n in range(300_000)) + b"/>" + TAIL
    ),
    "attributes of many elements": lambda: (
        HEAD + (b"<a " + b" ".join(b'a%d=""' % n for n in range(250)) + b"/>") * 2_000 + TAIL
    ),
    "names of attributes": lambda: (
        HEAD + b"".join(b'<a a%d="" b%d="" c%d=""/>' % (n, n, n) for n in range(100_000)) + TAIL
    ),
    "one attribute": lambda: HEAD + b'<a b="' + b"x" * 10_000_000 + b'"/>' + TAIL,
    "one name": lambda: HEAD + b"<" + b"x" * 10_000_000 + b"/>" + TAIL,
    "one comment": lambda: HEAD + b"<!--" + b"x" * 10_000_000 + b"-->" + TAIL,
    "comments that do not end": lambda: b"<!--" * 1_000_000,
    "depth": lambda: b"<a>" * 1_000_000,
    "a million laughs": lambda: (
        b'<!DOCTYPE l [<!ENTITY a0 "ha">'
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))
        + b"]><l>&a8;</l>"
    ),
    "a large entity": lambda: b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 50_000 + b'">]><l>' + b"&a;" * 1_000_000,
    "attributes by default": lambda: (
        b"<!DOCTYPE l [<!ATTLIST a "
        + b" ".join(b'b%d CDATA "x"' % n for n in range(10_000))
        + b"]><l>"
        + b"<a/>" * 90_000
    ),
    "signs not escaped": lambda: HEAD + b"&" * 10_000_000 + TAIL,
    "brackets not escaped": lambda: HEAD + b"< " * 5_000_000 + TAIL,
    "byte order marks": lambda: b"\xef\xbb\xbf" * 3_400_000 + HEAD + TAIL,
    "blanks": lambda: b" " * 10_000_000,
    "zeros": lambda: HEAD + b"\0" * 10_000_000,
    "more than is read": lambda: HEAD + b"<a/>" * 3_000_000 + TAIL,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_and_costs_about_what_reading_such_a_text_costs(bomb: str) -> None:
    data = BOMBS[bomb]()
    sound = HEAD + b"<a>1</a>" * 50_000 + b"<b>" + b"12 " * 1_000_000 + b"</b>" + TAIL

    def refuse() -> None:
        root_of(data)
        with pytest.raises(EcgError):
            parse(data)

    assert times_as_costly(refuse, lambda: parse(sound), enough=10) <= 10


MEASURE = """
import re, resource, sys
from ecg_core.errors import EcgError
from ecg_core.readers.xml.document import parse
from tests.unit.readers.test_xml_document import BOMBS
data = BOMBS[sys.argv[1]]()
def kilobytes():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
open("/proc/self/clear_refs", "w").write("5")
before = kilobytes()
try:
    parse(data)
except EcgError:
    print((kilobytes() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's measure of memory is Linux's")
@pytest.mark.parametrize("bomb", ["elements with text", "attributes of many elements"])
def test_a_bomb_needs_little_memory(bomb: str) -> None:
    root = Path(__file__).resolve().parents[3]

    run = subprocess.run([sys.executable, "-c", MEASURE, bomb], cwd=root, capture_output=True, text=True, check=True)

    assert int(run.stdout) < 100


def test_the_limits_are_those_of_the_documentation() -> None:
    deep = b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH
    assert parse(deep).name == "a"
    with pytest.raises(HeaderInvalid, match="deep"):
        parse(b"<b>" + deep + b"</b>")
    with pytest.raises(FileTooLarge, match="elements"):
        parse(b"<r>" + b"<a/>" * MAX_ELEMENTS + b"</r>")
    with pytest.raises(FileTooLarge, match="MB"):
        parse(b"<r>" + b" " * MAX_TEXT_BYTES + b"</r>")
    assert len(parse(b'<r a="' + b"x" * (MAX_TAG_BYTES - 100) + b'"/>').get("a")) == MAX_TAG_BYTES - 100


# The root


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<ecg/>", "ecg"),
        (b'<?xml version="1.0"?>\n<!-- <no> --><!DOCTYPE a SYSTEM "b">\n<x:ecg xmlns:x="u">', "ecg"),
        (b"<!DOCTYPE a [<!ELEMENT b (#PCDATA)> <!ENTITY c '>'>]><ecg>", "ecg"),
        (b"<!--" + b" -" * 2_000 + b'--><ecg a="1">', "ecg"),
        (b"<!-- <ecg>", ""),
        (b"<!DOCTYPE ecg", ""),
        (b"<?xml", ""),
        (b"<", ""),
        (b"<1>", ""),
        (b"", ""),
        (b"I,II\n1,2\n", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_the_root_is_found_without_parsing(data: bytes, name: str) -> None:
    assert root_of(data)[0] == name


def test_the_attributes_of_the_root_come_as_text() -> None:
    assert root_of(b'<restingecgdata xmlns="www3.medical.philips.com">')[1] == ' xmlns="www3.medical.philips.com"'


# Lists of numbers and base64


@pytest.mark.parametrize(
    ("text", "separator", "values"),
    [
        ("1 -2\n3\t4\r\n", " ", [1, -2, 3, 4]),
        ("-5", " ", [-5]),
        ("", " ", []),
        ("  \n ", " ", []),
        ("1.5 +2 -3e-2 .5", " ", [1.5, 2, -0.03, 0.5]),
        ("1,2,\n\t3,", ",", [1, 2, 3]),
        ("1 2,3", ",", [1, 2, 3]),
        ("-32768 32767 00012", " ", [-32768, 32767, 12]),
    ],
)
def test_numbers_are_read(text: str, separator: str, values: list[float]) -> None:
    assert numbers(text, separator).tolist() == values


@pytest.mark.parametrize("decimals", [0, 2])
def test_a_list_longer_than_a_block_keeps_every_number_in_its_place(decimals: int) -> None:
    values = np.round(np.random.default_rng(1).uniform(-9e4, 9e4, 100_000), decimals)

    text = " ".join(f"{value:.{decimals}f}" for value in values)

    np.testing.assert_array_equal(numbers(text), values)


@pytest.mark.parametrize(
    "text",
    [
        "1-2",
        "1 - 2",
        "1 --2",
        "2-",
        "-",
        "1 nan",
        "1_000",
        "0x10",
        "1 ,2",
        "1e",
        "1.2.3",
        "inf",
        "١",
        "1;2",
        "1 +",
        "e5",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(SignalInvalid):
        numbers(text)


@pytest.mark.parametrize("text", ["1,,2", ",1", "1, ,2", "1,\n,2"])
def test_an_empty_place_is_refused_because_later_samples_would_move(text: str) -> None:
    with pytest.raises(SignalInvalid, match="empty place"):
        numbers(text, ",")


@pytest.mark.parametrize("text", ["1e999", f"{MAX_NUMBER * 10:.0f}", "9" * 30, "-" + "9" * 400, "1" * 1_000_000])
def test_numbers_beyond_every_converter_are_refused(text: str) -> None:
    with pytest.raises(SignalInvalid):
        numbers(f"1 {text} 2")


def test_base64_with_line_breaks_is_read_and_other_text_refused() -> None:
    assert base64_bytes("\n AAE\n\tCAw==\r\n") == b"\0\1\2\3"
    for bad in ("A", "AAA", "AA=A", "A*AA", "AAé=", "AAA=AAA="):
        with pytest.raises(SignalInvalid):
            base64_bytes(bad)


def test_what_stands_twice_or_in_pieces_is_refused_where_one_is_expected() -> None:
    root = parse(b"<r><a>1</a><b>2<c/>3</b><d>4</d><d>5</d></r>")

    assert root.data("a") == "1"
    assert root.data("x") == ""
    assert root.only("x") is None
    for path in ("b", "d"):
        with pytest.raises(HeaderInvalid):
            root.data(path)
