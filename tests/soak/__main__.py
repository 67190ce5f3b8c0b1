"""The soak as a command."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.soak.report import report
from tests.soak.soak import Plan, run
from tests.soak.upstream import FAULTS


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to soak (1)")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="repeats a run as far as time allows")
    parser.add_argument("--customers", type=int, default=24, help="how many ask at a time (24)")
    parser.add_argument("--folder", type=Path, help="where to leave logs and ledgers; by default nowhere")
    parser.add_argument("--fault", choices=FAULTS, default="", help="make the upstreams wrong: the soak must fail")
    asked = parser.parse_args(arguments)
    print(f"seed {asked.seed}, {asked.minutes:g} minutes, {asked.customers} customers", flush=True)
    plan = Plan(asked.seed, asked.minutes * 60, asked.customers, fault=asked.fault)
    if asked.folder is not None:
        asked.folder.mkdir(parents=True)
        figures = run(plan, asked.folder)
    else:
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            figures = run(plan, Path(folder))
    good, text = report(figures)
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
