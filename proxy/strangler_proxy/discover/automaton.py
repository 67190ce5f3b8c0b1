"""Regular expressions as automata, so that it can be decided whether several can match the same path.

They are walked side by side, over one representative of each class of characters that any of them tells apart, until a
path is found that all wanted ones match and no unwanted one does, or none is left to try.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from strangler.inventory.characters import ALPHABET, parsed, taken_by

__all__ = ["Automaton", "Undecided", "automaton_of", "common_word"]

_MOST_STATES: Final = 4_000
_MOST_STEPS: Final = 5_000
_IGNORECASE: Final = 2


class Undecided(Exception):
    """There are too many ways to try."""


@dataclass(slots=True)
class Automaton:
    """An expression's automaton: it begins in state 0 and ends in `end`.

    `moves` are, by state, sets of characters with the state they lead to, `free` the states that cost nothing. `exact`
    is False where the expression says more than it can hold (what stands ahead, or came before): then it takes more.
    """

    end: int = 0
    exact: bool = True
    moves: list[list[tuple[frozenset[str], int]]] = field(default_factory=lambda: [[]])
    free: list[list[int]] = field(default_factory=lambda: [[]])
    _known: dict[tuple[frozenset[int], str], frozenset[int]] = field(default_factory=dict, repr=False)

    def state(self) -> int:
        """A new state. Raises Undecided when there are too many."""
        if len(self.moves) >= _MOST_STATES:
            raise Undecided
        self.moves.append([])
        self.free.append([])
        return len(self.moves) - 1

    def reached(self, states: Iterable[int]) -> frozenset[int]:
        """These states, and those that cost nothing from there."""
        found, waiting = set(states), list(states)
        while waiting:
            for each in self.free[waiting.pop()]:
                if each not in found:
                    found.add(each)
                    waiting.append(each)
        return frozenset(found)

    def after(self, states: frozenset[int], character: str) -> frozenset[int]:
        """Where one character leads from any of these states."""
        place = states, character
        known = self._known.get(place)
        if known is None:
            targets = {target for state in states for takes, target in self.moves[state] if character in takes}
            known = self._known[place] = self.reached(targets)
        return known


@lru_cache(maxsize=4096)
def automaton_of(expression: str, alphabet: frozenset[str] = ALPHABET) -> Automaton:
    """The automaton of an expression that matches in full. Raises Undecided for one that is too large."""
    made = Automaton()
    made.end = _Building(made, alphabet).sequence(0, parsed(expression), 0)
    return made


class _Building:
    """Builds one automaton, part behind part."""

    def __init__(self, made: Automaton, alphabet: frozenset[str]) -> None:
        self._made = made
        self._alphabet = alphabet

    def sequence(self, state: int, nodes: Iterable[Any], flags: int) -> int:
        """Put `nodes` behind `state`; the state behind them."""
        for node in nodes:
            state = self._node(state, node, flags)
        return state

    def _node(self, state: int, node: Any, flags: int) -> int:
        name, argument = str(node[0]), node[1]
        match name:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                return self._character(state, node, flags)
            case "SUBPATTERN":
                _, on, off, nodes = argument
                return self.sequence(state, nodes, (flags | on) & ~off)
            case "ATOMIC_GROUP":
                self._made.exact = False
                return self.sequence(state, argument, flags)
            case "BRANCH":
                end = self._made.state()
                for branch in argument[1]:
                    self._made.free[self.sequence(state, branch, flags)].append(end)
                return end
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                self._made.exact = self._made.exact and name != "POSSESSIVE_REPEAT"
                least, most, nodes = argument
                return self._repeated(state, least, most, nodes, flags)
            case "AT" | "ASSERT" | "ASSERT_NOT":
                self._made.exact = False
                return state
            case _:
                # What came before, again: anything at all takes more than that.
                self._made.exact = False
                start = self._made.state()
                self._made.free[state].append(start)
                self._made.moves[start].append((self._alphabet, start))
                return start

    def _character(self, state: int, node: Any, flags: int) -> int:
        takes = taken_by([node], self._alphabet)
        if flags & _IGNORECASE:
            takes |= {other for each in takes for other in (each.lower(), each.upper())}
        target = self._made.state()
        self._made.moves[state].append((takes, target))
        return target

    def _repeated(self, state: int, least: int, most: Any, nodes: Any, flags: int) -> int:
        for _ in range(least):
            state = self.sequence(state, nodes, flags)
        if str(most) == "MAXREPEAT":
            start = self._made.state()
            self._made.free[state].append(start)
            self._made.free[self.sequence(start, nodes, flags)].append(start)
            return start
        ends = [state]
        for _ in range(int(most) - least):
            state = self.sequence(state, nodes, flags)
            ends.append(state)
        end = self._made.state()
        for each in ends:
            self._made.free[each].append(end)
        return end


def common_word(wanted: Sequence[Automaton], unwanted: Sequence[Automaton] = ()) -> str | None:
    """A shortest text that all of `wanted` take and none of `unwanted`; None where there is none. Raises Undecided.

    All must be of one alphabet.
    """
    machines = (*wanted, *unwanted)
    characters = _representatives(machines)
    start = tuple(each.reached([0]) for each in machines)
    seen = {start}
    queue = deque([(start, "")])
    while queue:
        states, word = queue.popleft()
        ended = [machine.end in held for machine, held in zip(machines, states, strict=True)]
        if all(ended[: len(wanted)]) and not any(ended[len(wanted) :]):
            return word
        for character in characters:
            after = tuple(each.after(held, character) for each, held in zip(machines, states, strict=True))
            if all(after[: len(wanted)]) and after not in seen:
                if len(seen) >= _MOST_STEPS:
                    raise Undecided
                seen.add(after)
                queue.append((after, word + character))
    return None


def _representatives(machines: Iterable[Automaton]) -> list[str]:
    """One character of each class that any machine tells apart, the plainest of it."""
    sets = list({takes for machine in machines for moves in machine.moves for takes, _ in moves})
    known: dict[tuple[bool, ...], str] = {}
    for character in sorted(frozenset[str]().union(*sets), key=_plainness):
        known.setdefault(tuple(character in takes for takes in sets), character)
    return list(known.values())


def _plainness(character: str) -> tuple[bool, bool, bool, bool, str]:
    """Digits before letters before signs, lower case before upper: what an example reads best with."""
    plain = character.isascii() and character.isalnum()
    printable = character.isascii() and character.isprintable() and character != " "
    return not plain, not printable, not character.isdigit(), not character.islower(), character
