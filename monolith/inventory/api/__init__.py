"""The inventory's part of the JSON API: what is left to sell."""
