"""Small versioned documents of the control plane, and the audit of all that is not a toggle's move."""

from strangler.documents.call_count import CallCount
from strangler.documents.document import Document
from strangler.documents.event import Event
from strangler.documents.store import DocumentStore

__all__ = ["CallCount", "Document", "DocumentStore", "Event"]
