"""The control plane: the process through which toggles are read and moved."""

from strangler_proxy.control.app import app
from strangler_proxy.control.outcome import Outcome
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.control.process import run

__all__ = ["ControlPlane", "Outcome", "app", "run"]
