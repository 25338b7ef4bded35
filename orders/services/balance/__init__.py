"""What a person has with us as money: given, paid with, given back, corrected."""
