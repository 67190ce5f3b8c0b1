"""Checkout's part of the JSON API: buying what is in the cart."""
