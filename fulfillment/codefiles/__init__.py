"""Files of codes: what they may look like and how a line is judged. Pure, except for the store."""
