"""Follows the monolith's changes feed: first from its start to its end, then by asking again and again."""

from extracted.catalog.importer.feed import Entry, Feed, FeedPage
from extracted.catalog.importer.following import Following
from extracted.catalog.importer.importer import Importer, Step
from extracted.catalog.importer.poller import poll

__all__ = ["Entry", "Feed", "FeedPage", "Following", "Importer", "Step", "poll"]
