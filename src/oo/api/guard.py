"""Refuse what a web page in the person's browser could send to their loopback: another Host, another Origin."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from oo.api.errors import error_answer

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def own_hosts(host: str, port: int) -> frozenset[str]:
    """Return the Host headers under which a service on `host` and `port` is itself.

    >>> sorted(own_hosts("127.0.0.1", 8000))
    ['127.0.0.1:8000', '[::1]:8000', 'localhost:8000']
    """
    names = {*_LOOPBACK, f"[{host}]" if ":" in host else host}
    default = {name for name in names if port == 80}  # noqa: PLR2004  # HTTP's own port goes unsaid
    return frozenset({f"{name}:{port}" for name in names} | default)


@dataclass(frozen=True, slots=True)
class Guard:
    """Passes on requests that name this service as their Host and, where they name an Origin, as their Origin.

    A name that an attacker points at 127.0.0.1 fails by its Host; a form or script of another page by its Origin. A
    program sends no Origin, and may do everything that can be done on this machine.
    """

    app: ASGIApp
    hosts: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, or pass the request on."""
        if scope["type"] == "http":
            refusal = self._refusal(scope["method"], Headers(scope=scope))
            if refusal is not None:
                answer = error_answer(
                    403, "foreign_request", refusal, "Open the address that oo serve printed."
                )
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> str | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return "The request's Host is not this service."
        origins = headers.getlist("origin")
        own = {f"http://{host}" for host in self.hosts}
        if any(origin.lower() not in own for origin in origins):
            return "The request comes from a page of another site."
        if (
            method not in _SAFE_METHODS
            and not origins
            and headers.get("sec-fetch-site", "none") not in _OWN_SITES
        ):
            return "The request comes from a page of another site."
        return None


_OWN_SITES = frozenset({"none", "same-origin"})
