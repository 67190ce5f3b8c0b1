"""A fresh Wagtail site as its own operator would run it: its own virtual environment, gunicorn, SQLite, WhiteNoise."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import free_port, running

__all__ = ["ADMIN", "HOST", "PASSWORD", "SiteError", "built", "installed", "serving"]

HOST = "site.example"
ADMIN = "operator"
PASSWORD = "a password of the test"

_HERE = Path(__file__).parent
_NAME = "somesite"

# `wagtail start` leaves to its operator: secret, hosts, who serves static files and media. The rest stays as it came.
_LOCAL = f"""
from .base import MIDDLEWARE
SECRET_KEY = "only for this site, which nobody else reaches"
ALLOWED_HOSTS = ["{HOST}"]
WAGTAILADMIN_BASE_URL = "http://{HOST}"
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
ROOT_URLCONF = "{_NAME}.operated"
MIDDLEWARE = [
    MIDDLEWARE[0],
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    *MIDDLEWARE[1:],
]
STORAGES = {{
    "default": {{"BACKEND": "django.core.files.storage.FileSystemStorage"}},
    "staticfiles": {{"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}},
}}
"""
_URLS = f"""
from django.conf import settings
from django.urls import re_path
from django.views.static import serve
from {_NAME}.urls import urlpatterns as _urls
urlpatterns = [re_path(r"^media/(?P<path>.*)$", serve, {{"document_root": settings.MEDIA_ROOT}}), *_urls]
"""


class SiteError(Exception):
    """The site could not be installed or made; the message says what failed."""


def installed() -> Path:
    """The `bin` folder of a virtual environment with the site's packages, made if it is not there yet.

    It lies inside this project's own environment, one for each requirements.lock. Raises SiteError.
    """
    lock = _HERE / "requirements.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = Path(sys.prefix) / "someone-else" / digest
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            uv = str(Path(sys.prefix) / "bin" / "uv")
            python = str(folder / "bin" / "python")
            shutil.rmtree(folder, ignore_errors=True)
            _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
            _run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(lock)])
            (folder / "complete").touch()
    return folder / "bin"


def built(folder: Path) -> Path:
    """A site in `folder` with an empty database and an administrator, to be copied. Raises SiteError."""
    programs, site = installed(), folder / "site"
    site.mkdir(parents=True)
    _run([str(programs / "wagtail"), "start", _NAME, str(site)])
    (site / _NAME / "settings" / "local.py").write_text(_LOCAL)
    (site / _NAME / "operated.py").write_text(_URLS)
    for words in (
        ["migrate", "--verbosity", "0"],
        ["collectstatic", "--no-input", "--verbosity", "0"],
        ["createsuperuser", "--no-input", "--username", ADMIN, "--email", "operator@site.example"],
    ):
        _run([str(programs / "python"), "manage.py", *words], site)
    for file in (site / "static").rglob("*"):
        # Files that were installed long ago: their Last-Modified is compared.
        os.utime(file, (1_700_000_000, 1_700_000_000))
    return site


@contextmanager
def serving(site: Path, folder: Path) -> Iterator[int]:
    """The port of a copy of `site` that is served from `folder`."""
    copy = folder / "copy"
    shutil.copytree(site, copy)
    port = free_port()
    # One process: which of several answers, with what in its caches, would be a difference of its own.
    command = ["gunicorn", f"{_NAME}.wsgi", "--worker-class", "gthread", "--threads", "4", "--chdir", str(copy)]
    with running(
        [str(installed() / command[0]), *command[1:], "--bind", f"127.0.0.1:{port}"], port, folder, _environment()
    ):
        yield port


def _environment() -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": f"{_NAME}.settings.production",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        # Wagtail writes out sets: in which order is the process's own affair.
        "PYTHONHASHSEED": "0",
    }


def _run(command: list[str], folder: Path | None = None) -> None:
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **_environment()}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SiteError(
            f"`{' '.join(command)}` failed with {done.returncode} after {time.monotonic() - started:.0f} s:\n"
            f"{done.stdout}{done.stderr}"
        )
