"""The cart's part of the JSON API, for visitors and customers alike."""
