"""The supplier put together."""

from simulators.supplier_c import api
from simulators.supplier_c.speech import RestHmac
from simulators.supply import app


def main() -> None:
    speech = RestHmac()
    app.serve(app.parser(speech.name).parse_args(), speech, api.mount)
