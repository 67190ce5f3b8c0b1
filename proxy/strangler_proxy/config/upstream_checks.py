"""What must agree within an upstream's table: its URLs with each other, and its TLS files with what they are for."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

from strangler.errors import Problem
from strangler_proxy.config.certificates import BadCertificate, client_context
from strangler_proxy.config.place import Place
from strangler_proxy.config.positions import Path
from strangler_proxy.config.upstream_table import UpstreamTable

__all__ = ["check_upstream"]

_TLS_KEYS = ("verify", "ca", "server_name", "certificate", "key")


def check_upstream(name: str, table: UpstreamTable, raw: Any, folder: FilePath, place: Place) -> list[Problem]:
    """Everything that is wrong in the table `[upstreams.name]`, whose values each are right. `raw` is as written."""
    path: Path = ("upstreams", name)
    problems = []
    schemes = {url.secure for url in table.url}
    if len(schemes) > 1:
        problems.append(
            place.problem(
                (*path, "url"),
                "names both http:// and https://",
                "write all of an upstream's URLs with the same scheme; or make it two upstreams",
            )
        )
    if table.breaker_longest < table.breaker_open:
        problems.append(
            place.problem(
                (*path, "breaker_longest"),
                f"is {table.breaker_longest:g} s, shorter than breaker_open ({table.breaker_open:g} s)",
                "make it at least as long",
            )
        )
    if schemes == {False}:
        problems += [
            place.problem((*path, key), "is for an https:// upstream", "write the url with https://, or take it out")
            for key in _TLS_KEYS
            if key in raw
        ]
        return problems
    return [*problems, *_check_tls(path, table, folder, place)]


def _check_tls(path: Path, table: UpstreamTable, folder: FilePath, place: Place) -> list[Problem]:
    if table.key is not None and table.certificate is None:
        right = "name the certificate that the key belongs to: certificate"
        return [place.problem((*path, "key"), "is a key without a certificate", right)]
    if not table.verify and table.ca is not None:
        right = "take `verify = false` out: `ca` is all that it takes to trust a CA of your own"
        return [place.problem((*path, "ca"), "is not looked at with verify = false", right)]
    tls = table.upstream(str(path[-1]), folder, monolith=False).tls
    if tls is None:
        return []
    try:
        client_context(tls)
    except BadCertificate as error:
        return [place.problem((*path, error.key), error.wrong, error.right)]
    return []
