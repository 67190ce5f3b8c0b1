"""The proxy's configuration: `strangler.toml` read, checked and given as frozen values."""

from strangler_proxy.config.reader import load_config
from strangler_proxy.config.values import (
    Address,
    Config,
    EvidenceSettings,
    Limits,
    Seam,
    ShadowSettings,
    Tracing,
    Upstream,
)
from strangler_proxy.routes.route import Route

__all__ = ["Address", "Config", "EvidenceSettings", "Limits", "Route", "Seam", "ShadowSettings", "Tracing", "Upstream"]
__all__ += ["load_config"]
