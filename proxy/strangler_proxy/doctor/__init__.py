"""The doctor's own side: what strangler.toml says, and what live probes see. The rules are in `strangler.doctor`."""

from strangler_proxy.doctor.facts import proxy_facts
from strangler_proxy.doctor.live import Live, live_findings
from strangler_proxy.doctor.seen import Seen, judge_seen

__all__ = ["Live", "Seen", "judge_seen", "live_findings", "proxy_facts"]
