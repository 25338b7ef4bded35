"""How large a file of codes and its parts may be. Every foreign input has a limit."""

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_LINE_BYTES = 1024
MAX_NUMBER = 128
MAX_SECRET = 256

# A workbook unpacks to many times its size and is read through memory: larger stock comes as CSV.
MAX_SHEET_BYTES = 20 * 1024 * 1024
MAX_SHEET_UNPACKED = 256 * 1024 * 1024
MAX_SHEET_STRINGS = 48 * 1024 * 1024
MAX_SHEET_PARTS = 500
MAX_SHEET_ROWS = 200_000
MAX_SHEET_COLUMNS = 12

# Lines by verdict are always counted in full; their list is kept up to this many per batch.
MAX_KEPT_LINES = 100_000
