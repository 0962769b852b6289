"""`make drop-demo`: a bucket, its queue, the real function behind it, and what comes out; no AWS account.

moto's server stands for S3 and SQS, a loop for Lambda's event source mapping.
"""

import json
import os
import time
from typing import Any

from ecg_core.cli.examples import examples
from ecg_core.reports.text import printable
from tests.s3_drop.cloud import INBOX, RESULTS, Cloud, furnished
from tests.s3_drop.faults import Layer, served
from tests.s3_drop.queue import Context, work

# Two files of one record apart from each other, an archive, and a table.
ARRIVALS = (("normal.dat",), ("left_bundle_branch_block.zip", "st_depression.csv"), ("normal.hea",))
FOLDER = "clinic/ward 3/"


def main() -> None:
    files = examples()
    with served(Layer()) as endpoint:
        aws = furnished(endpoint)
        os.environ.update(aws.environment, FORMS="svg,fhir")
        from functions.s3_drop.handler import handler

        print(f"\ninbox s3://{INBOX}, results s3://{RESULTS}, at {aws.endpoint}\n")
        for arrival in ARRIVALS:
            for name in arrival:
                print(f"-> {FOLDER}{name}")
                aws.drop({FOLDER + name: files[name]})
            _handled(aws, lambda event: handler(event, Context()))
            print()
        print("results:")
        for key, body in aws.results().items():
            print(f"   {printable(key):58}{_said(key, body)}")


def _handled(aws: Cloud, invoke: Any) -> None:
    """Polls until the queue is empty, as the event source mapping does; the function's log lines appear."""
    time.sleep(0.1)
    while work(aws, invoke):
        pass


def _said(key: str, body: bytes) -> str:
    if not key.endswith(".json") or key.endswith(".fhir.json"):
        return f"{len(body):,} bytes" if body else "settled"
    said = json.loads(body)
    return f"{said['diagnosis']}  {json.dumps(said['probabilities'])}"


if __name__ == "__main__":
    main()
