#!/usr/bin/env python3
"""Two commands from a bare machine: `python3 dev.py run` and `python3 dev.py test`. Needs Python 3.11 and pip."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from launcher import pins, quality, run, testing
from launcher.places import Stop, complain

COMMANDS = {
    "run": (run.run, "the whole shop on this machine: --port N, --fresh"),
    "test": (testing.test, "run the tests; arguments go to pytest (paths, -k, -n0 …)"),
    "faults": (testing.faults, "kill, flush and stop parts under load: --seeds N"),
    "check": (quality.check, "form, types, contracts, templates, migrations"),
    "bench": (testing.bench, "measure: names of benchmarks, none for all"),
    "screenshots": (testing.screenshots, "draw every page at both widths into docs/screenshots/"),
    "messages": (testing.messages, "list source strings without a Chinese translation"),
    "manage": (testing.manage, "any management command, with the services up"),
    "lock": (pins.lock, "write requirements/ anew from pyproject.toml: --upgrade"),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, words) in COMMANDS.items():
        commands.add_parser(name, help=words, add_help=False)
    chosen, rest = parser.parse_known_args(arguments[:1]), arguments[1:]
    try:
        return COMMANDS[chosen[0].command][0](rest)
    except Stop as error:
        complain(f"dev.py: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
