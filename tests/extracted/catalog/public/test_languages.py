from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracted.catalog.public.languages import LANGUAGES, chosen_language


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        ("", "", "en"),
        ("", "de", "de"),
        ("", "fr, de;q=0.5", "de"),
        ("", "en;q=0.1, de;q=0.9", "de"),
        ("", "de-CH-1996", "de"),
        ("", "*, de", "en"),
        ("", "de;q=1.5", "en"),
        ("", "de, ;;", "en"),
        ("", ",".join(["fr"] * 300) + ",de", "en"),
        ("django_language=de", "en", "de"),
        ("django_language=DE-at", "en", "de"),
        ('a=1; django_language="de"', "en", "de"),
        ("django_language=en; django_language=de", "", "de"),
        ("django_language=fr", "de", "de"),
        ("xdjango_language=de", "", "en"),
        ("django_language", "", "en"),
        ("", "x" * 600, "en"),
        (f"django_language=de-{'y' * 600}", "", "de"),
        (f"django_language={'y' * 600}", "de", "de"),
    ],
)
def test_the_cookie_comes_first_then_what_is_accepted_then_english(cookie: str, accept: str, language: str) -> None:
    assert chosen_language(cookie, accept) == language


@given(st.text(), st.text())
def test_whatever_is_sent_some_language_comes_of_it(cookie: str, accept: str) -> None:
    assert chosen_language(f"django_language={cookie}", accept) in LANGUAGES
