"""`strangler token`, `strangler tester` and `strangler history --events`, against a control plane in a thread."""

from __future__ import annotations

import json
import ssl
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from strangler_proxy.cli import main
from strangler_proxy.config.values import ListenerTls
from strangler_proxy.control.bootstrap import Bootstrap
from strangler_proxy.subject import load_or_create_key
from strangler_proxy.tester import Testers as Signer

from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving
from tests.proxy.listener.conftest import make_certificate

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
[control]
listen = "127.0.0.1:{port}"
{tls}
[upstreams.monolith]
url = "http://127.0.0.1:1"
[upstreams.catalog]
url = "http://127.0.0.1:2"
"""
TLS = '[control.tls]\ncertificate = "control.crt"\nkey = "control.key"'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose control plane answers by TLS, with the first token in its file."""
    folder = tmp_path_factory.mktemp("operator")
    certificate = make_certificate(folder, "control")
    (folder / ".strangler").mkdir(mode=0o700)
    control = plane(
        folder, MemoryToggleStore(), workers=0, control_tls=ListenerTls(certificate, folder / "control.key")
    )
    bootstrap = Bootstrap.of(folder / ".strangler" / "control.token", {})
    with serving(control, bootstrap) as client:
        (folder / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port, tls=TLS))
        yield folder


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STRANGLER_CONFIG", "STRANGLER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)


def run(*words: str, token: str = "") -> Result:
    return CliRunner().invoke(main, list(words), env={"STRANGLER_TOKEN": token or None})


def made(name: str, role: str, *more: str) -> str:
    result = run("token", "create", name, "--role", role, "--why", "tests", *more)
    assert result.exit_code == 0, result.output
    assert f"Token {name}, role {role}, good" in result.stderr
    return result.stdout.strip()


def test_a_token_is_printed_alone_and_is_good_for_its_role() -> None:
    secret = made("viewer", "view", "--expires", "90d")
    assert "\n" not in secret
    assert run("history", token=secret).exit_code == 0
    refused = run("flip", "catalog.list", "shadow", "--why", "x", "--wait", "0", token=secret)
    assert refused.exit_code == 2
    assert "The token viewer has the role `view`, and this wants `operate`." in refused.stderr


def test_tokens_are_listed_with_their_times_and_without_secrets() -> None:
    secret = made("listed", "operate")
    told = run("token", "list").stdout
    assert "listed" in told
    assert "for ever" in told
    assert secret not in told
    (row,) = [each for each in json.loads(run("token", "list", "--json").stdout)["tokens"] if each["name"] == "listed"]
    assert (row["role"], row["expires"], row["in_force"], row["used"]) == ("operate", None, True, None)


def test_a_revoked_token_is_told_what_may_have_become_of_it() -> None:
    secret = made("revoked", "view")
    assert run("token", "revoke", "revoked", "--why", "it was in a log").exit_code == 0
    refused = run("history", token=secret)
    assert refused.exit_code == 2
    assert "revoked or rotated" in refused.stderr
    assert run("token", "revoke", "revoked", "--why", "x").exit_code == 2


def test_a_rotated_token_is_printed_alone_and_the_old_one_has_its_grace() -> None:
    old = made("rotated", "view")
    turned = run("token", "rotate", "rotated", "--grace", "1h", "--why", "every quarter")
    assert turned.exit_code == 0
    new = turned.stdout.strip()
    assert new != old
    assert [run("history", token=each).exit_code for each in (old, new)] == [0, 0]
    run("token", "rotate", "rotated", "--why", "at once")
    assert run("history", token=new).exit_code == 2


def test_the_first_token_is_rotated_in_its_file_and_commands_go_on(folder: Path) -> None:
    path = folder / ".strangler" / "control.token"
    before = path.read_text()
    told = run("token", "rotate", "control.token", "--why", "it was in a backup")
    assert told.exit_code == 0
    assert path.read_text() != before
    assert path.read_text().strip() not in told.output
    assert run("history").exit_code == 0
    assert run("history", token=before.strip()).exit_code == 2


def test_events_are_told_with_who_and_why() -> None:
    made("told", "view")
    told = run("history", "--events", "told").stdout
    assert "token.create  told" in told
    assert told.rstrip().endswith("(control.token): tests")
    assert run("history", "--events", "nobody").stdout == "There is nothing of that.\n"
    assert json.loads(run("history", "--events", "told", "--json").stdout)["events"][0]["action"] == "token.create"


