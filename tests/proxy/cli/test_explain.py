from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.subject import Subjects, load_or_create_key

from strangler.toggles import Kind, Side, Snapshot, Stage, Toggle, bucket, write_snapshot
from tests.proxy.cli.conftest import CONFIG, Run

DETAIL = "catalog.product-detail"


def keep(folder: Path, *toggles: Toggle) -> None:
    (folder / ".strangler").mkdir(exist_ok=True)
    snapshot = Snapshot().moved(toggles, revision=7, at=datetime(2026, 11, 20, tzinfo=UTC))
    write_snapshot(folder / ".strangler" / "toggles.json", snapshot)


@pytest.fixture
def canary(folder: Path) -> Toggle:
    """The product detail route in a canary of exactly those at or below u1's bucket, u9 put there by hand."""
    toggle = Toggle(DETAIL, stage=Stage.CANARY, share=bucket("catalog", "u1") + 1, overrides={"u9": Side.CANDIDATE})
    keep(folder, toggle, Toggle("catalog.facts", Kind.SEAM, Stage.SHADOW))
    return toggle


def test_routes_are_listed_the_most_specific_first_with_their_stages(
    run: Run, run_json: Callable[..., Any], canary: Toggle
) -> None:
    document = run_json("routes")
    assert [(route["name"], route["stage"]) for route in document["routes"]] == [
        (DETAIL, "canary"),
        ("catalog.any", "monolith"),
        ("catalog.new", None),
    ]
    assert document["seams"] == [{"name": "catalog.facts", "stage": "shadow", "share": 0}]
    assert (document["revision"], "toggles.json" in document["source"]) == (7, True)
    text = run("routes").stdout
    assert "no twin" in text
    assert "revision 7, from " in text


def test_without_a_snapshot_every_route_is_the_monoliths(run: Run, folder: Path) -> None:
    assert "no snapshot yet" in run("routes").stdout
    (folder / "strangler.toml").write_text(CONFIG.partition("[[")[0])
    assert "No routes yet" in run("routes").stdout


def test_a_subject_is_explained_by_its_group(run_json: Callable[..., Any], folder: Path) -> None:
    edge = '[proxy]\ntrusted_proxies = ["10.0.0.0/8"]\n'
    groups = '[groups.staff]\nsubjects = ["ada"]\nheaders = { X-Staff = true }\n'
    (folder / "strangler.toml").write_text(edge + CONFIG + groups)
    keep(folder, Toggle(DETAIL, stage=Stage.CANARY, overrides={"group:staff": Side.CANDIDATE}))

    def explained(*more: str) -> list[tuple[str, str]]:
        document = run_json("explain", "GET", "/api/v1/products/7/", *more)
        return [(each["side"], each["why"]) for each in document["subjects"]]

    by_group = ("candidate", "stage canary, and an override puts the group staff on the candidate's side")
    assert explained("--subject", "ada") == [by_group]
    assert explained("--subject", "ben")[0][0] == "monolith"
    assert explained("--subject", "ben", "--header", "X-Staff: yes") == [by_group]


def test_a_request_is_explained_with_rivals_and_subjects(run_json: Callable[..., Any], canary: Toggle) -> None:
    document = run_json(
        "explain", "get", "http://shop.example/api/v1/products/%37?page=2", "--subject", "u1", "--subject", "u9"
    )
    assert (document["method"], document["path"], document["route"]) == ("GET", "/api/v1/products/7", DETAIL)
    assert document["params"] == {"id": "7"}
    assert document["asked_as"] == "/v1/products/7"
    assert [rival["route"] for rival in document["rivals"]] == ["catalog.any"]
    assert "`products` beats `<path:rest>`" in document["rivals"][0]["why"]
    assert [(each["subject"], each["upstream"]) for each in document["subjects"]] == [
        ("u1", "catalog"),
        ("u9", "catalog"),
    ]
    assert f"bucket {bucket('catalog', 'u1'):,} is below" in document["subjects"][0]["why"]
    assert "override" in document["subjects"][1]["why"]
    assert "502, 503 or 504" in document["fallback"]


