"""Faults of the line: what goes wrong between a caller and a call that is right."""

import gzip
import time
from functools import lru_cache

from simulators.faults import Plan
from simulators.server import Answer, json_answer, text_answer

BOM = b"\xef\xbb\xbf"
FIFTY_MB = 50 * 1024 * 1024


def before(plan: Plan) -> Answer | None:
    """An answer given instead of the work; None when the work shall be done."""
    time.sleep(float(plan.get("delay", "seconds", 0)))
    if "drop_before" in plan:
        return Answer(sending="drop")
    if "error_before" in plan:
        return _broken(int(plan.get("error_before", "status", 500)))
    if "rate_limited" in plan:
        return too_many(plan.get("rate_limited", "retry_after", 1))
    if "redirect" in plan:
        location = str(plan.get("redirect", "location", "http://127.0.0.1:9/elsewhere"))
        return Answer(302, b"", {"Location": location})
    return None


def after(plan: Plan, answer: Answer) -> Answer:
    """The answer as it goes out. The work is done and committed by now."""
    time.sleep(float(plan.get("delay_after", "seconds", 0)))
    if "drop_after" in plan:
        return Answer(sending="drop")
    if "error_after" in plan:
        return _broken(int(plan.get("error_after", "status", 502)))
    if "rate_limited_after" in plan:
        return too_many(plan.get("rate_limited_after", "retry_after", 1))
    return _mangled(plan, answer)


def _mangled(plan: Plan, answer: Answer) -> Answer:
    if "not_json" in plan:
        return text_answer("<html><body>系统维护中</body></html>", 200, "text/html")
    if "empty" in plan:
        answer.body = b""
    if "huge" in plan:
        answer.body = b" " * int(plan.get("huge", "bytes", FIFTY_MB))
    if "gzip_bomb" in plan:
        answer.body = _bomb(int(plan.get("gzip_bomb", "bytes", FIFTY_MB)))
        answer.headers["Content-Encoding"] = "gzip"
    if "half_body" in plan:
        answer.sending = "half"
    if "slow_loris" in plan:
        answer.sending, answer.pause = "drip", float(plan.get("slow_loris", "seconds", 0.5))
    return answer


def recoded(plan: Plan, body: bytes) -> bytes:
    """The body with a BOM, or in GBK, when the plan says so."""
    if "charset" in plan:
        # Plain ASCII reads the same in both, so a character is put in to tell them apart.
        body = body.decode("utf-8").replace('{"', '{"备注":"订单","', 1).encode("gbk", "replace")
    return BOM + body if "bom" in plan else body


def too_many(retry_after: object) -> Answer:
    answer = json_answer({"error": {"code": "RATE_LIMITED", "message": "slow down"}}, 429)
    answer.headers["Retry-After"] = str(retry_after)
    return answer


def _broken(status: int) -> Answer:
    return json_answer({"error": {"code": "INTERNAL", "message": "try again later"}}, status)


@lru_cache(maxsize=2)
def _bomb(size: int) -> bytes:
    return gzip.compress(b" " * size, compresslevel=6)
