"""What the scripts of both simulators share: JSON over loopback, standard library only."""

import http.client
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit


class ScriptError(Exception):
    """The simulator refused; the text is its answer."""


class Client:
    def __init__(self, base: str, *, timeout: float = 15.0) -> None:
        self.base = base.rstrip("/")
        self._timeout = timeout

    def control(self, act: str, **body: Any) -> dict[str, Any]:
        """Run `/control/<act>`; raises ScriptError when it is refused."""
        status, data = self.send("POST", f"/control/{act}", body)
        if status != HTTPStatus.OK:
            raise ScriptError(f"{act}: {status} {data}")
        return data

    def truth(self, **narrow: str) -> dict[str, Any]:
        query = f"?{urlencode(narrow)}" if narrow else ""
        status, data = self.send("GET", f"/truth{query}")
        if status != HTTPStatus.OK:
            raise ScriptError(f"truth: {status} {data}")
        return data

    def fault(
        self,
        fault: str,
        *,
        op: str = "*",
        times: int | None = 1,
        chance: float = 1.0,
        match: dict[str, str] | None = None,
        **params: Any,
    ) -> int:
        """Script a fault; returns the id of the rule."""
        spec = {"op": op, "fault": fault, "times": times, "chance": chance, "match": match or {}}
        return int(self.control("fault", **spec, **params)["id"])

    def clear_faults(self) -> None:
        self.control("clear_faults")

    def move_clock(self, offset_seconds: float) -> None:
        self.control("clock", offset_seconds=offset_seconds)

    def send(self, method: str, target: str, body: object = None) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(self.base)
        raw = b"" if body is None else json.dumps(body).encode()
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self._timeout)
        try:
            line.request(method, target, raw, {"Content-Type": "application/json"})
            answer = line.getresponse()
            data = json.loads(answer.read() or b"{}")
            return answer.status, data if isinstance(data, dict) else {"value": data}
        finally:
            line.close()
