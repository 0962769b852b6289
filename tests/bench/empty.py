"""A function that does nothing: what the emulator itself costs."""


def handler(event: object, context: object) -> dict[str, object]:
    return {"statusCode": 200, "body": "x" * 1000}
