"""Files of codes: taken, judged line by line, written in chunks, paused, ended."""
