"""The command of the image: `serve`, a command of `ekg`, or the handler of a Lambda function.

serve [--host H] [--port P]   the HTTP service
sbom [--licences]             what is in the image
drop [--create] [--once]      the drop on a bucket of an S3-compatible store
health                        whether the service in this container answers: for HEALTHCHECK
classify, watch, ...          the command line (python -m ecg_core)
a.module.handler              awslambdaric, for an emulator of Lambda. On Lambda itself it starts without this module.
"""

import runpy
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    command, *rest = arguments or ["--help"]
    if command == "serve":
        from functions.serve import main as serve

        serve(rest)
        return 0
    if command == "health":
        from functions.health import healthy

        return 0 if healthy() else 1
    if command == "drop":
        from functions.poll import main as poll

        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return poll(rest)
    if command == "sbom":
        return _module("functions.sbom", rest)
    if "." in command:
        return _module("awslambdaric", arguments)
    # The first process of a container ignores SIGTERM unless it handles it. With this, `docker stop` works like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return _module("ecg_core", arguments or ["--help"])


def _module(name: str, arguments: Sequence[str]) -> int:
    """Runs another module as `python -m` does. By name: the functions never import the command line."""
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
