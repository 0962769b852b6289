"""The interactive documentation, its assets from a pinned package: a hospital's network reaches no CDN.

Every address is relative, so the pages work under the prefix of a gateway's stage.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

# Swagger UI loads only its own files, sets styles on its elements, and calls this service.
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
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ekg: NORM, CD and STTC from an ECG file</title>
<link rel="icon" href="docs/icon.svg">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# The plugin: for an array of files Swagger UI asks for this component, complains if there is none, and never shows it.
START = b"""SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  validatorUrl: null,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  plugins: [() => ({ components: { JsonSchema_string_binary: () => null } })],
});
"""

# Text, as every answer of this service: gateways hand bytes over as base64 where Accept does not name them.
ICON = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#fff"/>
<path d="M1 19h7l2-3 2 3h3l3-14 4 23 2-9h7" fill="none" stroke="#b3261e" stroke-width="2.4"/></svg>
"""
OWN = {"start.js": START, "icon.svg": ICON}


@cache
def asset(name: str) -> bytes:
    """Raises KeyError for a name that is none of ASSETS."""
    if name not in ASSETS:
        raise KeyError(name)
    if name in OWN:
        return OWN[name]
    package = find_spec("fastapi_swagger")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("fastapi_swagger")
    return (Path(package.origin).parent / "resources" / name).read_bytes()
