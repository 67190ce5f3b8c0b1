from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.subject import COOKIE, Subject, SubjectKeyError, Subjects, load_or_create_key

KEY = bytes(range(32))


def cookie_of(subjects: Subjects, subject: Subject) -> bytes:
    return subjects.set_cookie(subject, secure=False).partition(b";")[0]


def test_who_has_no_cookie_is_a_new_subject_and_never_the_same_twice() -> None:
    subjects = Subjects(KEY)
    one, other = subjects.of([]), subjects.of([])
    assert one.new
    assert other.new
    assert len(one.value) == 22
    assert one.value != other.value


def test_the_cookie_that_is_set_makes_the_subject_known() -> None:
    subjects = Subjects(KEY)
    subject = subjects.of([])
    headers = [(b"Cookie", b"a=b; " + cookie_of(subjects, subject) + b"; c=d")]
    assert Subjects(KEY).of(headers) == Subject(subject.value)


def test_the_cookie_is_kept_from_scripts_and_other_sites() -> None:
    subjects = Subjects(KEY)
    cookie = subjects.set_cookie(Subject("x" * 22), secure=False).decode()
    assert cookie.startswith(f"{COOKIE}=v1.{'x' * 22}.")
    assert cookie.endswith("; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax")
    assert subjects.set_cookie(Subject("x" * 22), secure=True).endswith(b"; Secure")
    assert subjects.clear_cookie() == b"strangler_subject=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_cookie_with_any_byte_changed_counts_as_none(place: int, change: int) -> None:
    subjects = Subjects(KEY)
    cookie = bytearray(cookie_of(subjects, Subject("abcdefghijklmnopqrstuv")))
    value = len(COOKIE) + 1
    place = value + place % (len(cookie) - value)
    cookie[place] ^= change
    found = subjects.of([(b"cookie", bytes(cookie))])
    assert found.new or bytes(cookie).strip(b' ;"') == cookie_of(subjects, Subject("abcdefghijklmnopqrstuv"))


@given(st.binary(max_size=80))
def test_garbage_counts_as_none(value: bytes) -> None:
    assert Subjects(KEY).of([(b"cookie", COOKIE.encode() + b"=" + value)]).new


def test_a_cookie_signed_with_another_key_counts_as_none() -> None:
    assert Subjects(KEY).of([(b"cookie", cookie_of(Subjects(bytes(32)), Subject("x" * 22)))]).new


def test_a_forged_cookie_before_the_true_one_does_not_hide_it() -> None:
    subjects = Subjects(KEY)
    true = cookie_of(subjects, Subject("x" * 22))
    forged = COOKIE.encode() + b"=v1." + b"y" * 22 + b"." + b"z" * 22
    assert subjects.of([(b"cookie", forged + b"; " + true)]).value == "x" * 22
    assert subjects.of([(b"cookie", forged), (b"Cookie", true)]).value == "x" * 22


def test_sources_come_first_in_their_order_and_empty_ones_are_passed_over() -> None:
    subjects = Subjects(KEY, ("header:X-User", "cookie:visitor"))
    ours = (b"cookie", cookie_of(subjects, Subject("x" * 22)) + b"; visitor=v7")
    assert subjects.of([ours, (b"x-user", b" u1 ")]) == Subject("u1")
    assert subjects.of([ours, (b"x-user", b"")]) == Subject("v7")
    assert subjects.of([(b"cookie", b"visitor=")]).new
    assert subjects.of([(b"X-User", "Zoë".encode())]).value == "Zoë"


def test_everybody_who_comes_at_once_gets_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "state" / "subject.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_or_create_key(path), range(64)))
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["subject.key"]


def test_a_key_that_is_none_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "subject.key").write_bytes(b"short")
    with pytest.raises(SubjectKeyError, match="5 bytes instead of 32"):
        load_or_create_key(tmp_path / "subject.key")
    with pytest.raises(SubjectKeyError, match="cannot be read or made"):
        load_or_create_key(tmp_path / "subject.key" / "below")
    with pytest.raises(SubjectKeyError, match="32 bytes, not 3"):
        Subjects(b"abc")
