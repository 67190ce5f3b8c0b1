"""Recording what passes: what is wanted, and how a worker takes it down."""
