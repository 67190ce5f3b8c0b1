"""Looking at what gates are judged by, and the check before a flip."""

from strangler_proxy.gates.began import began
from strangler_proxy.gates.gatekeeper import Gatekeeper, Observes, gates_before
from strangler_proxy.gates.observer import Observer

__all__ = ["Gatekeeper", "Observer", "Observes", "began", "gates_before"]
