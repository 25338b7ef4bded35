"""The parts of `/control` that every simulator has, and how an act is answered."""

from collections.abc import Callable, Mapping
from typing import Any

from simulators.clock import Clock
from simulators.faults import Rules
from simulators.server import Answer, BadRequest, Request, Router, json_answer

Act = Callable[[dict[str, Any]], dict[str, Any]]


class Refused(Exception):
    """The act cannot be done now; the text says why."""


def mount(router: Router, acts: Mapping[str, Act]) -> None:
    """Serve `POST /control/<act>`; JSON only, which a form in a foreign page cannot send."""

    def handle(request: Request) -> Answer:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise BadRequest("application/json is required")
        act = acts.get(request.args["act"])
        if act is None:
            return json_answer({"ok": False, "why": f"no act {request.args['act']}"}, 404)
        try:
            return json_answer({"ok": True, **act(request.json())})
        except Refused as why:
            return json_answer({"ok": False, "why": str(why)}, 409)
        except (KeyError, TypeError, ValueError) as why:
            return json_answer({"ok": False, "why": f"{type(why).__name__}: {why}"}, 400)

    router.add("POST", r"/control/(?P<act>[a-z_]+)", handle, local=True)


def common_acts(rules: Rules, clock: Clock, poke: Callable[[], None]) -> dict[str, Act]:
    def fault(body: dict[str, Any]) -> dict[str, Any]:
        return {"id": rules.add(body)}

    def clear(body: dict[str, Any]) -> dict[str, Any]:
        rules.clear(int(body["id"]) if "id" in body else None)
        return {}

    def move(body: dict[str, Any]) -> dict[str, Any]:
        clock.move(float(body["offset_seconds"]))
        poke()
        return {"now": clock.unix()}

    return {
        "fault": fault,
        "clear_faults": clear,
        "faults": lambda _: {"faults": rules.listed()},
        "clock": move,
    }
