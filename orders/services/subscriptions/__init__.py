"""Subscriptions: begun, announced, charged, paused, ended."""
