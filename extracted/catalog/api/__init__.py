"""The service's own API below /v1/: its own words, documented at /openapi.json."""
