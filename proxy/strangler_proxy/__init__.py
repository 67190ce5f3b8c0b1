"""The process in front of the monolith: data plane, control plane and command line."""
