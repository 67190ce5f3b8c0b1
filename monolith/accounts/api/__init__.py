"""Accounts' part of the JSON API: tokens."""
