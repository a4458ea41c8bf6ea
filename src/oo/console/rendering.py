"""Templates → pages: every value escaped, under a policy that lets nothing run and nothing in from elsewhere."""

import functools
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from oo.console import static

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The content security policy: styles and pictures of our own, forms to ourselves, and no scripts at all."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Under no-referrer a browser posts forms with the Origin "null", which the service refuses.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer carries, unless it says otherwise itself."""
LONGEST_MENTION = 80
"""So many characters of a title are repeated outside its own place."""


def page(template: str, status: int = HTTPStatus.OK, **view: Any) -> Response:
    """Render a template as a whole page."""
    html = _environment().get_template(template).render(view)
    return guarded(HTMLResponse(html.encode("utf-8", "replace"), status_code=int(status)))


def see_other(path: str, fragment: str = "") -> Response:
    """Send the browser on after a form, so that a reload asks again instead of posting again."""
    return guarded(RedirectResponse(f"{path}{fragment}", status_code=int(HTTPStatus.SEE_OTHER)))


def guarded(response: Response) -> Response:
    """Return the response with the headers that it does not set itself."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def person_path(user_id: str) -> str:
    """Return the address of a person's page.

    >>> person_path("ada@example.org")
    '/u/ada@example.org'
    """
    return f"/u/{quote(user_id, safe='@:')}"


def mention(text: str) -> str:
    """Cut a text down to what fits into a sentence.

    >>> len(mention("x" * 500))
    80
    """
    return text if len(text) <= LONGEST_MENTION else f"{text[: LONGEST_MENTION - 1].rstrip()}…"


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("oo.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["mention"] = mention
    environment.globals.update(person_path=person_path, static_path=static.path)
    return environment
