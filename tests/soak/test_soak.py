"""The soak for a minute, and the soak itself held to faults that were planted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.soak.report import report
from tests.soak.soak import Plan, run

pytestmark = pytest.mark.slow


@pytest.mark.timeout(240)
def test_a_minute_of_kills_hangs_flips_and_reloads_shows_no_wrong_answer_no_loss_and_no_growth(tmp_path: Path) -> None:
    seed = os.urandom(4).hex()
    good, said = report(run(Plan(seed, 60.0), tmp_path))
    print(f"seed {seed}\n{said}")
    assert good, f"python -m tests.soak --minutes 1 --seed {seed}\n{said}"


@pytest.mark.parametrize(
    ("fault", "said", "seconds"),
    [
        # Each answer shows these.
        ("swap", "the answer to", 2.0),
        ("truncate", "bytes where", 2.0),
        ("side", "an answer by 'somebody'", 2.0),
        ("double", "was executed 2 times", 2.0),
        # It takes hundreds of requests to leak more than may grow.
        ("leak", "bytes of memory", 8.0),
    ],
)
def test_a_fault_that_was_planted_is_found(fault: str, said: str, seconds: float, tmp_path: Path) -> None:
    plan = Plan(
        "planted", seconds, customers=24, pause=0.05, warm_up=1.0, fault=fault, chaos=False, patience=2.0, settling=5.0
    )
    good, told = report(run(plan, tmp_path))
    assert not good
    assert said in told
