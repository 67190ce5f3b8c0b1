"""What the usual schema of JUnit XML (of Ant, as CI servers check it) wants of a document."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

__all__ = ["check_junit"]

_SUITE = {"id", "name", "package", "timestamp", "hostname", "time", "tests", "failures", "errors", "skipped"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_OUTCOMES = {"failure": {"message", "type"}, "error": {"message", "type"}, "skipped": {"message"}}


def check_junit(root: Element) -> None:
    """Raises AssertionError."""
    assert root.tag == "testsuites"
    assert not root.attrib
    assert [suite.get("id") for suite in root] == [str(number) for number in range(len(root))]
    for suite in root:
        assert suite.tag == "testsuite"
        assert set(suite.attrib) == _SUITE
        assert _MOMENT.fullmatch(suite.get("timestamp", ""))
        assert len(suite.get("name", "")) > 0
        tags = [each.tag for each in suite]
        cases = [each for each in suite if each.tag == "testcase"]
        assert tags == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
        outcomes = [outcome for case in cases for outcome in _check_case(case)]
        assert int(suite.get("tests", "")) == len(cases) > 0
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.get(name, "")) == outcomes.count(tag)


def _check_case(case: Element) -> list[str]:
    assert set(case.attrib) == {"classname", "name", "time"}
    assert len(case) <= 1
    for outcome in case:
        assert set(outcome.attrib) == _OUTCOMES[outcome.tag]
    return [outcome.tag for outcome in case]
