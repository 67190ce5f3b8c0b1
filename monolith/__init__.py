"""The shop: a Django monolith of eight bounded contexts, as a team would have it after five years."""