def test_a_tester_is_given_a_header_and_a_cookie_that_the_proxy_knows(folder: Path) -> None:
    words = ("tester", "create", "ben", "--route", "catalog.*", "--expires", "2h", "--why", "acceptance")
    told = run(*words).stdout
    assert "X-Strangler-Tester: v1." in told
    assert "document.cookie = 'strangler_tester=v1." in told
    made = json.loads(run(*words, "--json").stdout)
    signer = Signer(load_or_create_key(folder / ".strangler" / "subject.key"))
    known = signer.verified(made["header"]["value"].encode())
    assert known is not None
    assert (known.name, known.routes, known.side) == ("ben", "catalog.*", "candidate")
    assert run(*words[:-2], "--why", "x", "--side", "monolith").exit_code == 0
    assert run("tester", "create", "ben", "--route", "nobody", "--why", "x").exit_code == 2


def test_testers_are_listed_without_their_words_and_revoked_by_name() -> None:
    run("tester", "revoke", "ben", "--why", "whoever was signed for above")
    assert "There is no tester." in run("tester", "list").stdout
    made = json.loads(run("tester", "create", "eve", "--route", "catalog.*", "--why", "acceptance", "--json").stdout)
    told = run("tester", "list").stdout
    assert "eve" in told
    assert "candidate  catalog.*" in told
    assert made["header"]["value"] not in run("tester", "list", "--json").stdout
    assert "Did you mean 'eve'?" in run("tester", "revoke", "evi", "--why", "x").output
    revoked = run("tester", "revoke", "eve", "--why", "the round is over")
    assert (revoked.exit_code, revoked.stdout) == (0, "1 word of eve good no more.\n")
    assert "tester.revoke  eve" in run("history", "--events", "eve").stdout
    assert "eve" not in run("tester", "list").stdout


@pytest.mark.parametrize("expires", ["soon", "", "8 weeks"])
def test_a_time_that_is_none_is_refused(expires: str) -> None:
    refused = run("token", "create", "late", "--role", "view", "--why", "x", "--expires", expires)
    assert refused.exit_code == 2
    assert "no length of time" in refused.stderr


def test_another_certificate_than_the_one_in_the_file_is_not_believed(folder: Path) -> None:
    certificate = folder / "control.crt"
    served = certificate.read_bytes()
    try:
        make_certificate(folder, "other")
        (folder / "other.crt").replace(certificate)
        refused = run("history")
    finally:
        certificate.write_bytes(served)
    assert refused.exit_code == 4
    assert "Nothing answers at https://127.0.0.1" in refused.stderr
    assert run("history").exit_code == 0


def sign_in(folder: Path, secret: str, who: str) -> None:
    """Begin a session of the control room."""
    origin = f"https://{tomllib.loads((folder / 'strangler.toml').read_text())['control']['listen']}"
    trusted = ssl.create_default_context(cafile=str(folder / "control.crt"))
    with httpx.Client(verify=trusted, trust_env=False) as client:
        form = {"who": who, "token": secret}
        assert client.post(f"{origin}/room/sign-in", data=form, headers={"Origin": origin}).status_code == 303


def test_sessions_are_listed_and_ended_one_or_all_of_a_token(folder: Path) -> None:
    assert "Nobody has signed in." in run("session", "list").stdout
    secret = made("guest", "view")
    for who in ("ben", "eve"):
        sign_in(folder, secret, who)
    sign_in(folder, (folder / ".strangler" / "control.token").read_text().strip(), "ada")
    rows = json.loads(run("session", "list", "--json").stdout)["sessions"]
    assert [(each["who"], each["token"]) for each in rows] == [
        ("ada", "control.token"), ("eve", "guest"), ("ben", "guest"),
    ]  # fmt: skip
    ended = run("session", "end", rows[0]["id"], "--why", "left her desk")
    assert ended.stdout == "1 session ended.\n"
    assert run("session", "end", rows[0]["id"], "--why", "again").exit_code == 2
    assert run("session", "end", "--token", "guest", "--why", "they are gone").stdout == "2 sessions ended.\n"
    assert "Nobody has signed in." in run("session", "list").stdout
    assert run("session", "end", "--why", "whose?").exit_code == 2
    assert run("session", "list", token=secret).exit_code == 2
    told = run("history", "--events").stdout
    assert "left her desk" in told
