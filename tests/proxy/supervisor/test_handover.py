from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.child import Adopted
from strangler_proxy.handover import VERSION, ChildHanded, Handover, HandoverError

from tests.waiting import until

NUMBERS = st.integers(0, 2**22)
CHILDREN = st.builds(
    ChildHanded,
    name=st.text(max_size=20),
    words=st.lists(st.text(max_size=20), max_size=5).map(tuple),
    pid=st.none() | NUMBERS,
    tie=st.none() | NUMBERS,
    sockets=st.lists(NUMBERS, max_size=4).map(tuple),
    serving=st.booleans(),
    deaths=st.integers(0, 100),
    leaving=st.lists(NUMBERS, max_size=4).map(tuple),
)
HANDOVERS = st.builds(
    Handover,
    version=st.just(VERSION),
    program=st.text(max_size=20),
    lock=NUMBERS,
    sockets=st.lists(NUMBERS, max_size=4).map(tuple),
    control=NUMBERS,
    asked=NUMBERS,
    askers=st.lists(NUMBERS, max_size=4).map(tuple),
    children=st.lists(CHILDREN, max_size=3).map(tuple),
    leaving=st.lists(NUMBERS, max_size=4).map(tuple),
    crew=st.text(max_size=10),
    comparers=st.lists(CHILDREN, max_size=2).map(tuple),
)


@given(HANDOVERS)
def test_what_is_handed_over_is_what_is_taken(handed: Handover) -> None:
    assert Handover.from_text(handed.to_text()) == handed


@given(HANDOVERS, st.text(max_size=10))
def test_keys_that_a_later_program_adds_are_passed_over(handed: Handover, name: str) -> None:
    document = json.loads(handed.to_text())
    assert Handover.from_text(json.dumps({f"new {name}": 1, **document})) == handed


@given(HANDOVERS, st.sampled_from(["program", "lock", "sockets", "control", "asked", "askers", "children", "leaving"]))
def test_a_document_that_lacks_something_is_refused(handed: Handover, name: str) -> None:
    document = json.loads(handed.to_text())
    del document[name]
    with pytest.raises(HandoverError, match="lacks"):
        Handover.from_text(json.dumps(document))


@given(HANDOVERS)
def test_a_document_of_a_program_that_knows_of_no_comparers_hands_over_none(handed: Handover) -> None:
    document = json.loads(handed.to_text())
    del document["crew"], document["comparers"]
    assert Handover.from_text(json.dumps(document)) == replace(handed, crew="", comparers=())


@given(st.text(max_size=50))
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(HandoverError):
        Handover.from_text(text)


@given(HANDOVERS)
def test_another_version_is_refused_with_what_to_do(handed: Handover) -> None:
    with pytest.raises(HandoverError, match="stop `strangler serve` and start it again"):
        Handover.from_text(replace(handed, version=VERSION + 1).to_text())


def test_a_process_that_was_taken_over_is_seen_to_end_and_how() -> None:
    begun = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(2)]
    ended, killed = (Adopted(each.pid) for each in begun)
    assert ended.poll() is None
    ended.terminate()
    killed.kill()
    until(lambda: ended.poll() is not None and killed.poll() is not None)
    assert (ended.returncode, killed.returncode) == (-signal.SIGTERM, -signal.SIGKILL)
    # Its number may be somebody else's by now.
    ended.kill()
    for each in begun:
        each.returncode = 0
    assert Adopted(os.getpid()).poll() == 0
