from __future__ import annotations

from pathlib import Path

from strangler_proxy.config.values import Config, ListenerTls
from strangler_proxy.listener_tls import listener_context, tls_problems

from tests.proxy.dataplane.raw import config
from tests.proxy.listener.conftest import make_certificate


def wrong(certificate: Path, key: Path) -> tuple[str, str]:
    """The one problem that these files make: its key, and what is wrong."""
    plain = config(1)
    taken = Config(path=plain.path, upstreams=plain.upstreams, tls=ListenerTls(certificate, key))
    (problem,) = tls_problems(taken)
    return problem.key, problem.wrong


def test_a_certificate_with_its_key_is_no_problem_and_no_table_is_none(certificates: Path) -> None:
    listener_context(ListenerTls(certificates / "one.crt", certificates / "one.key"))
    assert tls_problems(config(1)) == []


def test_each_file_that_cannot_be_used_is_named_with_what_is_wrong(certificates: Path, tmp_path: Path) -> None:
    one, key, other = certificates / "one.crt", certificates / "one.key", certificates / "two.key"
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("nonsense")
    assert wrong(tmp_path / "none", key) == (
        "proxy.tls.certificate",
        f"{tmp_path / 'none'} cannot be read: No such file or directory",
    )
    assert wrong(one, tmp_path / "none")[0] == "proxy.tls.key"
    assert wrong(one, other) == ("proxy.tls.key", f"{other} is not the key of the certificate {one}")
    assert wrong(nonsense, key) == ("proxy.tls.certificate", f"{nonsense} holds no certificate in PEM form")
    assert wrong(one, nonsense)[0] == "proxy.tls.key"
    assert wrong(one, tmp_path)[1] == f"{tmp_path} cannot be read: Is a directory"


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "locked", "-passout", "pass:secret")
    key, said = wrong(certificate, certificate.with_suffix(".key"))
    assert (key, "with a password" in said) == ("proxy.tls.key", True)