def test_the_same_in_words(run: Run, canary: Toggle) -> None:
    text = run("explain", "GET", "/api/v1/products/7/", "--subject", "u1").stdout
    for part in (f"{DETAIL}  (strangler.toml:7)", "lost because", "answered by", "asked as", "set by hand"):
        assert part in text


def test_a_method_that_the_route_does_not_take_goes_to_a_rival(run_json: Callable[..., Any], canary: Toggle) -> None:
    document = run_json("explain", "POST", "/api/v1/products/7/")
    assert document["route"] == "catalog.any"
    assert document["rivals"][0]["why"] == "it takes GET, HEAD, not POST"
    assert (document["stage"], document["answers"]) == ("monolith", "monolith")


def test_what_no_route_takes_is_the_monoliths(run_json: Callable[..., Any], folder: Path) -> None:
    assert run_json("explain", "GET", "/admin/")["why"] == "no route owns this path"
    document = run_json("explain", "DELETE", "/new/")
    assert (document["route"], document["answers"]) == (None, "monolith")
    assert document["why"].startswith("no route takes this request")


def test_a_route_without_a_twin_is_the_candidates(run_json: Callable[..., Any], folder: Path) -> None:
    document = run_json("explain", "GET", "/new")
    assert (document["stage"], document["answers"]) == ("no twin", "catalog")
    assert document["fallback"].startswith("none")


def test_what_becomes_of_clients_that_are_nobody_is_told(run: Run, folder: Path, canary: Toggle) -> None:
    path = folder / "strangler.toml"
    for wanted, told in (
        (
            'identity = "optional"',
            "optional: monolith vouches for who asks, and anonymous clients are passed on as such",
        ),
        ('identity = "required"', "one that is nobody is told what monolith's own view says"),
        ('identity = "required"\nanonymous = "redirect"', "one that is nobody is told to log in"),
        ('identity = "required"\nanonymous = "401"', "one that is nobody is told 401"),
    ):
        path.write_text(CONFIG.replace(f'name = "{DETAIL}"', f'name = "{DETAIL}"\n{wanted}'))
        assert told in run("explain", "GET", "/api/v1/products/7").stdout
    assert "identity" not in run("explain", "GET", "/admin/").stdout


def test_the_subject_is_taken_from_a_signed_cookie(run_json: Callable[..., Any], folder: Path, canary: Toggle) -> None:
    subjects = Subjects(load_or_create_key(folder / ".strangler" / "subject.key"))
    subject = subjects.of([])
    cookie = subjects.set_cookie(subject, secure=False).partition(b";")[0].decode()
    document = run_json("explain", "GET", "/api/v1/products/7/", "--header", f"Cookie: {cookie}")
    assert [each["subject"] for each in document["subjects"]] == [subject.value]


def test_subjects_of_a_file_are_counted(run: Run, folder: Path, canary: Toggle) -> None:
    result = run("explain", "GET", "/api/v1/products/7/", "--subjects-file", "-", input="u1\n\nu9\n")
    assert "2 of 2 subjects by the candidate." in result.stdout


@pytest.mark.parametrize(("path", "header"), [("api/v1/", "a:b"), ("/", "a"), ("/", ":b")])
def test_what_is_no_request_is_bad_input(run: Run, folder: Path, path: str, header: str) -> None:
    result = run("explain", "GET", path, "--header", header)
    assert result.exit_code == 2
    assert "Write" in result.stderr


def test_a_broken_snapshot_is_one_clear_error(run: Run, folder: Path) -> None:
    (folder / ".strangler").mkdir()
    (folder / ".strangler" / "toggles.json").write_text("{")
    result = run("routes")
    assert result.exit_code == 2
    assert "toggles.json" in result.stderr
