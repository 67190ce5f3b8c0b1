"""Strangler: take a Django monolith apart, endpoint by endpoint, while it keeps serving customers."""

__all__ = ["__version__"]

__version__ = "0.1.0"
