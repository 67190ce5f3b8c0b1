"""The monolith's own side of the doctor, with the real shop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.test import Client

from strangler.django.gunicorn_facts import gunicorn_facts
from strangler.django.monolith_facts import monolith_facts
from strangler.django.proxied_checks import check_proxied
from strangler.doctor import ServerFacts, read_facts
from strangler.proxied import PROXIED, proxied_value
from strangler.vouch import ask_seal

SECRET = "a secret of the tests, long enough"
SEEN = "/_strangler/seen/"


def test_the_shops_facts_are_its_settings(settings: Any) -> None:
    settings.STRANGLER = {**settings.STRANGLER, "VOUCH_SECRET": SECRET}
    facts = monolith_facts()
    assert facts.ssl_header == ("HTTP_X_FORWARDED_PROTO", "https")
    assert facts.vouch_path == "/_strangler/vouch/"
    assert facts.seen_path == SEEN
    assert facts.login == "/accounts/login/"
    assert "/api/v1/products/<int:id>/" in facts.urls
    assert facts.admin == ("/admin/",)
    assert {"sessions", "csrf", "locale", "conditional", "messages", "common"} <= set(facts.middleware)
    assert facts.where("APPEND_SLASH").startswith("monolith/settings.py:")
    assert facts.server.keepalive == 5
    assert not facts.counts_callers


def test_a_setting_is_found_on_its_line(settings: Any) -> None:
    file, _, line = monolith_facts().where("ALLOWED_HOSTS").partition(":")
    assert Path(file).read_text().split("\n")[int(line) - 1].startswith("ALLOWED_HOSTS")


def test_no_secret_is_among_the_facts(settings: Any, tmp_path: Path) -> None:
    settings.STRANGLER = {**settings.STRANGLER, "VOUCH_SECRET": SECRET}
    settings.SECRET_KEY_FALLBACKS = ["the key of before, of some length"]
    file = tmp_path / "facts.json"
    call_command("strangler_doctor", facts=str(file), stdout=StringIO())
    text = file.read_text()
    assert settings.SECRET_KEY not in text
    assert SECRET not in text
    assert "the key of before" not in text
    assert read_facts(file).secret_key


def test_the_command_tells_each_finding_with_its_line(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_SSL", "on")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("strangler_doctor", stdout=out)
    assert ended.value.code == 1
    assert "wrong D112  SECURE_PROXY_SSL_HEADER" in out.getvalue()
    assert 'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")' in out.getvalue()
    assert "monolith/settings.py:" in out.getvalue()


def test_the_command_gives_facts_and_findings_as_json() -> None:
    out = StringIO()
    call_command("strangler_doctor", facts="-", stdout=out)
    assert json.loads(out.getvalue())["format"] == "strangler.facts"
    out = StringIO()
    call_command("strangler_doctor", json=True, stdout=out)
    assert all(each["change"] for each in json.loads(out.getvalue())["findings"])


def test_a_file_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("strangler_doctor", facts=str(tmp_path / "none" / "facts.json"))


def test_the_checks_say_the_same_for_deployment_alone(settings: Any) -> None:
    settings.USE_X_FORWARDED_HOST = True
    found = {message.id: message for message in run_checks(include_deployment_checks=True)}
    assert "strangler.D105" in found
    assert "USE_X_FORWARDED_HOST = False" in str(found["strangler.D105"].hint)
    assert "strangler.D105" not in {message.id for message in run_checks()}


def test_a_monolith_that_no_proxy_knows_of_hears_nothing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONTROL_URL", "SNAPSHOT", "VOUCH_SECRET", "VOUCH_SECRET_FILE"):
        monkeypatch.delenv(f"STRANGLER_{name}", raising=False)
    settings.STRANGLER = {}
    settings.USE_X_FORWARDED_HOST = True
    assert check_proxied() == []


def test_gunicorn_is_read_from_its_file_and_its_variable(tmp_path: Path) -> None:
    assert gunicorn_facts({}, (tmp_path,)) == ServerFacts()
    file = tmp_path / "gunicorn.conf.py"
    file.write_text("import os\nkeepalive = 7\nworkers = int(os.environ['X'])\n")
    assert gunicorn_facts({}, (tmp_path,)) == ServerFacts(str(file), keepalive=7.0)
    told = gunicorn_facts({"GUNICORN_CMD_ARGS": "--preload --keep-alive 3"}, (tmp_path,))
    assert (told.preload, told.keepalive) == (True, 3.0)
    assert gunicorn_facts({"GUNICORN_CMD_ARGS": "--keep-alive=1 'unclosed"}, ()) == ServerFacts()
    file.write_text("this is no Python")
    assert gunicorn_facts({}, (tmp_path,)).keepalive == 2.0


def ask(client: Client, secret: str = SECRET, **headers: Any) -> Any:
    seal = ask_seal(secret, int(time.time()), "n" * 16, "GET", SEEN, "seen")
    return client.get(SEEN, {"seal": seal}, **headers)


def test_the_doctor_is_told_what_django_sees(settings: Any) -> None:
    settings.STRANGLER = {"VOUCH_SECRET": SECRET}
    settings.ALLOWED_HOSTS = ["shop.example.com"]
    mark = {f"HTTP_{PROXIED.upper().replace('-', '_')}": proxied_value(SECRET, time.time())}
    told = ask(
        Client(),
        HTTP_HOST="shop.example.com",
        HTTP_ORIGIN="https://shop.example.com",
        HTTP_X_FORWARDED_PROTO="https",
        **mark,
    ).json()
    assert (told["host"], told["scheme"], told["origin_is_own"], told["proxied"]) == (
        "shop.example.com",
        "https",
        True,
        True,
    )
    told = ask(Client(), HTTP_HOST="shop.example.com", HTTP_ORIGIN="https://shop.example.com").json()
    assert (told["scheme"], told["origin_is_own"], told["proxied"]) == ("http", False, False)


@pytest.mark.django_db
def test_nobody_else_is_told_anything(settings: Any) -> None:
    settings.STRANGLER = {"VOUCH_SECRET": SECRET}
    assert ask(Client(), "another secret of the tests").status_code == 404
    assert Client().get(SEEN).status_code == 404
    settings.STRANGLER = {}
    assert ask(Client()).status_code == 404


def test_a_project_without_users_and_sessions_has_facts_too(tmp_path: Path) -> None:
    (tmp_path / "bare_settings.py").write_text(
        'SECRET_KEY = "a key of the tests"\nROOT_URLCONF = "bare_urls"\nINSTALLED_APPS = ["strangler.django"]\n'
        'MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]\n'
    )
    (tmp_path / "bare_urls.py").write_text("urlpatterns = []\n")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "bare_settings", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "django", "strangler_doctor", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    found = {each["code"]: each["where"] for each in json.loads(done.stdout)["findings"]}
    assert found["D101"] == "bare_settings.py"
