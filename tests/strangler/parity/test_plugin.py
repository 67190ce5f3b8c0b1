"""What the pytest plugin promises, each promise in a pytest run of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from strangler.compare import Answer, Request
from strangler.parity import Parity
from strangler.recording import read_case
from tests.strangler.parity.running import CONFTEST, RULES, Run, answering, case, kept, new, old, run
from tests.strangler.parity.server import Server, serving

__all__ = ["new", "old", "run"]

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow


def test_pytest_finds_the_plugin_by_itself() -> None:
    [found] = [each for each in entry_points(group="pytest11") if each.name == "strangler"]
    assert found.value == "strangler.pytest_plugin"


def test_who_does_not_use_it_pays_for_one_small_module(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_was_imported():
            ours = {name for name in sys.modules if name.partition(".")[0] == "strangler"}
            assert ours == {"strangler", "strangler.pytest_plugin"}
            assert not {"httpx", "hypothesis", "schemathesis"} & set(sys.modules)
        """
    )
    others = [word for name in ("django", "schemathesis", "hypothesispytest", "respx") for word in ("-p", f"no:{name}")]
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *others)
    result.assert_outcomes(passed=1)


def test_the_first_example_of_the_package_runs(run: Run, pytester: pytest.Pytester, old: Server) -> None:
    pytester.makepyfile(
        """
        def test_a_product_is_answered_alike(parity):
            parity.ask("GET", "/api/v1/products/1/")
        """
    )
    run("--parity-old", old.url, "--parity-new", old.url).assert_outcomes(passed=1)
    assert [each.target for each in old.asked] == ["/api/v1/products/1/"] * 2


def test_a_disagreement_tells_all_that_is_needed_to_act_on_it(
    run: Run, pytester: pytest.Pytester, old: Server, new: Server
) -> None:
    pytester.makepyfile(
        """
        def test_product(parity):
            parity.ask("POST", "/products/1/?q=a'b", headers={"X-A": "1"}, json={"a": 1}, route="shop.product")
        """
    )
    result = run("--parity-old", old.url, "--parity-new", new.url)
    result.assert_outcomes(failed=1)
    host = old.url.removeprefix("http://")
    text = result.stdout.str()
    assert "the sides differ: POST /products/1/?q=a'b (route shop.product)" in text
    assert re.search(r'\$\.price +value +breaking +"1\.00" +"1\.50"', text)
    assert re.search(r'≠ +"price": "1\.00", +\| +"price": "1\.50"', text)
    for name, server in (("old", old), ("new", new)):
        assert f"{name}: curl -sS -i -X POST -H 'Host: {host}' -H 'X-A: 1' -H 'Content-Type: application/json'" in text
        assert f"'{server.url}/products/1/?q=a'\"'\"'b'" in text
    assert "A difference that is meant is written, with its why, into a file of rules, given as --parity-rules." in text
    assert "test_a_disagreement_tells_all_that_is_needed_to_act_on_it.py:2: Disagreement" in text
    assert "parity.py" not in text, "our own frames are hidden"


def test_both_sides_are_told_the_same_host(run: Run, pytester: pytest.Pytester, old: Server) -> None:
    pytester.makepyfile("def test_it(parity):\n    parity.ask('GET', '/')\n")
    with serving(answering("1.00")) as other:
        run("--parity-old", old.url, "--parity-new", other.url).assert_outcomes(passed=1)
        run("--parity-old", old.url, "--parity-new", other.url, "--parity-header", "Host: shop.test").assert_outcomes(
            passed=1
        )
    hosts = [dict(each.headers)["Host"] for each in other.asked]
    assert hosts == [old.url.removeprefix("http://"), "shop.test"]


