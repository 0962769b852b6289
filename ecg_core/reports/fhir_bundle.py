"""A Classification as a FHIR R4 transaction: a Bundle that a FHIR server stores with one POST to its base address.

https://hl7.org/fhir/R4/bundle.html, http.html#transaction. The resources are those of the report in fhir.py.
"""

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ecg_core.classification import Classification
from ecg_core.reports.fhir import ANSWER_SYSTEM, Element, diagnostic_report

# Names of the resources within one Bundle are made of this and of their identifiers.
_NAMES = uuid5(NAMESPACE_URL, ANSWER_SYSTEM)


def transaction(result: Classification, svg: bytes | None = None) -> bytes:
    """One line of UTF-8 JSON without a line end. The same result gives the same bytes. svg: a plot to attach.

    It names no patient and no time: who sends it adds `subject` to the report and the Observations. The server creates
    the Device only if it does not have it (ifNoneExist). It creates the others each time: with the same condition, the
    report of one patient could be linked to the Observations of another one whose file has the same bytes.
    """
    report: dict[str, Any] = json.loads(diagnostic_report(result, svg))
    answer = report["identifier"][0]["value"]
    contained: list[dict[str, Any]] = report.pop("contained")
    address, entries = {}, []
    for resource in contained:
        name = resource.pop("id")
        if resource["resourceType"] == "Device":
            identifier = resource["identifier"][0]
        else:
            identifier = {"system": ANSWER_SYSTEM, "value": f"{answer}:{name}"}
            resource = {"resourceType": resource["resourceType"], "identifier": [identifier], **resource}
        entries.append(_entry(resource, identifier))
        address[f"#{name}"] = entries[-1]["fullUrl"]
    entries.append(_entry(report, report["identifier"][0]))
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": _with(entries, address)}
    return json.dumps(bundle, ensure_ascii=False, allow_nan=False).encode()


def _entry(resource: dict[str, Any], identifier: dict[str, str]) -> Element:
    system, value = identifier["system"], identifier["value"]
    kind = resource["resourceType"]
    request = {"method": "POST", "url": kind}
    if kind == "Device":
        request["ifNoneExist"] = f"identifier={system}|{value}"
    return {
        "fullUrl": f"urn:uuid:{uuid5(_NAMES, f'{kind}|{system}|{value}')}",
        "resource": resource,
        "request": request,
    }


def _with(node: Any, address: dict[str, object]) -> Any:
    """The same JSON with every reference to a contained resource replaced by the address of its entry."""
    if isinstance(node, list):
        return [_with(item, address) for item in node]
    if isinstance(node, dict):
        return {
            name: address[value] if name == "reference" and value in address else _with(value, address)
            for name, value in node.items()
        }
    return node
