"""Who is owed for what was used or sold, and how they are paid."""
