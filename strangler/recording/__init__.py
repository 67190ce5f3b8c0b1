"""Recorded traffic, written while it passes, read from whatever kept it; and single requests kept as parity cases."""

from strangler.recording.case import CASE_SUFFIX, Case, read_case, write_case
from strangler.recording.case_folder import CaseFolder
from strangler.recording.har_writer import write_har
from strangler.recording.recorded import Recorded
from strangler.recording.recording import Format, Recording, open_recording
from strangler.recording.rotation import Rotation
from strangler.recording.writer import RecordingWriter

__all__ = [
    "CASE_SUFFIX",
    "Case",
    "CaseFolder",
    "Format",
    "Recorded",
    "Recording",
    "RecordingWriter",
    "Rotation",
    "open_recording",
    "read_case",
    "write_case",
    "write_har",
]
