"""POST /diagnosis: every way to send a record, the limits of a body, and parameters that are refused."""

import io
import zipfile

import httpx
import pytest

import ecg_core
from tests.api.sending import code_of, pair, parts


def test_a_header_and_its_signal_may_be_two_parts(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis", files=parts(pair(example)))
    assert answer.content == ecg_core.classify(pair(example)).to_json()


def test_the_order_of_the_parts_does_not_matter(client: httpx.Client, example: dict[str, bytes]) -> None:
    one = client.post("/diagnosis", files=parts(pair(example)))
    other = client.post("/diagnosis", files=list(reversed(parts(pair(example)))))
    assert one.content == other.content


def test_names_of_parts_may_contain_a_folder(client: httpx.Client, example: dict[str, bytes]) -> None:
    files = {f"records/{name}": data for name, data in pair(example).items()}
    assert client.post("/diagnosis", files=parts(files)).json()["diagnosis"] == "NORM"


@pytest.mark.parametrize(
    "kind", ["application/octet-stream", "application/zip", "application/x-www-form-urlencoded", "text/csv", None]
)
def test_a_bare_body_is_read_with_any_content_type(
    client: httpx.Client, example: dict[str, bytes], kind: str | None
) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = client.post("/diagnosis?filename=normal.zip", content=example["normal.zip"], headers=headers)
    assert answer.content == ecg_core.classify({"normal.zip": example["normal.zip"]}).to_json()


def test_a_bare_body_needs_no_name(client: httpx.Client, example: dict[str, bytes]) -> None:
    assert client.post("/diagnosis", content=example["watch_lead_i.csv"]).status_code == 200


def test_a_plus_in_a_file_name_of_the_query_is_accepted(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis?filename=a+b%2Bc.zip", content=example["normal.zip"])
    assert answer.status_code == 200


def test_an_empty_body_is_refused(client: httpx.Client) -> None:
    assert code_of(client.post("/diagnosis")) == "empty_file"


def test_an_empty_part_is_refused(client: httpx.Client) -> None:
    assert code_of(client.post("/diagnosis", files=parts({"x.csv": b""}))) == "empty_file"


def test_files_under_another_field_name_are_refused(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis", files=parts(pair(example), field="ecg"))
    assert (answer.status_code, code_of(answer)) == (422, "file_missing")


def test_a_text_field_named_file_does_not_count_as_a_file(client: httpx.Client) -> None:
    boundary = {"content-type": "multipart/form-data; boundary=b"}
    body = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhello\r\n--b--\r\n'
    assert code_of(client.post("/diagnosis", content=body, headers=boundary)) == "file_missing"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--b\r\n"),
        ("multipart/form-data; boundary=b", b"no boundary at all"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\nX-Broken\r\n\r\nx\r\n--b--\r\n"),
        (
            "multipart/form-data; boundary=b; charset=nonsense",
            b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--',
        ),
        ("multipart/form-data; boundary=" + "b" * 100_00, b"x"),
    ],
)
def test_a_broken_multipart_body_is_refused(client: httpx.Client, kind: str, body: bytes) -> None:
    answer = client.post("/diagnosis", content=body, headers={"content-type": kind})
    assert answer.status_code in (400, 422)
    assert code_of(answer) in ("body_invalid", "file_missing")


def test_more_parts_than_a_record_has_are_refused(client: httpx.Client) -> None:
    many = {f"{index}.dat": b"x" for index in range(65)}
    answer = client.post("/diagnosis", files=parts(many))
    assert (answer.status_code, code_of(answer)) == (422, "request_invalid")
    assert "64" in answer.json()["detail"]


def test_two_files_with_the_same_name_are_refused(client: httpx.Client, example: dict[str, bytes]) -> None:
    twice = parts({"normal.zip": example["normal.zip"]}) * 2
    assert code_of(client.post("/diagnosis", files=twice)) == "request_invalid"


def test_two_records_are_refused(client: httpx.Client, example: dict[str, bytes]) -> None:
    two = {name: example[name] for name in ("normal.zip", "left_bundle_branch_block.zip")}
    assert code_of(client.post("/diagnosis", files=parts(two))) == "several_records"


def test_a_file_name_above_255_characters_is_refused(client: httpx.Client) -> None:
    assert code_of(client.post("/diagnosis", files=parts({"n" * 300: b"x"}))) == "request_invalid"


@pytest.mark.parametrize("query", ["fs_hz=Meier", "fs_hz=", "fs_hz=1e999x", "filename=" + "n" * 300])
def test_the_refusal_of_a_parameter_tells_its_name_and_not_its_value(client: httpx.Client, query: str) -> None:
    answer = client.post(f"/diagnosis?{query}", content=b"x")
    assert (answer.status_code, code_of(answer)) == (422, "request_invalid")
    assert query.split("=")[0] in answer.json()["detail"]
    assert "Meier" not in answer.text
    assert "nnn" not in answer.text


@pytest.mark.parametrize("query", ["fs_hz=nan", "fs_hz=inf", "fs_hz=-1", "fs_hz=1e300", "units=Meier"])
def test_the_refusal_of_a_rate_or_unit_does_not_tell_its_value(
    client: httpx.Client, example: dict[str, bytes], query: str
) -> None:
    answer = client.post(f"/diagnosis?{query}", content=example["st_depression.csv"])
    assert answer.status_code == 422
    assert "Meier" not in answer.text


def test_a_zip_bomb_is_refused_and_the_next_request_is_answered(
    client: httpx.Client, example: dict[str, bytes]
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dat", bytes(200_000_000))
    answer = client.post("/diagnosis", content=buffer.getvalue())
    assert code_of(answer) in ("archive_unsafe", "file_too_large")
    assert client.post("/diagnosis", files=parts(pair(example))).json()["diagnosis"] == "NORM"


@pytest.mark.parametrize("charset", ["punycode", "utf-16", "hex", "nonsense"])
def test_the_charset_of_a_multipart_body_is_ignored(
    client: httpx.Client, example: dict[str, bytes], charset: str
) -> None:
    fields = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="x-%d"\r\n\r\na-%s\r\n' % (index, b"a" * 900)
        for index in range(16)
    )
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="n.zip"\r\n\r\n'
    body = fields + head + example["normal.zip"] + b"\r\n--b--\r\n"
    answer = client.post(
        "/diagnosis", content=body, headers={"content-type": f"multipart/form-data; boundary=b; charset={charset}"}
    )
    assert answer.content == ecg_core.classify({"n.zip": example["normal.zip"]}).to_json()


def test_a_table_sent_as_a_text_field_is_refused_as_file_missing(
    client: httpx.Client, example: dict[str, bytes]
) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + example["watch_lead_i.csv"] + b"\r\n--b--\r\n"
    )
    answer = client.post("/diagnosis", content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, code_of(answer)) == (422, "file_missing")


def test_a_compressed_body_is_refused_with_a_hint(client: httpx.Client) -> None:
    answer = client.post("/diagnosis", content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert (answer.status_code, code_of(answer)) == (400, "body_invalid")
    assert "Content-Encoding" in answer.json()["hint"]
