"""`strangler shadow` against a control plane in a thread."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from strangler_proxy.causes import MEANINGS
from strangler_proxy.cli import main
from strangler_proxy.control import ControlPlane
from strangler_proxy.secret import keep_secret
from strangler_proxy.state import StateDir
from strangler_proxy.subject import KEY_BYTES, Subjects

from strangler.compare import Request, Rules, Verdict, load_rules
from strangler.evidence import Batch, Missed, Scope, subject_hash
from strangler.recording import read_case
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import agreed_now, kept_pair, observe, plane
from tests.proxy.control.server import TOKEN, serving

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
[control]
listen = "127.0.0.1:{port}"
[upstreams.monolith]
url = "http://127.0.0.1:1"
[upstreams.catalog]
url = "http://127.0.0.1:2"
[[routes]]
name = "catalog.list"
path = "/catalog.list/<int:id>/"
candidate = "catalog"
"""
RULES = '[[rule]]\npath = "$.price"\nignore = true\nwhy = "Not compared here."\n'


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0)


@pytest.fixture
def folder(tmp_path: Path, control: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    with serving(control) as client:
        (tmp_path / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        yield tmp_path


pytestmark = pytest.mark.usefixtures("folder")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["shadow", *words])


def said(*words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run(*words, "--json").stdout)
    return document


def test_without_data_the_report_is_inconclusive() -> None:
    ended = run("report", "catalog.list")
    assert ended.exit_code == 3
    assert "There are no pairs." in ended.stdout


def test_a_route_that_surely_agrees_ends_with_0(control: ControlPlane) -> None:
    observe(control, agreeing=400)
    ended = run("report", "catalog.list")
    assert ended.exit_code == 0, ended.stdout
    assert "pass" in ended.stdout
    # A stricter bound takes more pairs than there are.
    assert run("report", "catalog.list", "--bound", "0.999").exit_code == 3


def test_a_route_that_differs_ends_with_1_and_says_where(control: ControlPlane) -> None:
    observe(control, *(kept_pair(f"p{number}") for number in range(5)), agreeing=20)
    ended = run("report", "catalog.list")
    assert ended.exit_code == 1
    assert "$.price" in ended.stdout
    assert "strangler shadow samples catalog.list" in ended.stdout


def test_eighty_columns_hold_the_summary_and_a_single_report_tells_how_to_see_both_answers(
    control: ControlPlane,
) -> None:
    observe(control, kept_pair("differs"), agreeing=400)
    shown = run("report").stdout
    assert max(map(len, shown.partition("\n\n")[0].splitlines())) <= 80
    assert "`strangler shadow report ROUTE` says where they differ." in shown
    shown = run("report", "catalog.list").stdout
    assert "strangler shadow samples catalog.list --path '$.price'" in shown
    assert "Seen: status 200 (401)" in shown
    assert "Release v1." in shown


def test_one_group_of_customers_can_be_judged_by_itself(control: ControlPlane) -> None:
    batch, scope = Batch(), Scope("catalog.list", "v1", Rules().revision)
    agree, differ = Verdict.AGREE, Verdict.DIFFER
    for group, verdict, count in (("staff", agree, 60), ("staff", differ, 40), ("anonymous", agree, 900)):
        batch.pair(scope, template="/", method="GET", status=200, stage="shadow", answering="monolith",
                   verdict=verdict, at=2000.0, group=group, count=count)  # fmt: skip
    control.evidence.store.add(batch, at=2000.0)
    shown = run("report", "catalog.list").stdout
    assert [line.split()[:2] for line in shown.partition("By group of customers")[2].splitlines()[2:4]] == [
        ["anonymous", "inconclusive"], ["staff", "FAIL"]
    ]  # fmt: skip
    staff = run("report", "catalog.list", "--group", "staff")
    assert staff.exit_code == 1
    assert "40 of 100 pairs differ" in staff.stdout
    (told,) = said("report", "catalog.list", "--group", "anonymous")["reports"]
    assert (told["group"], told["agreement"]["agree"], told["agreement"]["pairs"]) == ("anonymous", 900, 900)
    nobody = run("report", "catalog.list", "--group", "nobody")
    assert nobody.exit_code == 3
    assert "no pairs of the group 'nobody'. There are pairs of anonymous, staff." in nobody.stdout
    assert "leave --latency" in run("report", "--group", "staff", "--latency").output


def test_of_no_pairs_the_report_says_how_there_come_to_be_some_or_what_there_is_instead(control: ControlPlane) -> None:
    assert "while it is in shadow; `strangler flip` moves it there" in run("report", "catalog.list").stdout
    observe(control, agreeing=3)
    shown = run("report", "catalog.list", "--release", "v9").stdout
    assert f"There is evidence of release v1 under rules {Rules().revision}." in shown
    assert "Times:" not in shown


def test_pairs_of_answers_that_told_no_release_are_not_left_unsaid(control: ControlPlane) -> None:
    batch, ours = Batch(), Rules().revision
    for release, rules, at in (("", ours, 1000.0), ("", "others", 1000.0), ("v1", ours, 2000.0)):
        batch.pair(Scope("catalog.list", release, rules), template="/", method="GET", status=200, stage="shadow",
                   answering="monolith", verdict=Verdict.AGREE, at=at, count=3)  # fmt: skip
    control.evidence.store.add(batch, at=2000.0)
    words = "3 more, of answers that told no release: --release '' shows them."
    assert words in run("report", "catalog.list").stdout
    assert words not in run("report", "catalog.list", "--release", "").stdout


def test_what_was_not_compared_is_told_with_what_its_word_means(control: ControlPlane, folder: Path) -> None:
    batch = Batch()
    batch.missed("catalog.list", Missed.SKIP, 7)
    control.evidence.store.add(batch, at=2000.0)
    shown = run("report", "catalog.list", "--html", "report.html").stdout
    assert "Not compared: 7 skip." in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("7 ")]
    assert line.split()[1] == "skip"
    assert MEANINGS["skip"] in line
    assert MEANINGS["skip"] in (folder / "report.html").read_text()


