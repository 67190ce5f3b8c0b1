"""Cases kept in files are tests of their own, and what fails becomes one; each promise in a pytest run of its own."""

from __future__ import annotations

import re

import pytest

from strangler.recording import read_case
from tests.strangler.parity.running import CONFTEST, Run, case, kept, old, run
from tests.strangler.parity.server import Server

__all__ = ["old", "run"]

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow


def test_each_case_of_a_folder_is_a_test_with_its_line(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    cases = pytester.mkdir("cases")
    (cases / "fine.parity.json").write_text(case("/products/1/"))
    (cases / "wrong.parity.json").write_text(case("/products/2/?bug", note="found in March"))
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            f"{cases / 'wrong.parity.json'}:4: the sides differ: GET /products/2/[?]bug",
            "*The case is kept because: found in March",
            "PASSED cases/fine.parity.json::GET /products/1/",
            "FAILED cases/wrong.parity.json::GET /products/2/[?]bug*",
        ]
    )


def test_a_case_that_is_wrong_is_an_error_with_its_line_and_the_others_run(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    (pytester.path / "wrong.parity.json").write_text(case("/", verdict="fine"))
    (pytester.path / "a.parity.json").write_text(case("/"))
    result = run("--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*wrong.parity.json:8: verdict is 'fine'*"])


def test_folders_of_cases_are_collected_besides_other_tests(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    tests = pytester.mkdir("tests")
    (tests / "test_other.py").write_text("def test_other():\n    pass\n")
    (pytester.mkdir("cases") / "a.parity.json").write_text(case("/"))
    ini = "[pytest]\ntestpaths = tests\n"
    pytester.makeini(ini)
    run().assert_outcomes(passed=1)
    run("--parity-cases", "cases").assert_outcomes(passed=2)
    run("tests", "--parity-cases", "cases").assert_outcomes(passed=2)
    pytester.makeini(f"{ini}parity_cases = cases\n")
    run().assert_outcomes(passed=2)
    run("tests").assert_outcomes(passed=1)
    result = run("--parity-cases", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--parity-cases: *nowhere is no folder*"])


def test_a_redacted_value_of_a_kept_answer_equals_any_of_its_class(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    text = '{"target": "redacted-0123456789ab", "price": "%s"}'
    (pytester.path / "same.parity.json").write_text(case("/p", old=kept(text % "1.00")))
    (pytester.path / "other.parity.json").write_text(case("/p", old=kept(text % "9.99")))
    run("--parity-mode", "replay").assert_outcomes(passed=1, failed=1)


def test_a_request_whose_credentials_were_taken_out_is_inconclusive_until_they_are_given(
    run: Run, pytester: pytest.Pytester, old: Server
) -> None:
    headers = [["Cookie", "sessionid=redacted-0123456789ab"], ["X-Forwarded-For", "redacted-0123456789ab"]]
    request = {"method": "GET", "target": "/p", "headers": headers}
    (pytester.path / "a.parity.json").write_text(case("/p", request=request))
    words = ["--parity-old", old.url, "--parity-new", old.url]
    result = run(*words)
    result.assert_outcomes(failed=1)
    said = "inconclusive, identity (taken out before it was kept: header Cookie; give the header by --parity-header"
    result.stdout.fnmatch_lines([f"*{said}, or take it out of the case): GET /p"])
    assert old.asked == []
    run(*words, "--parity-header", "Cookie: sessionid=mine").assert_outcomes(passed=1)
    sent = {name.lower(): value for name, value in old.asked[0].headers}
    assert sent["cookie"] == "sessionid=mine"
    assert "x-forwarded-for" not in sent


def test_what_fails_is_kept_as_a_case_without_secrets_and_that_case_fails_too(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(CONFTEST)
    path = pytester.makepyfile(
        """
        def test_it(parity):
            parity.ask("GET", "/bug?token=very-secret-1", route="shop.product")
        """
    )
    result = run("--parity-save", "cases")
    result.assert_outcomes(failed=1)
    file = pytester.path / "cases" / "shop.product" / "price.value.1.parity.json"
    result.stdout.fnmatch_lines([f"*Kept as {file}."])
    assert "very-secret-1" not in file.read_text()
    assert read_case(file).request.route == "shop.product"
    # Not asked with a mark for a token, and without it a case like any other.
    file.write_text(re.sub(r"\?token=redacted-\w+", "", file.read_text()))
    path.unlink()
    result = run("--parity-save", "cases")
    result.assert_outcomes(failed=1)
    assert "Kept as" not in result.stdout.str()
