"""The catalogue service: products, categories and reviews, read from its own database, filled from the shop."""