def test_rules_hold_for_the_route_that_the_mark_names(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    (pytester.path / "strangler.rules.toml").write_text(RULES)
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parity(route="shop.product")
        def test_marked(parity):
            parity.ask("GET", "/bug")

        @pytest.mark.parity(route="shop.product")
        def test_another_route(parity):
            parity.ask("GET", "/bug", route="other")

        @pytest.mark.parity(route="shop.product", rules=None)
        def test_no_rules(parity):
            parity.ask("GET", "/bug")
        """
    )
    result = run("--parity-rules", "strangler.rules.toml")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*is written, with its why, into strangler.rules.toml."])
    pytester.makeini("[pytest]\nparity_rules = strangler.rules.toml\n")
    run().assert_outcomes(passed=1, failed=2)


def test_a_wrong_rule_is_said_with_its_line(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    (pytester.path / "bad.toml").write_text(RULES.replace("$.price", "price"))
    pytester.makepyfile("def test_it(parity):\n    pass\n")
    result = run("--parity-rules", "bad.toml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*bad.toml:3:*"])


def test_nobody_to_ask_is_an_error_that_says_what_to_give(run: Run, pytester: pytest.Pytester, old: Server) -> None:
    pytester.makepyfile("def test_it(parity):\n    pass\n")
    for words in ([], ["--parity-new", old.url]):
        result = run(*words)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*nobody to ask: give --parity-old and --parity-new, or write a fixture*"])


def test_a_side_that_gives_no_answer_is_a_failure_whatever_may_be_inconclusive(
    run: Run, pytester: pytest.Pytester, old: Server
) -> None:
    pytester.makepyfile("def test_it(parity):\n    parity.ask('GET', '/')\n")
    with serving(lambda _: None) as dead:
        result = run("--parity-old", old.url, "--parity-new", dead.url, "--parity-allow-inconclusive")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{dead.url} gave no answer: broken (*"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--parity-mode", "guess"], "--parity-mode: 'guess' is no mode"),
        (["--parity-again", "often"], "--parity-again: 'often' is no number from 0 up"),
        (["--parity-lag", "-1"], "--parity-lag: '-1' is no number from 0 up"),
        (["--parity-header", "Cookie"], "--parity-header: 'Cookie' is no header"),
        (["--parity-new", "127.0.0.1"], "is not the address of a server"),
    ],
)
def test_an_option_that_makes_no_sense_is_said_with_what_would(
    words: list[str], said: str, run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile("def test_it(parity):\n    pass\n")
    result = run("--parity-old", "http://127.0.0.1:1", "--parity-new", "http://127.0.0.1:2", *words)
    result.assert_outcomes(errors=1)
    assert said in result.stdout.str()


def test_a_mark_with_a_word_that_is_unknown_is_said(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("import pytest\n@pytest.mark.parity(ruote='a')\ndef test_it(parity):\n    pass\n")
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the mark parity: takes what it does not know*"])


def test_what_the_old_side_does_not_repeat_is_no_difference(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        import pytest

        def test_noise(parity):
            parity.ask("GET", "/noise")

        def test_noise_and_a_bug(parity):
            parity.ask("GET", "/noise/bug")

        @pytest.mark.parity(again=0)
        def test_not_asked_again(parity):
            parity.ask("GET", "/noise")

        def test_a_write_is_never_asked_again(parity):
            from conftest import asked
            asked.clear()
            with pytest.raises(AssertionError):
                parity.ask("POST", "/noise")
            assert [name for name, _ in asked] == ["old", "new"]
        """
    )
    result = run()
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*Not counted, for the old side does not repeat it: $.noise."])
    passed = result.stdout.str().partition("short test summary")[2]
    assert "PASSED test_what_the_old_side_does_not_repeat_is_no_difference.py::test_noise\n" in passed


def test_what_cannot_be_compared_fails_with_its_own_word_unless_it_may_be(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        import pytest

        def test_strict(parity):
            parity.ask("GET", "/coding")

        @pytest.mark.parity(allow_inconclusive=True)
        def test_lenient(parity):
            parity.ask("GET", "/coding")
        """
    )
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*inconclusive, encoding (content coding unheard-of is not read): GET /coding"])
    pytester.makeini("[pytest]\nparity_allow_inconclusive = true\n")
    run().assert_outcomes(passed=2)


def test_a_difference_may_last_for_the_lag(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        from strangler.compare import Answer
        from strangler.parity import Sides

        @pytest.fixture
        def parity_sides():
            left = [b"stale"] * 3
            def follower(request):
                return Answer(200, (), left.pop() if left else b"fresh")

            return Sides(lambda _: Answer(200, (), b"fresh"), follower)
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parity(lag=60)
        def test_lag(parity):
            parity.ask("GET", "/")

        def test_no_lag(parity):
            parity.ask("GET", "/")
        """
    )
    run().assert_outcomes(passed=1, failed=1)


