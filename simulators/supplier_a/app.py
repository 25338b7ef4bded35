"""The supplier put together."""

from simulators.supplier_a import api
from simulators.supplier_a.speech import GatewayMd5
from simulators.supply import app


def main() -> None:
    speech = GatewayMd5()
    parser = app.parser(speech.name)
    # A number that was used before is refused in this dialect, whatever was ordered.
    parser.set_defaults(repeat="409")
    app.serve(parser.parse_args(), speech, api.mount)
