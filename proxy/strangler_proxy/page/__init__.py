"""The control room: pages on which a team watches its monolith shrink, and moves it."""