def test_a_pair_that_is_at_hand_is_compared_without_asking_anybody(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        import pytest
        from conftest import asked
        from strangler.compare import Answer, Pair, Request
        from strangler.parity import Disagreement

        def test_pair(parity):
            asked.clear()
            parity.check(Pair(Request("GET", "/"), Answer(200), Answer(200)))
            with pytest.raises(Disagreement, match="the sides differ") as caught:
                parity.check(Pair(Request("GET", "/"), Answer(200), Answer(404)))
            assert caught.value.compared.comparison.differences[0].path == "status"
            assert asked == []
        """
    )
    run().assert_outcomes(passed=1)


def test_in_replay_only_the_new_side_is_asked_and_compared_with_the_kept_answer(
    run: Run, pytester: pytest.Pytester, new: Server
) -> None:
    text = '{"target": "/p", "price": "%s", "host": "' + new.url.removeprefix("http://") + '"}'
    (pytester.path / "same.parity.json").write_text(case("/p", old=kept(text % "1.50")))
    (pytester.path / "other.parity.json").write_text(case("/p", old=kept(text % "1.00")))
    (pytester.path / "none.parity.json").write_text(case("/p"))
    words = ["--parity-mode", "replay", "--parity-new", new.url]
    result = run(*words)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "*other.parity.json:4: the sides differ: GET /p",
            "*none.parity.json:4: inconclusive, unchecked (the case keeps no answer of the old side): GET /p",
        ]
    )
    result = run(*words, "--parity-allow-inconclusive")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*inconclusive, unchecked: the case keeps no answer of the old side"])


def test_processes_that_share_the_tests_share_the_sides_and_the_folder(
    run: Run, pytester: pytest.Pytester, old: Server, new: Server
) -> None:
    for name in ("a", "b", "c"):
        (pytester.path / f"{name}.parity.json").write_text(case(f"/{name}"))
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_it(parity, number):
            parity.ask("GET", f"/{number}")
        """
    )
    words = ["--parity-old", old.url, "--parity-new", new.url, "--parity-save", "cases", "-n", "2"]
    others = [word for name in ("django", "schemathesis", "timeout", "cov") for word in ("-p", f"no:{name}")]
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *others, *words)
    result.assert_outcomes(failed=9)
    targets = [read_case(each).request.target for each in (pytester.path / "cases").rglob("*.parity.json")]
    assert sorted(targets) == [f"/{number}" for number in range(6)]


def test_nobody_is_asked_before_a_test_runs(run: Run, pytester: pytest.Pytester, old: Server) -> None:
    pytester.makepyfile(
        """
        from strangler import parity

        @parity.from_openapi("/schema/")
        def test_schema(parity, question):
            parity.check(question)
        """
    )
    (pytester.path / "a.parity.json").write_text(case("/"))
    result = run("--parity-old", old.url, "--parity-new", old.url, "--collect-only", "-q")
    assert result.ret == 0
    assert old.asked == []


def test_without_httpx_the_extra_is_named_and_sides_in_this_process_are_asked_all_the_same(
    tmp_path: Path,
) -> None:
    program = (
        "import sys\n"
        "sys.modules['httpx'] = None\n"
        "from strangler.compare import Answer\n"
        "from strangler.parity import HttpSide, Parity\n"
        "side = lambda request: Answer(200)\n"
        "Parity(side, side).ask('GET', '/')\n"
        "try:\n"
        "    HttpSide('http://127.0.0.1:1')\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path
    )
    assert done.stdout == "MissingExtra httpx is not installed: pip install 'strangler[parity]'\n"


def test_a_release_that_a_side_tells_is_no_difference() -> None:
    def release(name: str) -> Callable[[Request], Answer]:
        return lambda _: Answer(200, (("X-Strangler-Release", name),), b"same")

    compared = Parity(release("a"), release("b")).compare(Request("GET", "/"))
    assert compared.comparison.differences == ()
