"""Tokens, testers and the check before traffic, in a whole proxy: they outlive the control plane."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.proxy.supervisor.proxy import Proxy, kill, upstream
from tests.waiting import until

pytestmark = pytest.mark.slow


def test_a_token_and_a_testers_word_outlive_the_control_plane_and_a_dead_candidate_takes_no_traffic(
    tmp_path: Path,
) -> None:
    proxy = Proxy(tmp_path)
    with ExitStack() as stack:
        candidate = stack.enter_context(ExitStack())
        proxy.configure(
            stack.enter_context(upstream("monolith")), candidate.enter_context(upstream("catalog")), workers=1
        )
        proxy.start()
        stack.callback(proxy.stop)

        def status_with(token: str) -> int:
            """What the control plane answers to that token; 0 while it is not there."""
            address = f"http://{proxy.addresses['control']}/api/v1/status"
            try:
                return httpx.get(address, headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code
            except httpx.TransportError:
                return 0

        made = proxy.run("token", "create", "ci", "--role", "operate", "--expires", "1h", "--why", "the pipeline")
        secret = made.stdout.strip()
        for move in (("shadow",), ("canary", "--share", "0%")):
            done = proxy.run("flip", "catalog.list", *move, "--why", "compare", "--wait", "20")
            assert done.returncode == 0, done.stderr
        signed = proxy.run("tester", "create", "ben", "--route", "catalog.*", "--why", "acceptance")
        (header,) = [line for line in signed.stdout.splitlines() if "X-Strangler-Tester: " in line]
        word = header.partition("X-Strangler-Tester: ")[2]

        def as_tester() -> str:
            address = f"http://{proxy.addresses['listen']}/products/"
            return httpx.get(address, headers={"X-Strangler-Tester": word}, trust_env=False).text

        assert (proxy.get(), as_tester()) == ("monolith", "catalog")
        proxy.run("tester", "create", "eve", "--route", "catalog.*", "--why", "acceptance")
        revoked = proxy.run("tester", "revoke", "eve", "--why", "done", "--wait", "20")
        assert (revoked.returncode, as_tester()) == (0, "catalog"), revoked.stderr

        first = (proxy.state / "control.token").read_text().strip()
        assert proxy.run("token", "rotate", "control.token", "--why", "it was in a backup").returncode == 0
        assert (status_with(first), status_with(secret)) == (401, 200)
        kill(proxy.child("control"))
        until(lambda: status_with(secret) == 200)
        until(lambda: proxy.status()["live"] == proxy.all_live)
        assert (status_with(first), as_tester()) == (401, "catalog")
        revoked = proxy.run("tester", "revoke", "ben", "--why", "done", "--wait", "20")
        assert (revoked.returncode, as_tester()) == (0, "monolith"), revoked.stderr
        # Without a control plane, one that starts anew knows it too.
        control = proxy.child("control")
        os.kill(control, signal.SIGSTOP)
        kill(proxy.child("worker"))
        until(lambda: proxy.get() == "monolith")
        assert as_tester() == "monolith"
        with suppress(ProcessLookupError):
            os.kill(control, signal.SIGCONT)
        until(lambda: proxy.status()["live"] == proxy.all_live)

        candidate.close()
        refused = proxy.run("flip", "catalog.list", "canary", "--share", "50%", "--why", "more")
        assert refused.returncode == 2
        assert "catalog, to which catalog.list would move, is not ready" in refused.stderr
        assert proxy.run("back", "catalog.list", "--why", "then not", "--wait", "20").returncode == 0
        events = proxy.run("history", "--events").stdout
        told = ("token.create  ci", "tester.create  ben", "api.call  POST /api/v1/flip -> 409")
        assert [each for each in told if each not in events] == []
