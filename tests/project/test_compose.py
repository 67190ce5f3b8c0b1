"""The compose file and the Dockerfiles: valid, and safe by their words. `test_images.py` runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from strangler_proxy.supervisor import CONTROL_SECONDS, DRAIN_SECONDS

from tests.project.images import COMPOSE, ROOT, compose_file

DOCKERFILES = sorted([*ROOT.glob("*/Dockerfile"), *ROOT.glob("extracted/*/Dockerfile")])


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return document


@pytest.mark.slow
def test_the_compose_file_is_valid_by_the_compose_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_part_waits_for_what_it_needs_to_be_healthy(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services
            healthy = "healthcheck" in services[needed] or "HEALTHCHECK" in _dockerfile(services[needed])
            assert how["condition"] != "service_healthy" or healthy, f"{name} waits for the health of {needed}"


def test_every_variable_without_a_default_is_in_the_example_environment() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text()))
    offered = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert asked == offered


def test_only_the_proxy_publishes_a_port_and_not_the_control_planes(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published == {"proxy": ["${SHOP_PORT:-8080}:8080"]}


def test_parts_are_answered_by_their_names_whatever_customers_call_the_shop() -> None:
    filled = dict.fromkeys(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text()), "secret")
    services = compose_file({**filled, "ALLOWED_HOSTS": "shop.example.com"})["services"]
    for asking in services.values():
        for host in re.findall(r"http://([a-z]+):", " ".join(map(str, asking.get("environment", {}).values()))):
            environment = services.get(host, {}).get("environment", {})
            allowed = environment.get("CATALOG_ALLOWED_HOSTS") or environment.get("ALLOWED_HOSTS")
            # 127.0.0.1 is the name by which a health check asks.
            assert allowed is None or {host, "127.0.0.1", "shop.example.com"} <= set(allowed.split(","))


def test_the_proxy_is_given_the_time_that_its_draining_takes(compose: dict[str, Any]) -> None:
    assert int(compose["services"]["proxy"]["stop_grace_period"].removesuffix("s")) > DRAIN_SECONDS + CONTROL_SECONDS


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_image_is_slim_unprivileged_and_health_checked(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    assert re.findall(r"^FROM (\S+)", text, re.M)[-1].endswith("-slim")
    assert re.search(r"^USER (?!root)\w+", text, re.M)
    assert re.search(r"^HEALTHCHECK ", text, re.M)
    assert "--require-hashes" in text


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_image_copies_only_what_exists(dockerfile: Path) -> None:
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile.read_text(), re.M):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), f"{dockerfile}: COPY {source}"


def _dockerfile(service: dict[str, Any]) -> str:
    build = service.get("build")
    return (ROOT / build["dockerfile"]).read_text() if build else ""
