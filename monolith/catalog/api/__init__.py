"""The catalogue's part of the JSON API: four public reads, and the writing of reviews."""
