"""What is wrong with a Django monolith that stands behind the proxy: facts in, findings out, nothing else.

    python manage.py strangler_doctor --facts facts.json        # in the monolith's environment
    strangler doctor --facts facts.json                         # beside strangler.toml

`examine` holds the monolith's facts against the proxy's, or looks at them alone: then it is what
`python manage.py check --deploy` and `manage.py strangler_doctor` say. docs/reference/doctor.md lists every finding.
"""

from strangler.doctor.examine import examine
from strangler.doctor.facts import CookieFacts, MonolithFacts, ServerFacts, read_facts, write_facts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.proxy_facts import ProxyFacts, RouteFacts

__all__ = [
    "CookieFacts",
    "Finding",
    "MonolithFacts",
    "ProxyFacts",
    "RouteFacts",
    "ServerFacts",
    "Severity",
    "examine",
    "read_facts",
    "write_facts",
]
