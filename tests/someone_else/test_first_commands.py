"""What a team would start from, made in the environment of a site that is not ours: inventory, doctor, plan."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from strangler_proxy.cli import main
from strangler_proxy.plan import load_plan

from demo.stack import ROOT
from strangler.inventory import read_inventory
from tests.conftest import absent
from tests.someone_else.site import SiteError, installed

LOCAL = """
from .base import INSTALLED_APPS
INSTALLED_APPS = [*INSTALLED_APPS, "strangler.django"]
SECRET_KEY = "only for this site, which nobody reaches"
ALLOWED_HOSTS = ["site.example"]
"""
CONFIG = '[upstreams.monolith]\nurl = "http://127.0.0.1:1"\n'


def manage(site: Path, programs: Path, *words: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "somesite.settings.production", "PYTHONPATH": str(ROOT)}
    command = [str(programs / "python"), "manage.py", *words]
    done = subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_team_gets_an_inventory_findings_and_a_plan_of_a_site_of_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        programs = installed()
    except SiteError as error:
        absent(f"the site's packages could not be installed: {error}")
    site = tmp_path / "site"
    site.mkdir()
    subprocess.run([programs / "wagtail", "start", "somesite", site], check=True, capture_output=True)
    (site / "somesite" / "settings" / "local.py").write_text(LOCAL)
    inventory, facts = tmp_path / "inventory.json", tmp_path / "facts.json"
    manage(site, programs, "strangler_inventory", "-o", str(inventory), "--own", "wagtail")
    manage(site, programs, "strangler_doctor", "--facts", str(facts))

    known = read_inventory(inventory)
    search = next(view for view in known.views if view.name == "search")
    assert (search.view, search.file, search.app) == ("search.views.search", "search/views.py", "search")
    assert {"home", "search", "wagtaildocs"} <= {app.label for app in known.apps}

    monkeypatch.chdir(tmp_path)
    for variable in ("STRANGLER_CONFIG", "STRANGLER_PLAN", "STRANGLER_VOUCH_SECRET"):
        monkeypatch.delenv(variable, raising=False)
    Path("strangler.toml").write_text(CONFIG)
    run = CliRunner().invoke
    asked = ["doctor", "--facts", str(facts), "--origin", "https://site.example", "--json"]
    findings = {each["code"]: each for each in json.loads(run(main, asked).stdout)["findings"]}
    assert "SECURE_PROXY_SSL_HEADER" in json.dumps(findings["D111"])
    assert "somesite/settings/" in json.dumps(findings["D111"])
    drafted = run(main, ["plan", "new", "--inventory", str(inventory), "-o", "migration_plan.md"])
    assert drafted.exit_code == 0, drafted.output
    assert load_plan(Path("migration_plan.md")).ordered()
