"""Orders' part of the JSON API: one's own, and all for staff."""
