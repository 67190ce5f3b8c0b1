"""A monolith's inventory beside routes and traffic: who has how much, and which route takes what."""

from strangler_proxy.discover.capture import Capture, Captures
from strangler_proxy.discover.capture_warnings import capture_warnings
from strangler_proxy.discover.discovery import Discovery, discover_in
from strangler_proxy.discover.traffic import Traffic, traffic_of_lines, traffic_of_metrics

__all__ = [
    "Capture",
    "Captures",
    "Discovery",
    "Traffic",
    "capture_warnings",
    "discover_in",
    "traffic_of_lines",
    "traffic_of_metrics",
]
