"""The figures of the proof, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.proof.rollouts.report import rollout_lines

__all__ = ["report"]


def report(figures: Mapping[str, Any]) -> str:
    """The figures of A/A, of A/B and of rollouts, each of which may be missing, as text."""
    lines: list[str] = []
    if "aa" in figures:
        lines += _likeness(figures["aa"])
    if "ab" in figures:
        lines += _hunt(figures["ab"])
    if "rollouts" in figures:
        lines += rollout_lines(figures["rollouts"])
    lines.append("PROVED" if figures["good"] else "NOT PROVED")
    return "\n".join(lines)


def _likeness(aa: Mapping[str, Any]) -> Iterator[str]:
    yield f"A/A: the monolith beside itself, {aa['pairs']} pairs in {aa['seconds']:.0f} s, without a rule"
    yield f"  {aa['agree']} agree, {aa['differ']} differ, {aa['inconclusive']} tell nothing {_counted(aa['causes'])}"
    false, at_most = aa["false_differences_in_10000"], aa["false_differences_in_10000_at_most"]
    yield f"  false differences in 10,000 pairs: {false:.2f}, surely at most {at_most:.2f}"
    yield f"  so surely at least {aa['agreement_at_least']:.4%} of pairs are judged to agree"
    yield f"  exchanges that were never pairs: {_counted(aa['missed'])}"
    yield f"  the monolith was asked again {aa['asked_again']} times; faults of the comparer: {aa['faults']}"
    customers = f"{aa['requests']} requests of customers, {aa['orders']} orders"
    yield f"  {customers}, {len(aa['failures'])} failures"
    yield from (f"    FAILED {each}" for each in aa["failures"][:20])
    for route in aa["routes"]:
        yield (
            f"  {route['route']:<16} {route['pairs']:>6} pairs {route['agree']:>6} agree {route['differ']:>3} differ"
            f" {route['inconclusive']:>4} tell nothing  {route['inputs']:>4} inputs"
        )
        yield from (f"    DIFFERS {each}" for each in route["differences"])
        yield from (f"    noise {field}: {count} pairs" for field, count in route["noise"].items())


def _hunt(ab: Mapping[str, Any]) -> Iterator[str]:
    quiet = ab["quiet"]
    yield f"A/B: {ab['bugs']} bugs, {ab['found']} found with every seed, in {ab['seconds']:.0f} s, without a rule"
    yield f"  {ab['judged']} pairs that show a bug were judged, {ab['blamed']} of them taken for something else"
    yield f"  without a bug: {quiet['pairs']} pairs {_counted(quiet['outcomes'])}"
    false, at_most = quiet["false_differences_in_10000"], quiet["false_differences_in_10000_at_most"]
    yield f"  false differences in 10,000 pairs: {false:.2f}, surely at most {at_most:.2f}"
    yield from (f"    {each}" for each in quiet["examples"])
    yield f"  {'bug':<66} {'found after':>12} {'at worst':>9} {'shown by':>9}"
    for each in ab["each"]:
        found = f"{each['median']:g}" if None not in each["after"] else "not found"
        mark = "" if each["good"] else "  WRONG"
        yield f"  {each['name']:<66} {found:>12} {each['worst']:>9} {each['share']:>9.2%}{mark}"
        yield from (f"    {wrong}" for wrong in each["elsewhere"])
    yield "  other ways to say the same:"
    yield from (f"    {each['name']} {_counted(each['outcomes'])}" for each in ab["harmless"])
    yield "  beyond what one pair can tell:"
    for each in ab["beyond"]:
        yield f"    {each['name']} {_counted(each['outcomes'])}: {each['why']}"


def _counted(counts: Mapping[str, int]) -> str:
    return "(" + ", ".join(f"{count} {name}" for name, count in counts.items()) + ")" if counts else ""
