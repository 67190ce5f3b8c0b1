"""Services carved out of the shop. Each is a deployable of its own and imports no other."""
