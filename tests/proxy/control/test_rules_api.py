"""The file of the compare rules through the control API: read by all, written where that is allowed, never lost."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.rules_file import RulesChanged, RulesFile
from strangler_proxy.reload_socket import RELOAD, ReloadSocket
from strangler_proxy.state import StateDir

from strangler.compare import Rules, parse_rules
from strangler.errors import StranglerError
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving

OURS = '# Ours, and why.\n[[rule]]\npath = "$.a"\nignore = true\nwhy = "x"\n'
MORE = OURS + '\n[[rule]]\npath = "$.b"\nignore = true\nwhy = "y"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "strangler.rules.toml"
    path.write_text(OURS)
    return path


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0, edit_rules=True)


@pytest.fixture
def client(control: ControlPlane) -> Iterator[Client]:
    with serving(control) as client:
        yield client


def told(client: Client) -> dict[str, Any]:
    said: dict[str, Any] = client.get("/api/v1/rules").json()
    return said


def write(client: Client, text: str, digest: str, why: str = "it rounds") -> Any:
    return client.put("/api/v1/rules", json={"text": text, "expected_digest": digest, "why": why})


def test_the_file_is_told_as_it_stands_and_whether_it_is_in_force(client: Client, file: Path) -> None:
    said = told(client)
    assert (said["file"], said["text"], said["editable"], said["problem"]) == (str(file), OURS, True, None)
    assert said["revision"] == parse_rules(OURS, "f").revision
    assert said["in_force"] == Rules().revision
    assert said["reloaded"] is None


def test_without_a_file_there_is_an_empty_text_that_can_be_replaced(client: Client, tmp_path: Path) -> None:
    assert (told(client)["text"], told(client)["digest"]) == ("", "")
    assert write(client, OURS, "").status_code == 200
    assert (tmp_path / "strangler.rules.toml").read_text() == OURS


def test_a_file_that_is_wrong_says_so_and_can_be_mended(client: Client, file: Path) -> None:
    file.write_text("[[rule]]\n")
    said = told(client)
    assert said["revision"] is None
    assert "needs a place" in said["problem"]
    assert write(client, OURS, said["digest"]).status_code == 200


def test_another_text_takes_its_place_and_stands_in_the_audit_with_who_and_why(
    client: Client, control: ControlPlane, file: Path
) -> None:
    answered = write(client, MORE, told(client)["digest"])
    assert answered.status_code == 200, answered.text
    assert file.read_text() == MORE
    assert answered.json()["digest"] == told(client)["digest"]
    (event,) = control.documents.events(action="rules.*")
    assert (event.action, event.name, event.why) == ("rules.write", "strangler.rules.toml", "it rounds")
    assert '+path = "$.b"' in event.detail["patch"]
    assert control.documents.events(action="api.call") == []


def test_the_supervisor_is_asked_to_reload_and_nobody_waits_for_it(
    client: Client, control: ControlPlane, file: Path
) -> None:
    state = StateDir.of(control.config)
    state.create()
    asked = ReloadSocket.at(state.supervisor)
    try:
        assert write(client, MORE, told(client)["digest"]).json()["reloading"] is True
        asked.hear()
        (asker,) = asked.waiting()
        assert asker.wish == RELOAD
        asker.tell({"ok": True})
    finally:
        asked.close()


def test_without_a_supervisor_it_is_written_and_said_to_wait_for_a_reload(client: Client, file: Path) -> None:
    assert write(client, MORE, told(client)["digest"]).json()["reloading"] is False
    assert file.read_text() == MORE


def test_what_somebody_else_wrote_meanwhile_is_not_lost(client: Client, file: Path) -> None:
    digest = told(client)["digest"]
    file.write_text(OURS + "# a line of theirs\n")
    answered = write(client, MORE, digest)
    assert (answered.status_code, answered.json()["error"]["code"]) == (409, "rules_conflict")
    assert "a line of theirs" in file.read_text()


@pytest.mark.parametrize(
    ("text", "said"), [("[[rule]]\n", "needs a place"), ("no toml", "is not TOML"), ("[nope]\n", "is not known")]
)
def test_wrong_rules_are_refused_whole(client: Client, control: ControlPlane, file: Path, text: str, said: str) -> None:
    answered = write(client, text, told(client)["digest"])
    assert answered.status_code == 422
    assert said in answered.json()["error"]["message"]
    assert file.read_text() == OURS
    assert control.documents.events(action="rules.*") == []


def test_without_a_word_in_the_configuration_nothing_is_written(tmp_path: Path, file: Path) -> None:
    with serving(plane(tmp_path, MemoryToggleStore(), workers=0)) as client:
        said = told(client)
        assert said["editable"] is False
        answered = write(client, MORE, said["digest"])
        assert (answered.status_code, answered.json()["error"]["code"]) == (403, "rules_not_editable")
        assert "--edit-rules" in answered.json()["error"]["remedy"]
    assert file.read_text() == OURS


@pytest.mark.parametrize("role", ["view", "operate"])
def test_whoever_may_not_pass_a_gate_reads_and_does_not_write(client: Client, file: Path, role: str) -> None:
    made = client.post("/api/v1/tokens", json={"name": "looker", "role": role, "why": "a test"}).json()
    looking = {"Authorization": f"Bearer {made['secret']}"}
    assert client.get("/api/v1/rules", headers=looking).status_code == 200
    body = {"text": MORE, "expected_digest": told(client)["digest"], "why": "x"}
    assert client.put("/api/v1/rules", json=body, headers=looking).status_code == 403
    assert file.read_text() == OURS


def test_permissions_stay_a_link_stays_one_and_nothing_is_left_behind(control: ControlPlane, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.toml"
    real.write_text(OURS)
    real.chmod(0o640)
    link = tmp_path / "strangler.rules.toml"
    link.symlink_to(real)
    rules = RulesFile(control.config)
    rules.write(MORE, expected=rules.read().digest)
    assert link.is_symlink()
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == (MORE, 0o640)
    assert list(tmp_path.glob(".*rules*")) == list(tmp_path.glob(".*elsewhere*")) == []


def test_a_file_that_changes_while_it_is_written_is_left_alone(control: ControlPlane, file: Path) -> None:
    rules = RulesFile(control.config)
    digest = rules.read().digest
    file.write_text(MORE)
    with pytest.raises(RulesChanged):
        rules.write("", expected=digest)
    assert file.read_text() == MORE


def test_a_folder_that_cannot_be_written_says_what_to_do(control: ControlPlane, file: Path) -> None:
    rules = RulesFile(control.config)
    digest = rules.read().digest
    file.unlink()
    file.symlink_to(file.parent / "nowhere" / "rules.toml")
    with pytest.raises(StranglerError, match="put the patch into it by hand"):
        rules.write(MORE, expected=digest)


def test_bytes_that_are_no_text_are_told_and_not_guessed_at(client: Client, file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    answered = client.get("/api/v1/rules")
    assert answered.status_code == 422
    assert "is not UTF-8" in answered.json()["error"]["message"]


def test_a_configuration_that_was_edited_is_told_for_a_reload_takes_that_up_too(
    client: Client, control: ControlPlane
) -> None:
    control.config.path.write_text(control.config.text)
    assert told(client)["edited"] is False
    control.config.path.write_text("# about to be changed\n")
    assert told(client)["edited"] is True


def test_a_file_is_read_anew_once_it_says_something_else(client: Client, file: Path) -> None:
    before = told(client)["revision"]
    assert told(client)["revision"] == before
    file.write_text(MORE)
    assert told(client)["revision"] == parse_rules(MORE, "f").revision != before
