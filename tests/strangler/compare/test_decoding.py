"""Content codings: taken off within bounds, one over another."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Answer, Comparison, Limits, Verdict, compare_answers
from strangler.compare.decoding import Undecodable, decoded
from strangler.compare.limits import TooMuch

MOST = 16 * 1024 * 1024


def _bare(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(data) + squeeze.flush()


PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def sent(body: bytes, coding: str) -> Answer:
    return Answer(200, (("Content-Type", "text/plain"), ("Content-Encoding", coding)), body)


def compared(old: bytes, new: bytes, coding: str, limits: Limits = Limits()) -> Comparison:  # noqa: B008 - frozen
    return compare_answers(sent(old, coding), sent(new, coding), limits=limits)


@given(st.binary(max_size=5000), st.lists(st.sampled_from(sorted(PACKERS)), max_size=3))
def test_what_was_packed_comes_out_again(data: bytes, codings: list[str]) -> None:
    body = data
    for coding in codings:
        body = PACKERS[coding](body)
    assert decoded(sent(body, ", ".join(codings)), MOST) == data


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.sampled_from(["gzip", "zstd"]))
def test_frames_one_after_another_are_one_body(pieces: list[bytes], coding: str) -> None:
    assert decoded(sent(b"".join(PACKERS[coding](each) for each in pieces), coding), MOST) == b"".join(pieces)


def test_a_skippable_frame_is_skipped() -> None:
    body = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstandard.compress(b"data")
    assert decoded(sent(body, "zstd"), MOST) == b"data"


@given(st.binary(max_size=300))
def test_deflate_is_read_bare_too(data: bytes) -> None:
    assert decoded(sent(_bare(data), "deflate"), MOST) == data


@pytest.mark.parametrize("coding", sorted(PACKERS))
@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: b"plain", lambda data: data + b"rubbish"])
def test_what_is_not_so_coded_is_told(coding: str, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Undecodable, match=f"not {coding}"):
        decoded(sent(spoil(PACKERS[coding](b"some text, some text")), coding), MOST)


@given(st.binary(max_size=200), st.sampled_from(sorted(PACKERS)))
def test_whatever_is_sent_is_decoded_or_refused(body: bytes, coding: str) -> None:
    with suppress(Undecodable, TooMuch):
        assert isinstance(decoded(sent(body, coding), 10_000), bytes)


@pytest.mark.parametrize("coding", sorted(PACKERS))
@pytest.mark.parametrize("times", [1, 2])
def test_a_bomb_is_inconclusive(coding: str, times: int) -> None:
    bomb = b" " * 20_000_000
    for _ in range(times):
        bomb = PACKERS[coding](bomb)
    codings = ", ".join([coding] * times)
    small = PACKERS[coding](b"x") if times == 1 else PACKERS[coding](PACKERS[coding](b"x"))
    found = compared(bomb, small, codings)
    assert (found.verdict, found.detail) == (Verdict.INCONCLUSIVE, "a body of more than 16777216 bytes")


@pytest.mark.parametrize("coding", sorted(PACKERS))
def test_a_body_of_just_the_limit_is_read(coding: str) -> None:
    packed = PACKERS[coding](b"x" * 1000)
    assert decoded(sent(packed, coding), 1000) == b"x" * 1000
    with pytest.raises(TooMuch):
        decoded(sent(packed, coding), 999)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_frames_without_end_are_inconclusive(coding: str) -> None:
    many = PACKERS[coding](b"") * 2_000
    assert "more than 1000 frames" in compared(many, PACKERS[coding](b"x"), coding).detail


def test_a_zstd_window_that_no_browser_takes_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = packer.compress(b"x" * 100) + packer.flush()
    with pytest.raises(Undecodable):
        decoded(sent(body, "zstd"), MOST)


@pytest.mark.parametrize(("coding", "package"), [("br", "brotli"), ("zstd", "zstandard")])
def test_without_its_package_a_coding_is_inconclusive_and_says_what_to_install(
    coding: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    found = compared(b"one", b"two", coding)
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, "encoding")
    assert found.detail == f"content coding {coding} is not read without {package}: pip install 'strangler[compare]'"
