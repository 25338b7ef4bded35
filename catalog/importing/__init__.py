"""Reading a catalogue file: rows, what is wrong with them, and what they would change."""
