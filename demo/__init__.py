"""The shop, its services and the proxy on this machine, with customers: `python -m demo`."""
