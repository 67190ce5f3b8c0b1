"""Replaying recorded traffic against two sides, and comparing what they answer."""
