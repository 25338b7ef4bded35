"""Where the demo's files lie, and which SKU each code file is for."""

from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"
CATALOGUE = DATA / "catalogue.csv"
BUNDLES = DATA / "bundles.csv"
EDITIONS = DATA / "editions.csv"
# How many there are of each numbered SKU in that file.
SIZES = {"PIANO-GALA": 100}
CODES = DATA / "codes"

# In this order: JD-E-100 holds secrets that the dirty file repeats, which must then be recognized.
CODE_FILES = {
    "JD-E-100.txt": "JD-E-100",
    "JD-E-50.txt": "JD-E-50",
    "JD-E-200.txt": "JD-E-200",
    "JD-E-500.txt": "JD-E-500",
    "NE-CARD-50.dirty.txt": "NE-CARD-50",
    "TM-CARD-100.gbk.csv": "TM-CARD-100",
    "STEAM-100.csv": "STEAM-100",
    "WM-CARD-100.txt": "WM-CARD-100",
    "HEMA-CARD-100.txt": "HEMA-CARD-100",
    "NSW-100.txt": "NSW-100",
    "SQ-CARD-30.txt": "SQ-CARD-30",
}
