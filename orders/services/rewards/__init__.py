"""What is given for something done: invitations, red packets, tasks."""