@pytest.mark.parametrize("by", ["day", "hour", "minute"])
def test_agreement_is_told_over_time(control: ControlPlane, by: str) -> None:
    assert "No pair was compared in that time" in run("agreement", "--by", by).stdout
    agreed_now(control, 6)
    agreed_now(control, 2, verdict=Verdict.DIFFER)
    told = run("agreement", "catalog.*", "--by", by).stdout
    assert "75 %" in told
    assert ("surely at least" in told) == (by == "day")
    rows = said("agreement", "--by", by)["days" if by == "day" else "windows"]
    assert {each["route"] for each in rows} == {"catalog.list"}
    assert (sum(each["agree"] for each in rows), sum(each["differ"] for each in rows)) == (6, 2)
    assert said("agreement", "nobody.*", "--by", by)["error"]


def test_the_exit_code_is_of_the_worst_route(control: ControlPlane) -> None:
    observe(control, agreeing=400)
    # catalog.detail has no data.
    assert run("report").exit_code == 3
    assert run("report", "catalog.*").exit_code == 3


def test_a_route_that_nobody_knows_is_bad_input() -> None:
    ended = run("report", "catalogue.*")
    assert ended.exit_code == 2
    assert "catalogue.*" in ended.output


@pytest.mark.parametrize("words", [("--bound", "nan"), ("--since", "inf"), ("--bound", "1")])
def test_a_number_that_decides_nothing_is_bad_input(words: tuple[str, ...]) -> None:
    assert run("report", *words).exit_code == 2


def test_times_count_only_when_asked_to(control: ControlPlane) -> None:
    observe(control, agreeing=400)
    assert run("report", "catalog.list", "--latency").exit_code == 3


def test_a_sample_shows_both_answers_and_marks_what_differs(control: ControlPlane) -> None:
    observe(control, kept_pair("differs"))
    shown = run("samples", "catalog.list").stdout
    assert "GET /catalog.list/1/" in shown
    (marked,) = [line for line in shown.splitlines() if "≠" in line]
    assert "1.00" in marked
    assert "1.50" in marked


def test_samples_are_chosen_by_field_and_an_end_without_any_is_a_no(control: ControlPlane) -> None:
    observe(control, kept_pair("differs"), kept_pair("passing", verdict=Verdict.INCONCLUSIVE, cause="transient"))
    assert [each["id"] for each in said("samples", "--path", "$.price")["pairs"]] == ["differs"]
    assert [each["id"] for each in said("samples", "--cause", "transient")["pairs"]] == ["passing"]
    ended = run("samples", "--path", "$.nothing")
    assert ended.exit_code == 1
    assert "No pair is kept that fits." in ended.stdout


def test_a_saved_sample_is_a_parity_case(control: ControlPlane, tmp_path: Path) -> None:
    observe(control, kept_pair("differs"))
    saved = run("samples", "--id", "differs", "--save", str(tmp_path / "cases"))
    assert saved.exit_code == 0
    assert f"1 case written to {tmp_path / 'cases'}." in saved.stdout
    case = read_case(tmp_path / "cases" / "catalog.list-differs.parity.json")
    assert (str(case), case.verdict) == ("GET /catalog.list/1/", Verdict.DIFFER)
    assert [each.path for each in case.differences] == ["$.price"]
    assert case.old is not None


