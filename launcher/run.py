"""`dev.py run`: the whole shop on one machine, from nothing to an address, and clean away again."""

import argparse
import shutil
import signal
from pathlib import Path
from types import FrameType

from launcher import environment
from launcher.places import Stop, say, state_folder
from launcher.processes import end_leftovers, lock
from launcher.shop import Shop


def run(arguments: list[str]) -> int:
    """Bring everything up, say where, and stay until told to stop; parts that die are put up again."""
    parser = argparse.ArgumentParser(prog="dev.py run")
    parser.add_argument(
        "--port", type=int, default=8000, help="where the shop answers (default 8000)"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="forget all data of earlier runs first"
    )
    chosen = parser.parse_args(arguments)
    environment.prepare("run")
    state = state_folder("run")
    held = lock(state / "lock")
    if held is None:
        raise Stop(f"it is running already (process {(state / 'lock').read_text()})")
    if chosen.fresh:
        forget(state)
    shop = Shop(state, chosen.port)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        shop.start()
        say(f"Quanyi is ready at {shop.url}")
        say(shop.accounts())
        return shop.watch()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        shop.stop()
        held.close()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def forget(state: Path) -> None:
    """Remove all data, keys and logs of the state folder; its lock stays ours."""
    end_leftovers(state)
    for path in state.iterdir():
        if path.name == "lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
