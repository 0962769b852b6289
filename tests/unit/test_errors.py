import json

from ecg_core import errors
from ecg_core.errors import EcgError, RecordIncomplete, TooShort


def every_error() -> list[type[EcgError]]:
    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EcgError)]
    return [kind for kind in found if kind.code != "ecg_error"]


def test_every_code_is_used_once_and_has_a_hint() -> None:
    codes = [kind.code for kind in every_error()]
    assert len(codes) == len(set(codes)) > 15
    assert all(kind.default_hint for kind in every_error())


def test_every_code_stands_in_the_tree_at_the_top_of_the_module() -> None:
    assert errors.__doc__ is not None
    for kind in every_error():
        assert f"{kind.__name__} " in errors.__doc__
        assert kind.code in errors.__doc__


def test_a_refusal_is_a_problem_object() -> None:
    problem = json.loads(TooShort("The recording lasts 2.0 s.").to_json())
    assert problem == {
        "type": "urn:ekg:problem:too_short",
        "title": "Too short",
        "status": 422,
        "detail": "The recording lasts 2.0 s.",
        "code": "too_short",
        "hint": TooShort.default_hint,
    }


def test_the_names_of_missing_files_are_kept_out_of_the_problem_object() -> None:
    error = RecordIncomplete("A signal file is missing.", missing=("Mustermann.dat",))
    assert error.missing == ("Mustermann.dat",)
    assert b"Mustermann" not in error.to_json()
