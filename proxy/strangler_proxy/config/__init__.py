"""The proxy's configuration: `strangler.toml` read, checked and given as frozen values."""

from strangler_proxy.config.reader import load_config
from strangler_proxy.config.values import Address, Config, Limits, Seam, Tracing, Upstream
from strangler_proxy.routes.route import Route

__all__ = ["Address", "Config", "Limits", "Route", "Seam", "Tracing", "Upstream", "load_config"]
