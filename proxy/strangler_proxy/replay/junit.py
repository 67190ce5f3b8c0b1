"""A replay as JUnit XML, which every CI shows: a suite for each route, a case for each endpoint."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from strangler.compare import Severity, Verdict
from strangler_proxy.replay.endpoints import Endpoint
from strangler_proxy.replay.tally import Found, Tally, Tested

__all__ = ["junit_xml"]

# What XML 1.0 cannot hold in any spelling.
_UNWRITABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_ROUTE: Final = "no route"


def junit_xml(tally: Tally, *, moment: str, host: str) -> bytes:
    """The tally as a document of the usual schema. `moment` is when it began, as `2026-11-29T17:00:00`.

    A case fails with breaking differences; it is an error where pairs were inconclusive and none differed, and skipped
    where nothing of it was compared. A replay without any pair has one case, which is an error: no data never passes.
    """
    suites: dict[str, list[tuple[Endpoint, Tested]]] = defaultdict(list)
    for endpoint, tested in sorted(tally.endpoints.items()):
        suites[endpoint.route or _NO_ROUTE].append((endpoint, tested))
    root = Element("testsuites")
    for number, (route, cases) in enumerate(suites.items()):
        suite = SubElement(root, "testsuite", _suite(number, route, moment, host))
        SubElement(suite, "properties")
        counts = {"tests": len(cases), "failures": 0, "errors": 0, "skipped": 0}
        for endpoint, tested in cases:
            outcome = _case(suite, route, endpoint, tested, strict=tally.verdict is not Verdict.AGREE)
            if outcome:
                counts[outcome] += 1
        suite.attrib.update({name: str(count) for name, count in counts.items()})
        SubElement(suite, "system-out")
        SubElement(suite, "system-err")
    if not suites:
        suite = SubElement(root, "testsuite", _suite(0, "replay", moment, host))
        suite.attrib.update({"tests": "1", "failures": "0", "errors": "1", "skipped": "0"})
        SubElement(suite, "properties")
        case = SubElement(suite, "testcase", {"classname": "replay", "name": "pairs", "time": "0"})
        SubElement(case, "error", {"message": "no pair was compared", "type": "inconclusive"})
        SubElement(suite, "system-out")
        SubElement(suite, "system-err")
    indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode").encode() + b"\n"


def _suite(number: int, route: str, moment: str, host: str) -> dict[str, str]:
    return {
        "id": str(number),
        "name": _plain(route),
        "package": "strangler.replay",
        "timestamp": moment,
        "hostname": _plain(host) or "localhost",
        "time": "0",
    }


def _case(suite: Element, route: str, endpoint: Endpoint, tested: Tested, *, strict: bool) -> str:
    """Add a case; which of the suite's counts it belongs to, empty for one that passes."""
    case = SubElement(
        suite, "testcase", {"classname": _plain(route), "name": _plain(str(endpoint)), "time": "0"}
    )  # fmt: skip
    compared = tested.verdicts[Verdict.AGREE] + tested.verdicts[Verdict.DIFFER]
    missed = tested.verdicts[Verdict.INCONCLUSIVE]
    if tested.verdicts[Verdict.DIFFER]:
        pairs = f"{tested.verdicts[Verdict.DIFFER]} of {compared + missed} pairs differ"
        failure = SubElement(case, "failure", {"message": pairs, "type": "differ"})
        failure.text = _plain("\n".join(_line(found) for found in tested.found.values()))
        return "failures"
    if missed and (strict or not compared):
        causes = ", ".join(f"{cause}: {count}" for cause, count in sorted(tested.causes.items()))
        message = _plain(f"{missed} of {compared + missed} pairs are inconclusive ({causes})")
        if compared:
            SubElement(case, "error", {"message": message, "type": "inconclusive"})
            return "errors"
        SubElement(case, "skipped", {"message": message})
        return "skipped"
    return ""


def _line(found: Found) -> str:
    mark = "" if found.example.severity is Severity.BREAKING else "(warning) "
    return f"{mark}{found.count} × {found.example}\n    {found.target}"


def _plain(text: str) -> str:
    """Text that XML can hold; what it cannot is written out as in `\\x00`."""
    return _UNWRITABLE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)
