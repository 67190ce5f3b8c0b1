"""The comparer: the process that says in what two unequal answers differ, and whether the monolith repeats itself."""
