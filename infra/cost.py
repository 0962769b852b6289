"""What a million ECGs cost on AWS: python infra/cost.py [--ms 14 --memory-mb 1769 --cold-share 0.01 ...]

The defaults are measured (`make sam` prints them); prices are not: see PRICES.
"""

import argparse
from collections.abc import Mapping, Sequence
from math import ceil

MILLION = 1_000_000

# US dollars, list prices of eu-central-1 (Frankfurt), without free tier or taxes. Written down from memory in 2026,
# not looked up: check them at https://aws.amazon.com/pricing before you rely on the sum.
REGION = "eu-central-1"
PRICES = {
    "REST API, a million requests": 3.70,
    "Lambda, a million requests": 0.20,
    "Lambda x86_64, a GB-second": 0.0000166667,
    "Lambda arm64, a GB-second": 0.0000133334,
    "CloudWatch Logs, a GB taken in": 0.63,
    "X-Ray, a million traces": 5.00,
    "Traffic to the internet, a GB": 0.09,
    "Alarm, a month": 0.10,
    "ECR, a GB and month": 0.10,
}
# X-Ray's default rule: the first request of a second and a twentieth of the others.
TRACED = 0.05
ALARMS = 4


def per_million(
    ms: float, memory_mb: float, cold_share: float, cold_ms: float, answer_kb: float, log_kb: float, architecture: str
) -> dict[str, float]:
    """US dollars for a million requests, by service. ms: of a warm call; cold_ms: what a cold start adds."""
    # Lambda bills whole milliseconds and the start.
    seconds = (ceil(ms) + cold_share * ceil(cold_ms)) / 1000
    return {
        "API Gateway": PRICES["REST API, a million requests"],
        "Lambda, requests": PRICES["Lambda, a million requests"],
        "Lambda, duration": MILLION * seconds * memory_mb / 1024 * PRICES[f"Lambda {architecture}, a GB-second"],
        "CloudWatch Logs": MILLION * log_kb / 1e6 * PRICES["CloudWatch Logs, a GB taken in"],
        "X-Ray": TRACED * PRICES["X-Ray, a million traces"],
        "Traffic": MILLION * answer_kb / 1e6 * PRICES["Traffic to the internet, a GB"],
    }


def per_month(image_gb: float) -> dict[str, float]:
    """US dollars a month without a single request."""
    return {"Alarms": ALARMS * PRICES["Alarm, a month"], "Image": image_gb * PRICES["ECR, a GB and month"]}


def table(rows: Mapping[str, float]) -> str:
    return "\n".join(f"  {name:<18}{dollars:8.2f}" for name, dollars in {**rows, "sum": sum(rows.values())}.items())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ms", type=float, default=14, help="duration of a warm call")
    parser.add_argument("--memory-mb", type=float, default=1769)
    parser.add_argument("--cold-share", type=float, default=0.01, help="of the calls that start a new environment")
    parser.add_argument("--cold-ms", type=float, default=700, help="what a start adds")
    parser.add_argument("--answer-kb", type=float, default=1.5, help="SVG: 110")
    parser.add_argument("--log-kb", type=float, default=1.0, help="the service's line and Lambda's own")
    parser.add_argument("--architecture", choices=["x86_64", "arm64"], default="x86_64")
    parser.add_argument("--image-gb", type=float, default=0.14, help="compressed, as ECR stores it")
    given = vars(parser.parse_args(arguments))
    image_gb = given.pop("image_gb")
    print(f"US dollars, list prices of {REGION}, from memory: check them.\n\na million requests")
    print(f"{table(per_million(**given))}\n\na month, idle\n{table(per_month(image_gb))}")


if __name__ == "__main__":
    main()
