"""template.yaml -> the CloudFormation template that SAM makes of it, as JSON. Runs in the venv of aws-sam-cli.

python transform.py template.yaml [NAME=VALUE ...]     values of parameters; the others have their defaults
"""

import json
import logging
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# sam puts the addresses of what it has uploaded here.
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/ekg:test"
DEFINITION = "s3://uploaded/definition"


class NoPolicies:
    """The template names no managed policy by its short name, so SAM needs no list of them."""

    def load(self) -> dict[str, str]:
        return {}


def main() -> None:
    logging.disable(logging.WARNING)
    template = yaml_parse(Path(sys.argv[1]).read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["ImageUri"] = IMAGE
        if resource["Type"] == "AWS::Serverless::StateMachine":
            resource["Properties"]["DefinitionUri"] = DEFINITION
    given = dict(value.split("=", 1) for value in sys.argv[2:])
    print(json.dumps(transform(template, given, NoPolicies()), indent=1))


if __name__ == "__main__":
    main()
