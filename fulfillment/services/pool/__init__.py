"""The pool of our own codes: shares of channels, what is taken out, put back, written off, handed out."""
