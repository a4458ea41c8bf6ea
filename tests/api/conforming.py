"""A client that holds every answer it gets against what the service's OpenAPI document says of that call."""

import re
from functools import cached_property
from typing import Any

import httpx2
import schemathesis


class Conforming(httpx2.Client):
    """Fails where an answer's status, type or body is not one that the document has for its call."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The service's own OpenAPI document."""
        found: dict[str, Any] = super().send(self.build_request("GET", "/openapi.json")).json()
        return found

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        answer = super().send(request, **options)
        path = self._path(request)
        if path is not None and request.method.lower() in self.document["paths"][path]:
            self._check(path, answer)
        return answer

    @cached_property
    def _schema(self) -> Any:
        return schemathesis.openapi.from_dict(self.document)

    def _path(self, request: httpx2.Request) -> str | None:
        asked = request.url.raw_path.decode().partition("?")[0]
        for path in self.document["paths"]:
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), asked):
                return str(path)
        return None

    def _check(self, path: str, answer: httpx2.Response) -> None:
        status = str(answer.status_code)
        declared = self.document["paths"][path][answer.request.method.lower()]["responses"]
        call = f"{answer.request.method} {path} → {status}"
        assert status in declared, f"{call} is not in the OpenAPI document: {answer.text[:300]}"
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        assert kind in declared[status]["content"], f"{call} is {kind}"
        self._schema[path][answer.request.method].validate_response(answer)
