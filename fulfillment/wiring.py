"""What this floor hangs into the sockets of the floors below."""
