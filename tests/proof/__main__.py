"""The proof that the verdict is right, as a command: 0 if all of it holds, else 1."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.proof.bugs import BugPlan
from tests.proof.bugs import run as hunt_bugs
from tests.proof.hunt import Effort
from tests.proof.report import report
from tests.proof.rollouts.trial import RolloutPlan
from tests.proof.rollouts.trial import run as walk_rollouts
from tests.proof.stack import ServiceStack
from tests.proof.twins import TwinPlan
from tests.proof.twins import run as watch_twins

_SEEDS = 3


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--pairs", type=int, help="A/A: how many pairs to compare at least (20,000; --quick: 1,500)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same traffic (1)")
    parser.add_argument(
        "--only", choices=["aa", "ab", "rollouts"], help="the monolith beside itself, the bugs, or rollouts"
    )
    parser.add_argument("--quick", action="store_true", help="some minutes instead of most of an hour")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--folder", type=Path, help="where to leave data and logs; by default nowhere")
    asked = parser.parse_args(arguments)
    say = _said_to(sys.stderr)
    if asked.folder is not None:
        asked.folder.mkdir(parents=True)
        figures = _proved(asked, asked.folder, say)
    else:
        with tempfile.TemporaryDirectory(prefix="proof-") as folder:
            figures = _proved(asked, Path(folder), say)
    print(json.dumps(figures, indent=2, ensure_ascii=False) if asked.json else report(figures))
    return 0 if figures["good"] else 1


def _proved(asked: argparse.Namespace, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    figures: dict[str, Any] = {"seed": asked.seed}
    if asked.only in (None, "aa"):
        pairs = asked.pairs or (1_500 if asked.quick else 20_000)
        say(f"A/A: {pairs} pairs of the monolith beside itself")
        figures["aa"] = watch_twins(TwinPlan(pairs, asked.seed), folder / "twins", say=say).to_json()
    if asked.only in (None, "ab"):
        seeds = tuple(range(asked.seed, asked.seed + (1 if asked.quick else _SEEDS)))
        effort = Effort(seeds, pairs=100, most=20_000, judged=3) if asked.quick else Effort(seeds, 400, 20_000, 6)
        say("A/B: bugs under traffic")
        with ServiceStack.running(folder / "service", say=say) as stack:
            plan = BugPlan(effort, quiet=1_000 if asked.quick else 15_000)
            figures["ab"] = hunt_bugs(stack, plan, say=say).to_json()
    if asked.only in (None, "rollouts"):
        # Fewer than a thousand whole ones cannot state what is wanted, so that --quick proves the bad ones only.
        rollouts = RolloutPlan(bad=20, good=0, seed=asked.seed) if asked.quick else RolloutPlan(200, 1_000, asked.seed)
        say("rollouts on a virtual clock")
        figures["rollouts"] = walk_rollouts(rollouts, say=say).to_json()
    figures["good"] = all(figures[part]["good"] for part in ("aa", "ab", "rollouts") if part in figures)
    return figures


def _said_to(stream: Any) -> Callable[[str], None]:
    return lambda text: print(text, file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(main())
