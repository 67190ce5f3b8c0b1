"""Live shadow in a worker: copies of exchanges, the other side's answers, and what is handed to a comparer."""