def test_headers_that_are_never_compared_stand_beside_each_other_only_where_all_is_wanted(
    control: ControlPlane,
) -> None:
    kept = kept_pair("differs")
    old, new = (replace(each, headers=(*each.headers, ("Date", moment))) for each, moment in
                ((kept.pair.old, "Sun"), (kept.pair.new, "Mon")))  # fmt: skip
    observe(control, replace(kept, pair=replace(kept.pair, old=old, new=new)))
    assert "date: Sun" not in run("samples", "--id", "differs").stdout
    assert "date: Sun" in run("samples", "--id", "differs", "--whole").stdout


def test_a_name_that_nobody_has_is_told_from_a_route_of_which_nothing_is_kept() -> None:
    assert run("samples", "catalog.list").exit_code == 1
    for wrong in (("samples", "catalogue"), ("samples", "--cause", "noisy")):
        ended = run(*wrong)
        assert ended.exit_code == 2
        assert wrong[-1] in ended.output


def test_a_sample_as_curl_asks_either_side_by_the_name_that_the_customer_used(control: ControlPlane) -> None:
    kept = kept_pair("differs")
    request = replace(kept.pair.request, headers=(("Host", "shop.example"),))
    observe(control, replace(kept, pair=replace(kept.pair, request=request)))
    shown = run("samples", "--id", "differs", "--curl").stdout
    assert "monolith: curl -sS -i -H 'Host: shop.example' http://127.0.0.1:1/catalog.list/1/" in shown
    assert "candidate: curl -sS -i -H 'Host: shop.example' http://127.0.0.1:2/catalog.list/1/" in shown


def test_a_host_that_was_taken_out_is_not_asked_for(control: ControlPlane) -> None:
    kept = kept_pair("differs")
    request = replace(kept.pair.request, headers=(("Host", "redacted-7f366c2386e5:8080"),))
    observe(control, replace(kept, pair=replace(kept.pair, request=request)))
    assert "Host:" not in run("samples", "--id", "differs", "--curl").stdout


def test_an_id_that_is_gone_is_said() -> None:
    ended = run("samples", "--id", "gone")
    assert ended.exit_code == 2
    assert "No pair of that id" in ended.output


def test_clearing_and_erasing_want_a_reason(control: ControlPlane) -> None:
    observe(control, agreeing=3)
    assert run("clear", "catalog.list").exit_code == 2
    assert run("erase", "--subject", "ada").exit_code == 2
    assert "catalog.list" in run("clear", "catalog.list", "--why", "a new build").stdout
    assert said("report", "catalog.list")["reports"][0]["agreement"]["pairs"] == 0


def test_a_person_is_found_by_the_cookie_too(control: ControlPlane, folder: Path) -> None:
    subjects = Subjects(b"k" * KEY_BYTES)
    subject = subjects.of([])
    cookie = subjects.set_cookie(subject, secure=True).decode().partition("=")[2].partition(";")[0]
    assert subject.value != cookie
    key = keep_secret(StateDir(folder / ".strangler").redaction_key).encode()
    observe(control, kept_pair("hers", subject=subject_hash(key, subject.value)), kept_pair("his"))
    assert [each["id"] for each in said("samples", "--subject", cookie)["pairs"]] == ["hers"]
    assert "1 kept pair erased." in run("erase", "--subject", cookie, "--why", "she asked").stdout
    shown = run("erase", "--subject", cookie, "--why", "she asked").stdout
    assert "0 kept pairs erased." in shown
    assert "strangler_subject" in shown


def test_a_page_that_cannot_be_written_is_bad_input_and_no_verdict(folder: Path) -> None:
    ended = run("report", "--html", str(folder / "nowhere" / "report.html"))
    assert ended.exit_code == 2
    assert "cannot be written" in ended.output


def test_rejudging_shows_what_rules_would_change(control: ControlPlane, folder: Path) -> None:
    observe(control, kept_pair("differs"))
    (folder / "new.toml").write_text(RULES)
    shown = run("rejudge", "catalog.list", "--rules", "new.toml").stdout
    assert "1 kept pair judged by rules" in shown
    assert "Nothing was changed" in shown
    assert "strangler reload" in shown
    outcome = said("rejudge", "catalog.list", "--rules", "new.toml")
    assert (outcome["before"]["differ"], outcome["after"]["differ"]) == (1, 0)


