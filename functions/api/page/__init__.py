"""The page of /ui: drop a file, see the ECG and the answer. The routes; files.py holds what they send.

The sources are in src/. built/ holds what esbuild makes of them (`make page`), so the service needs no Node. Every
address on the page is relative, so it works under the prefix of a gateway's stage.
"""

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from starlette.responses import Response

from functions.api.problems import NotFound

if TYPE_CHECKING:
    from functions.api.settings import Settings

# The page loads its own files and calls this service. blob: for the downloads that it makes. {uploads}: where the
# browser sends large files.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'{uploads}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The gateway may compress it. A browser asks again each time, because its addresses of the assets change.
KEEP = "no-cache"


def add_page(app: FastAPI, settings: "Settings") -> None:
    """files.py is imported at the first request, so a cold start is not slower."""
    uploads = f" {settings.uploads_origin}" if settings.uploads_origin else ""
    headers = {"content-security-policy": CONTENT_SECURITY_POLICY.format(uploads=uploads), "cache-control": KEEP}

    @app.get("/ui", include_in_schema=False)
    async def ui() -> Response:
        from functions.api.page import files

        return Response(files.page(), headers=headers, media_type="text/html")

    @app.get("/ui/{name:path}", include_in_schema=False)
    def ui_asset(name: str, request: Request) -> Response:
        if not name:
            # The addresses on the page are relative to /ui without the slash.
            return Response(status_code=308, headers={"location": "../ui"})
        from functions.api import assets
        from functions.api.page import files

        if name not in files.ASSETS:
            raise NotFound("No such asset.")
        return assets.answer(files.asset(name), request)
