"""`[shadow]`, `[evidence]` and what routes and upstreams say of copies."""

from __future__ import annotations

from pathlib import Path

import pytest
from strangler_proxy.config import Config, EvidenceSettings, ShadowSettings
from strangler_proxy.config.reader import read_config
from strangler_proxy.config.risks import risks
from strangler_proxy.config.shadow_words import in_shadow

from strangler.errors import ConfigError

MONOLITH = '[upstreams.monolith]\nurl = "http://127.0.0.1:8000"\n'
CATALOG = '[upstreams.catalog]\nurl = "http://127.0.0.1:8100"\n'
ROUTE = '[[routes]]\nname = "a.b"\npath = "/a/"\ncandidate = "catalog"\n'
NO_WRITES = "is for methods that change something, and this route has none"
WHOLE = MONOLITH + CATALOG + ROUTE


def read(text: str, folder: Path = Path("/nowhere")) -> Config:
    return read_config(text, folder / "strangler.toml", {})


def wrong(text: str, folder: Path = Path("/nowhere")) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ConfigError) as refused:
        read(text, folder)
    assert all(problem.right for problem in refused.value.problems)
    return [(problem.line, problem.key, problem.wrong) for problem in refused.value.problems]


def said(more: str = "", route: str = "", catalog: str = "") -> str:
    config = read(MONOLITH + CATALOG + catalog + ROUTE + route + more)
    return in_shadow(config, config.routes[0])


def warned(route: str, catalog: str = "") -> list[tuple[str, str]]:
    config = read(MONOLITH + CATALOG + catalog + ROUTE + route)
    return [(problem.key, problem.wrong) for problem in risks(config) if problem.key != "routes[a.b].methods"]


def test_every_key_comes_through(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[[rule]]\nheader = "X-A"\nignore = true\nwhy = "no matter"\n')
    config = read(
        """
        [shadow]
        sample = 0.5
        queue = 1
        in_flight = 2
        bytes = 8192
        body_bytes = 4096
        timeout = "3s"
        rate = 4
        slowdown = 0
        recheck = 0.25
        lag = "5s"
        second = "other"
        comparers = 6
        rules = "own.toml"
        [evidence]
        url = "sqlite:///data/e.db"
        keep = "7d"
        bytes = 1024
        samples = 0
        events_keep = "90d"
        events = 5000
        calls_keep = "7d"
        calls = 6000
        [upstreams.monolith]
        url = "http://127.0.0.1:8000"
        [upstreams.other]
        url = "http://127.0.0.1:8001"
        trusted = true
        [upstreams.catalog]
        url = "http://127.0.0.1:8100"
        release = "2026.11"
        [[routes]]
        name = "a.b"
        path = "/a/"
        candidate = "catalog"
        methods = ["GET", "POST"]
        sample = 0
        writes = "dry-run"
        """,
        tmp_path,
    )
    assert config.shadow == ShadowSettings(
        0.5, 1, 2, 8192, 4096, 3.0, 4.0, 0.0, 0.25, 5.0, "other", 6, tmp_path / "own.toml"
    )
    assert config.evidence == EvidenceSettings(
        f"sqlite:///{tmp_path}/data/e.db", 7 * 86400.0, 1024, 0, 90 * 86400.0, 5000, 7 * 86400.0, 6000
    )
    assert [rule.header for rule in config.rules.rules] == ["X-A"]
    assert config.upstreams["catalog"].release == "2026.11"
    assert (config.routes[0].sample, config.routes[0].writes) == (0.0, "dry-run")


def test_rules_beside_the_file_count_without_being_named(tmp_path: Path) -> None:
    assert read(WHOLE, tmp_path).shadow.rules is None
    (tmp_path / "strangler.rules.toml").write_text('[[rule]]\nheader = "X-A"\nignore = true\nwhy = "no matter"\n')
    config = read(WHOLE, tmp_path)
    assert config.shadow.rules == tmp_path / "strangler.rules.toml"
    assert len(config.rules.rules) == 1


def test_wrong_rules_are_told_with_the_places_in_their_own_file(tmp_path: Path) -> None:
    (tmp_path / "strangler.rules.toml").write_text('[[rule]]\nheader = "X-A"\nignore = true\n')
    with pytest.raises(ConfigError) as refused:
        read(WHOLE + "[proxy]\nworkers = 0\n", tmp_path)
    places = [(Path(problem.file).name, problem.line) for problem in refused.value.problems]
    assert ("strangler.rules.toml", 1) in places
    assert ("strangler.toml", 10) in places


def test_rules_that_are_named_must_be_there(tmp_path: Path) -> None:
    text = WHOLE + '[shadow]\nrules = "mine.toml"\n'
    assert wrong(text, tmp_path) == [(10, "shadow.rules", f"there is no file {tmp_path / 'mine.toml'}")]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('second = "monolith"', "'monolith' is the monolith itself"),
        ('second = "catalgo"', "there is no upstream 'catalgo'"),
        ('second = "catalog"', "'catalog' is not trusted"),
        ("slowdown = 0.5", "is 0.5, as slow as usual or faster"),
        ("sample = 1.5", "is 1.5, too large"),
        ("queue = 0", "is 0, too small"),
        ("timeout = 0", "is 0, no time at all"),
        ("bytes = 1024", "would let one body be longer (1048576) than all copies together (1024)"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(more: str, told: str) -> None:
    key = more.partition(" ")[0]
    assert wrong(f"{WHOLE}[shadow]\n{more}\n") == [(10, f"shadow.{key}", told)]


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ('writes = "dual"\nmethods = ["POST"]', 'is "dual", no strategy for writes'),
        ('writes = "sandbox"', NO_WRITES),
        (
            'writes = "skip"\nmethods = ["GET", "OPTIONS"]',
            NO_WRITES,
        ),
    ],
)
def test_a_strategy_is_for_writes(route: str, told: str) -> None:
    assert wrong(f"{WHOLE}{route}\n") == [(9, "routes[a.b].writes", told)]


