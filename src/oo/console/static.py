"""The style sheet and the icon: small, kept in memory, at addresses that change with their content."""

import functools
from importlib import resources

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from oo.domain.ids import digest

_CSS = "text/css; charset=utf-8"
KINDS = {"person.css": _CSS, "reference.css": _CSS, "icon.svg": "image/svg+xml"}
"""Every file that is served, and what it is."""
FOR_A_YEAR = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@functools.cache
def content(name: str) -> str:
    """Return a file's text."""
    return resources.files("oo.console").joinpath("static", name).read_text(encoding="utf-8")


@functools.cache
def version(name: str) -> str:
    """Return a short digest of a file's text."""
    return digest(content(name))[:12]


def path(name: str) -> str:
    """Return a file's address, which is another one as soon as the file is."""
    return f"/static/{version(name)}/{name}"


def add_static(router: APIRouter) -> None:
    """Serve the files, and the icon where browsers look for it unasked."""
    router.add_api_route("/static/{asked}/{name}", _file, include_in_schema=False)
    router.add_api_route("/favicon.svg", _icon, include_in_schema=False)
    router.add_api_route("/favicon.ico", _icon, include_in_schema=False)


def _file(asked: str, name: str) -> Response:
    if name not in KINDS:
        raise HTTPException(404)
    # A page from before an update asks for the old version: it gets the new one, and must not keep it as the old.
    return _answer(name, FOR_A_YEAR if asked == version(name) else ASK_AGAIN)


def _icon() -> Response:
    return _answer("icon.svg", ASK_AGAIN)


def _answer(name: str, caching: str) -> Response:
    return Response(content(name), media_type=KINDS[name], headers={"Cache-Control": caching})
