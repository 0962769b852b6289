"""Workbooks of Excel and LibreOffice, written with the standard library."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize

Cell = str | float | int | bool | None
Rows = Sequence[Sequence[Cell]]
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
# Number formats of the cells that style() names: general, 12:00:00, 2024-01-02, [h]:mm:ss.000, 0.000 "ms".
FORMATS = ("General", "hh:mm:ss.000", "yyyy-mm-dd", "[h]:mm:ss.000", '0.000 "ms"')


class Time(float):
    """A number of days that is shown as a time. style: an index of FORMATS."""

    style = 1


class Day(Time):
    style = 2


class Elapsed(Time):
    style = 3


class Error(str):
    """A cell with an error, such as "#DIV/0!"."""

    __slots__ = ()


def table(recording: Recording, *, name: str = "{} (mV)", time: str | None = "time (s)") -> list[list[Cell]]:
    """A header row, then a row for each sample."""
    header: list[Cell] = [*([time] if time else []), *map(name.format, recording.leads)]
    rows: list[list[Cell]] = [header]
    for number, values in enumerate(recording.signal.T.tolist()):
        moment = [number / recording.fs_hz] if time else []
        rows.append([*moment, *(None if value != value else round(value, 4) for value in values)])
    return rows


def zipped(files: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else method)
    return buffer.getvalue()


def letters(column: int) -> str:
    return (letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)


def xlsx_files(
    sheets: Mapping[str, Rows], *, inline: bool = False, prefix: str = "", addresses: bool = True, first: str = "A1"
) -> dict[str, str]:
    """The files of a workbook. inline: texts stand in their cells. first: the address of the first cell."""
    strings: dict[str, int] = {}
    p = f"{prefix}:" if prefix else ""
    namespace = f'xmlns{":" + prefix if prefix else ""}="{MAIN}"'
    left, top = ord(first[0]) - 65, int(first[1:])

    def cell(value: Cell, place: str) -> str:
        at = f' r="{place}"' if addresses else ""
        if value is None:
            return "" if addresses else f"<{p}c/>"
        if isinstance(value, bool):
            return f'<{p}c{at} t="b"><{p}v>{int(value)}</{p}v></{p}c>'
        if isinstance(value, Error):
            return f'<{p}c{at} t="e"><{p}v>{value}</{p}v></{p}c>'
        if isinstance(value, str) and inline:
            return f'<{p}c{at} t="inlineStr"><{p}is><{p}t>{escape(value)}</{p}t></{p}is></{p}c>'
        if isinstance(value, str):
            number = strings.setdefault(value, len(strings))
            return f'<{p}c{at} t="s"><{p}v>{number}</{p}v></{p}c>'
        style = f' s="{value.style}"' if isinstance(value, Time) else ""
        return f"<{p}c{at}{style}><{p}v>{float(value):.17g}</{p}v></{p}c>"

    files = {}
    for number, rows in enumerate(sheets.values(), 1):
        lines = []
        for row, cells in enumerate(rows, top):
            inner = "".join(cell(value, f"{letters(left + column)}{row}") for column, value in enumerate(cells))
            lines.append(f"<{p}row{f' r={chr(34)}{row}{chr(34)}' if addresses else ''}>{inner}</{p}row>")
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<{p}worksheet {namespace}>'
            f"<{p}sheetData>{''.join(lines)}</{p}sheetData></{p}worksheet>"
        )
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(sheets, 1)
    )
    texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    formats = "".join(
        f'<numFmt numFmtId="{164 + number}" formatCode={quoteattr(code)}/>' for number, code in enumerate(FORMATS)
    )
    styles = "".join(f'<xf numFmtId="{164 + number}"/>' for number in range(len(FORMATS)))
    references = [
        (f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)
    ]
    references += [("s1", "sharedStrings", "sharedStrings.xml"), ("s2", "styles", "/xl/styles.xml")]
    return {
        "[Content_Types].xml": content_types(len(sheets)),
        "_rels/.rels": relationships([("rId1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relationships(references),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}" count="{len(strings)}">{texts}</sst>',
        "xl/styles.xml": (
            f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>'
        ),
        **files,
    }


def content_types(sheets: int) -> str:
    kinds = {"workbook": "sheet.main", "sharedStrings": "sharedStrings", "styles": "styles"}
    kinds |= {f"worksheets/sheet{number}": "worksheet" for number in range(1, sheets + 1)}
    inner = "".join(
        f'<Override PartName="/xl/{part}.xml" '
        f'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"/>'
        for part, kind in kinds.items()
    )
    return f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{inner}</Types>'


def relationships(references: Sequence[tuple[str, str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>' for key, kind, target in references
    )
    return f'<Relationships xmlns="{PACKAGE}">{inner}</Relationships>'


def xlsx(sheets: Mapping[str, Rows], **ways: object) -> bytes:
    return zipped(xlsx_files(sheets, **ways))  # type: ignore[arg-type]


def ods_files(sheets: Mapping[str, Rows], *, padded: bool = True) -> dict[str, str]:
    """The files of a workbook of LibreOffice. padded: empty cells and rows fill the sheet, as LibreOffice writes it."""
    tables = []
    for name, rows in sheets.items():
        lines = []
        for cells in rows:
            inner = "".join(map(_ods_cell, cells))
            inner += f'<table:table-cell table:number-columns-repeated="{16_384 - len(cells)}"/>' if padded else ""
            lines.append(f"<table:table-row>{inner}</table:table-row>")
        if padded:
            lines.append(
                f'<table:table-row table:number-rows-repeated="{1_048_576 - len(rows)}">'
                '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
            )
        tables.append(f"<table:table table:name={quoteattr(name)}>{''.join(lines)}</table:table>")
    spaces = " ".join(
        f'xmlns:{space}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"' for space in ("office", "table", "text")
    )
    return {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": (
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body>'
            f"<office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body></office:document-content>"
        ),
        "META-INF/manifest.xml": (
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
        ),
    }


def _ods_cell(value: Cell) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, bool):
        return f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(value).lower()}"/>'
    if isinstance(value, Time):
        seconds = float(value) * 86_400
        clock = f"PT{int(seconds // 3600):02d}H{int(seconds // 60 % 60):02d}M{seconds % 60:09.6f}S"
        return f'<table:table-cell office:value-type="time" office:time-value="{clock}"/>'
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    return (
        f'<table:table-cell office:value-type="float" office:value="{value!r}"><text:p>{value:.2f}</text:p>'
        "</table:table-cell>"
    )


def ods(sheets: Mapping[str, Rows], **ways: bool) -> bytes:
    return zipped(ods_files(sheets, **ways))


def examples() -> dict[str, dict[str, bytes]]:
    """Title -> files of valid ECGs."""
    sheet = table(synthesize("normal"))
    notes: Rows = [["Sampling rate: 500 Hz"], ["Unit: mV"], *table(synthesize("lbbb"), name="{}", time=None)]
    return {
        "Excel": {"ecg.xlsx": xlsx({"ECG": sheet})},
        "Excel with notes above the table": {"ecg.xlsx": xlsx({"ECG": notes, "Empty": []}, inline=True)},
        "LibreOffice": {"ecg.ods": ods({"ECG": sheet})},
    }
