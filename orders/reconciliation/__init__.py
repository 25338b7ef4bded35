"""Our money compared with everybody else's: providers' bills, and what we owe to buyers."""
