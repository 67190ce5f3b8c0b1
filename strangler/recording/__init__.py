"""Recorded traffic: written while it passes, read from our own files, from browsers and from access logs."""

from strangler.recording.har_writer import write_har
from strangler.recording.recorded import Recorded
from strangler.recording.recording import Format, Recording, open_recording
from strangler.recording.rotation import Rotation
from strangler.recording.writer import RecordingWriter

__all__ = ["Format", "Recorded", "Recording", "RecordingWriter", "Rotation", "open_recording", "write_har"]