def test_wrong_rules_end_with_2_and_the_line(folder: Path) -> None:
    (folder / "new.toml").write_text(RULES.replace("$.price", "price"))
    ended = run("rejudge", "catalog.list", "--rules", "new.toml")
    assert ended.exit_code == 2
    # Not as if they were in the folder of the proxy's own.
    assert "the given rules:2:" in ended.output
    assert "/the given rules" not in ended.output


def test_the_page_holds_hostile_text_as_text_and_fetches_nothing(control: ControlPlane, folder: Path) -> None:
    evil = "<script>alert(1)</script>"
    kept = kept_pair("differs", price=(evil, f'"><img src=x onerror="{evil}'))
    pair = replace(kept.pair, request=Request("GET", f"/catalog.list/1/?q={evil}", "catalog.list"))
    observe(control, replace(kept, pair=pair), agreeing=3)
    assert run("report", "--html", "report.html").exit_code in (1, 3)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "src=" not in page.replace("img src=x", "")
    assert "http://" not in page
    assert "default-src 'none'" in page


def test_a_rule_is_shown_with_what_it_would_change_and_as_a_patch_and_nothing_is_written(
    control: ControlPlane, folder: Path
) -> None:
    (folder / "strangler.rules.toml").write_text("# Ours.\n")
    observe(control, kept_pair("differs"))
    shown = run("rule", "catalog.list", "$.price", "--tolerance", "0.5", "--why", "It rounds.").stdout
    assert "Of 1 kept pair, 1 would differ no more." in shown
    assert "+tolerance = 0.5" in shown
    assert "put the patch into" in shown
    assert (folder / "strangler.rules.toml").read_text() == "# Ours.\n"


def test_the_patch_of_a_rule_is_one_that_git_applies(control: ControlPlane, folder: Path) -> None:
    for before in (None, "# Ours.\n", "# no line end"):
        file = folder / "strangler.rules.toml"
        file.unlink(missing_ok=True)
        if before is not None:
            file.write_text(before)
        drafted = said("rule", "catalog.list", "$.price", "--ignore", "--why", "x")
        subprocess.run(["git", "apply", "-"], input=drafted["patch"], text=True, check=True, cwd=folder)
        assert file.read_text().endswith(drafted["rule"])


def test_a_rule_that_changes_nothing_says_so(control: ControlPlane, folder: Path) -> None:
    observe(control, kept_pair("differs"))
    shown = run("rule", "catalog.list", "$.other", "--ignore", "--why", "x").stdout
    assert "It changes nothing on them: is it the right field?" in shown
    drafted = said("rule", "catalog.list", "$.price", "--tolerance", "0.1", "--why", "x")
    assert (drafted["before"], drafted["fields"], drafted["written"]) == (drafted["after"], [], False)


def test_a_rule_says_what_it_changes_beside_what_the_file_changes_already(control: ControlPlane, folder: Path) -> None:
    observe(control, kept_pair("differs"))
    (folder / "strangler.rules.toml").write_text(RULES)
    drafted = said("rule", "catalog.list", "$.other", "--ignore", "--why", "x")
    assert drafted["before"] == drafted["after"] == {"agree": 1, "differ": 0, "inconclusive": 0}


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("$.price",), "Say one thing that the rule does: --ignore, --tolerance"),
        (("$.price", "--ignore", "--time", "2"), "Say one thing"),
        (("$.price", "--tolerance", "much"), "tolerance cannot be 'much'"),
        (("status", "--ignore"), "No rule excuses another status"),
        (("$.[", "--ignore"), "No rule can stand there"),
        (("header:Vary", "--list", "set"), "is not for headers"),
        (("$.price", "--ignore", "--write"), "--edit-rules"),
    ],
)
def test_a_rule_that_cannot_be_is_bad_input_with_the_reason(words: tuple[str, ...], wrong: str) -> None:
    ended = run("rule", "catalog.list", *words, "--why", "x")
    assert ended.exit_code == 2
    assert wrong in " ".join(ended.output.split())


def test_a_rule_is_written_where_the_proxy_allows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "editable"
    folder.mkdir()
    monkeypatch.chdir(folder)
    control = plane(folder, MemoryToggleStore(), workers=0, edit_rules=True)
    observe(control, kept_pair("differs"))
    with serving(control) as client:
        (folder / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        shown = run("rule", "catalog.list", "$.price", "--severity", "warning", "--why", "Known.", "--write").stdout
    assert "is written" in shown
    (rule,) = load_rules(folder / "strangler.rules.toml").rules
    assert str(rule) == 'catalog.list $.price: severity = "warning"'
