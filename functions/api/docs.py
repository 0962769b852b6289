"""The page of /docs (Swagger UI) and its assets. They come from a pinned package: hospital networks block CDNs.

Every address on the page is relative, so it works under the prefix of a gateway's stage. The routes are in app.py.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from functions.api.assets import Asset, tag_of

# The policy of the page, in place of the one in edge.py. Swagger UI loads its own files, sets styles on elements, and
# calls this service.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "start.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ekg: NORM, CD and STTC from an ECG file</title>
<link rel="icon" href="docs/icon.svg?v={icon.svg}">
<link rel="stylesheet" href="docs/swagger-ui.css?v={swagger-ui.css}">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js?v={swagger-ui-bundle.js}"></script>
<script src="docs/start.js?v={start.js}"></script>
</body>
</html>
"""
# For a field that is an array of files, Swagger UI logs an error if this component is missing. It never shows it.
START = b"""SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  validatorUrl: null,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  plugins: [() => ({ components: { JsonSchema_string_binary: () => null } })],
});
"""

ICON = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#fff"/>
<path d="M1 19h7l2-3 2 3h3l3-14 4 23 2-9h7" fill="none" stroke="#b3261e" stroke-width="2.4"/></svg>
"""
OWN = {"start.js": START, "icon.svg": ICON}


@cache
def page() -> str:
    """The page. The addresses of its assets hold their tags, so that browsers may keep them for ever."""
    made = _PAGE
    for name in ASSETS:
        made = made.replace(f"{{{name}}}", _tag(name))
    return made


@cache
def asset(name: str) -> Asset:
    """One of ASSETS. Raises KeyError for any other name."""
    return Asset.of(_content(name), ASSETS[name])


@cache
def _tag(name: str) -> str:
    return tag_of(_content(name))


def _content(name: str) -> bytes:
    if name not in ASSETS:
        raise KeyError(name)
    if name in OWN:
        return OWN[name]
    package = find_spec("fastapi_swagger")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("fastapi_swagger")
    return (Path(package.origin).parent / "resources" / name).read_bytes()
