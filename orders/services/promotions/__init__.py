"""Promotions as operators set them up, check and change them."""
