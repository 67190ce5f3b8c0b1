"""The data plane's upstreams and workers, here too."""

from tests.proxy.dataplane.conftest import cleanup, make_proxy, make_upstream

__all__ = ["cleanup", "make_proxy", "make_upstream"]
