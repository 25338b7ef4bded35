"""What every simulated supplier does, whatever it speaks: sell, charge, deliver, keep the truth."""
