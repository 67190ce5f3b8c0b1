"""Branch by abstraction: one interface, an old and a new implementation, and a toggle that decides between them."""

from strangler.seam.observation import Observation, SeamCounts, SeamResult
from strangler.seam.result_log import log_result
from strangler.seam.seam import Seam

__all__ = ["Observation", "Seam", "SeamCounts", "SeamResult", "log_result"]
