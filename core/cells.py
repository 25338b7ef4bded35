"""Cells of CSV files and workbooks: a spreadsheet must show what we write, not run it (OWASP)."""

# Full-width signs run in East Asian versions.
RUNS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
QUOTE = "'"


def harmless(text: str) -> str:
    """The text behind an apostrophe if a spreadsheet would take it for a formula. Not for numbers."""
    return QUOTE + text if text.startswith(RUNS) else text


def as_written(cell: str) -> str:
    """The text that `harmless` was given, when a file of ours comes back."""
    return cell[1:] if cell.startswith(QUOTE) and cell[1:].startswith(RUNS) else cell
