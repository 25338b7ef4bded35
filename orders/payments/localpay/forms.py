"""Reading what localpay posts to us: a form or flat JSON of texts."""

import json
from urllib.parse import parse_qsl

from core.foreign import is_text
from orders.payments.base import NotBelieved

MOST_FIELDS = 40


def read_params(body: bytes, content_type: str) -> dict[str, str]:
    """Form or flat JSON of strings, every name once. Raises NotBelieved('malformed')."""
    try:
        text = body.decode("utf-8")
        if content_type.partition(";")[0].strip().lower() == "application/json":
            pairs = json.loads(text, object_pairs_hook=list)
        else:
            pairs = parse_qsl(
                text,
                keep_blank_values=True,
                strict_parsing=True,
                errors="strict",
                max_num_fields=MOST_FIELDS,
            )
        params = dict(pairs)
    except (ValueError, TypeError, RecursionError) as error:
        raise NotBelieved("malformed") from error
    flat = all(is_text(k) and is_text(v) for k, v in params.items())
    if not flat or len(params) != len(pairs) or len(params) > MOST_FIELDS:
        raise NotBelieved("malformed")
    return params
