"""The shop's settings in a stack that tests start: as they are, but for how a password is stored."""

from __future__ import annotations

from monolith.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
