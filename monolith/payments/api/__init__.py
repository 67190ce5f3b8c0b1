"""Payments' part of the JSON API: their state, refunds, and the provider's webhook."""
