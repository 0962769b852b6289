import pytest

from functions.api.negotiation import FHIR, JSON, SVG, choose, takes_gzip
from functions.api.problems import NotAcceptable


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("image/*", SVG),
        ("IMAGE/SVG+XML", SVG),
        ("application/fhir+json", FHIR),
        ("application/fhir+json; fhirVersion=4.0", FHIR),
        ("application/json;q=0.5, application/fhir+json", FHIR),
        ("application/json;q=0.5, image/svg+xml;q=0.6", SVG),
        ("application/json;q=0, */*", FHIR),
        ("application/*;q=0.2, application/json;q=0.1", FHIR),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", JSON),
        ("application/json;q=nonsense, image/svg+xml;q=0.1", SVG),
        ("application/json;q=nan, image/svg+xml;q=0.1", SVG),
        (",,;;,application/json", JSON),
    ],
)
def test_the_form_with_the_highest_quality_is_chosen(accept: str | None, form: str) -> None:
    assert choose(accept) == form


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "application/xml, image/png", "json", ";q=1"])
def test_an_accept_header_without_a_known_form_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose(accept)


def test_only_the_first_entries_of_a_long_accept_header_are_read() -> None:
    with pytest.raises(NotAcceptable):
        choose("a/b," * 100_000 + "application/json")


@pytest.mark.parametrize(
    ("accept_encoding", "taken"),
    [
        (None, True),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("br, *", True),
        ("*;q=0, gzip", True),
        ("identity", False),
        ("gzip;q=0, *", False),
        ("br", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_clients_that_take_it(accept_encoding: str | None, taken: bool) -> None:
    assert takes_gzip(accept_encoding) is taken