@pytest.mark.parametrize("release", ["", " 1", "1\\n", "ü", "x" * 65])
def test_a_release_is_a_word_that_fits_into_a_header(release: str) -> None:
    (problem,) = wrong(f'{MONOLITH}[upstreams.catalog]\nurl = "http://127.0.0.1:1"\nrelease = "{release}"\n{ROUTE}')
    assert problem[:2] == (5, "upstreams.catalog.release")
    assert "not the name of a release" in problem[2]


def test_evidence_is_in_the_toggles_database_unless_it_is_said_where() -> None:
    database = "postgresql://shop@db/shop"
    store = f'[store]\nurl = "{database}"\n'
    assert read(WHOLE).evidence.url == "sqlite:////nowhere/.strangler/evidence.db"
    assert read(WHOLE + store).evidence.url == database
    assert read(WHOLE + store + f'[evidence]\nurl = "{database}"\n').evidence.url == database
    assert read(WHOLE + store + '[evidence]\nurl = "sqlite:///e.db"\n').evidence.url == "sqlite:////nowhere/e.db"
    assert read(WHOLE + '[evidence]\nurl = "postgresql://a@b/c"\n').evidence.url == "postgresql://a@b/c"


def test_events_are_not_taken_away_on_the_day_that_they_are_of() -> None:
    assert wrong(WHOLE + '[evidence]\nevents_keep = "23h"\n') == [
        (10, "evidence.events_keep", "is 82800 seconds, less than a day")
    ]
    assert wrong(WHOLE + "[evidence]\nevents = 10\n")[0][1] == "evidence.events"
    assert wrong(WHOLE + '[evidence]\ncalls_keep = "1h"\n')[0][1] == "evidence.calls_keep"
    assert wrong(WHOLE + "[evidence]\ncalls = 10\n")[0][1] == "evidence.calls"


def test_evidence_and_toggles_are_not_kept_in_one_file() -> None:
    text = WHOLE + '[store]\nurl = "sqlite:///one.db"\n[evidence]\nurl = "sqlite:///one.db"\n'
    assert wrong(text) == [(12, "evidence.url", "names the toggles' and the evidence's store at once")]


def test_a_route_says_what_it_does_in_shadow() -> None:
    assert said() == "all GET, HEAD to catalog without monolith's cookies"
    assert said("[shadow]\nsample = 0.125\n") == "12.5% of GET, HEAD to catalog without monolith's cookies"
    assert said(route="sample = 0\n") == "nothing is copied: sample is 0"
    assert said(route="twin = false\n") == "never copied: the monolith has no twin of it"
    assert said(route='identity = "required"\n').endswith("with the identity that monolith vouches for")
    assert said(route="private_cookies = true\n").endswith("with monolith's cookies")
    assert said(catalog="trusted = true\n").endswith("with monolith's cookies")
    second = '[shadow]\nsecond = "m2"\n[upstreams.m2]\nurl = "http://127.0.0.1:1"\ntrusted = true\n'
    assert said(second).endswith("; m2 asked as well")


def test_a_route_says_what_becomes_of_its_writes() -> None:
    both = 'methods = ["GET", "POST"]\n'
    assert said(route=both).endswith('POST not compared (writes = "skip")')
    assert said(route=f'{both}writes = "sandbox"\n').startswith("all GET, HEAD, POST to catalog")
    assert said(route=f'{both}writes = "sandbox"\n').endswith("POST as a sandbox")
    assert said(route='methods = ["PUT"]\n') == 'PUT not compared (writes = "skip")'


def test_writes_that_nobody_compares_are_worth_a_second_look() -> None:
    assert warned('methods = ["POST"]\n') == [
        ("routes[a.b].writes", 'is "skip": POST is not compared while in stage shadow')
    ]


def test_writes_for_a_candidate_that_knows_nobody_are_worth_a_second_look() -> None:
    ((key, told),) = warned('methods = ["POST"]\nwrites = "dry-run"\n')
    assert key == "routes[a.b].identity"
    assert told.startswith("sends copies of POST without a word of who asks")
    assert not warned('methods = ["POST"]\nwrites = "dry-run"\nidentity = "required"\n')
    assert not warned('methods = ["POST"]\nwrites = "dry-run"\nprivate_cookies = true\n')


def test_writes_for_the_monoliths_own_trust_domain_are_worth_a_second_look() -> None:
    ((key, told),) = warned('methods = ["POST"]\nwrites = "sandbox"\n', catalog="trusted = true\n")
    assert key == "routes[a.b].writes"
    assert "the monolith's own trust domain" in told


def test_writes_to_where_the_monolith_itself_listens_are_worth_a_second_look() -> None:
    alike = MONOLITH + CATALOG.replace("127.0.0.1:8100", "127.0.0.1:8000")
    config = read(alike + ROUTE + 'methods = ["POST"]\nwrites = "sandbox"\n')
    (told,) = [problem.wrong for problem in risks(config) if problem.key == "routes[a.b].writes"]
    assert "where the monolith itself listens" in told


def test_copies_of_what_has_no_twin_are_worth_a_second_look() -> None:
    found = warned('twin = false\nsample = 0.5\nmethods = ["POST"]\nwrites = "sandbox"\n')
    assert [key for key, told in found if "says nothing while `twin` is false" in told] == [
        "routes[a.b].sample",
        "routes[a.b].writes",
    ]
