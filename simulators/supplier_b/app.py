"""The supplier put together."""

from simulators.server import Router
from simulators.supplier_b.api import Channel
from simulators.supplier_b.signing import ACKS, CHARSETS, CODECS, TAILS
from simulators.supplier_b.speech import FormMd5
from simulators.supply import app
from simulators.supply.supplier import Supplier


def main() -> None:
    speech = FormMd5()
    parser = app.parser(speech.name)
    # A number that was used before is refused in this dialect, whatever was ordered.
    parser.set_defaults(repeat="409")
    parser.add_argument("--tail", choices=TAILS, default="&key=")
    parser.add_argument("--charset", choices=CHARSETS, default="utf-8")
    parser.add_argument("--upper", action="store_true", help="signatures in capitals")
    parser.add_argument("--codec", choices=CODECS, default="json")
    parser.add_argument("--ack", choices=ACKS, default="success")
    options = parser.parse_args()
    speech.recipe = speech.recipe.changed(
        tail=options.tail, charset=options.charset, upper=options.upper, codec=options.codec,
        ack=options.ack,
    )  # fmt: skip

    def mount(router: Router, sup: Supplier) -> None:
        Channel(sup, speech).mount(router)

    app.serve(options, speech, mount)
