"""The function behind the bucket as most people would write it: boto3, wfdb, scipy, torch. The same network and job.

WEIGHTS names the file of random weights, which cost what trained ones cost.
"""

import json
import os
import tempfile
from pathlib import Path
from urllib.parse import unquote_plus

import boto3

from tests.bench.naive import classify, load

s3 = boto3.client("s3")
networks = load(os.environ["WEIGHTS"])


def handler(event: dict[str, list[dict[str, str]]], context: object) -> dict[str, list[object]]:
    for message in event["Records"]:
        for record in json.loads(message["body"])["Records"]:
            key = unquote_plus(record["s3"]["object"]["key"])
            if not key.endswith(".hea"):
                continue
            with tempfile.TemporaryDirectory() as folder:
                for name in (key, key.removesuffix(".hea") + ".dat"):
                    s3.download_file(os.environ["INBOX_BUCKET"], name, str(Path(folder) / Path(name).name))
                probabilities = classify(networks, str(Path(folder) / Path(key).stem))
            s3.put_object(Bucket=os.environ["RESULTS_BUCKET"], Key=f"{key}.json", Body=json.dumps(probabilities))
    return {"batchItemFailures": []}
