"""Where the demo's files lie."""

from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"
CATALOGUE = DATA / "catalogue.csv"
BUNDLES = DATA / "bundles.csv"
CODES = DATA / "codes"
