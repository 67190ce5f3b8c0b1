"""Exchanges of each kind of bug: planted in the service, amid noise, and in pages."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

from strangler.compare import Answer
from tests.parity.cases import Case
from tests.proof.corpus import Corpus
from tests.proof.flaws.flaw import Change
from tests.proof.hunt import Exchange
from tests.proof.noise import Spoil, noisy
from tests.proof.pages import Pages
from tests.proof.recorded import Recorded
from tests.proof.service import InProcess
from tests.proof.trial import Ask

__all__ = ["AmidNoise", "InPages", "InService"]


class InService:
    """The service with a bug in its code, beside the monolith, with noise on both sides. `healthy` is it without."""

    def __init__(self, corpus: Corpus, old: Recorded, healthy: InProcess, buggy: InProcess) -> None:
        self.traffic = corpus.traffic
        self._old, self._healthy, self._buggy = old, healthy, buggy

    async def exchange(self, case: Case, chance: random.Random) -> Exchange:
        """One request to both."""
        old, wrong, right = self._old.ask(case), await self._buggy.ask(case), await self._healthy.ask(case)
        first = iter([wrong])

        async def ask_old() -> Answer:
            return noisy(old, chance)

        async def ask_new() -> Answer:
            return noisy(next(first, None) or await self._buggy.ask(case), chance)

        return Exchange(case, ask_old, ask_new, right, wrong)


class AmidNoise:
    """The service as it is, with a bug in the noise that both sides have; with none, nothing differs."""

    def __init__(self, corpus: Corpus, old: Recorded, healthy: InProcess, spoil: Spoil | None) -> None:
        self.traffic = corpus.traffic
        self._old, self._healthy, self._spoil = old, healthy, spoil

    async def exchange(self, case: Case, chance: random.Random) -> Exchange:
        """One request to both."""
        old, new, spoil = self._old.ask(case), await self._healthy.ask(case), self._spoil
        before = chance.getstate()
        right = noisy(new, chance)
        chance.setstate(before)
        wrong = noisy(new, chance, spoil)
        return Exchange(
            case,
            _asks(noisy(old, chance) for _ in itertools.count()),
            _asks(itertools.chain([wrong], (noisy(new, chance, spoil) for _ in itertools.count()))),
            right,
            wrong,
        )


class InPages:
    """The monolith beside itself, with a bug in the answers of one; with none, nothing differs."""

    def __init__(self, pages: Pages, change: Change | None) -> None:
        self.traffic = pages.traffic
        self._pages, self._change = pages, change

    async def exchange(self, case: Case, chance: random.Random) -> Exchange:
        """One request to both."""
        turns = self._pages.turns(case, chance)
        first, second = next(turns), next(turns)
        change = self._change or _none
        spoiled = change(case, second, chance)
        later = (change(case, answer, chance) for answer in turns)
        return Exchange(
            case,
            _asks(itertools.chain([first], turns)),
            _asks(itertools.chain([spoiled], later)),
            second,
            spoiled,
        )


def _none(_: Case, answer: Answer, __: random.Random) -> Answer:
    return answer


def _asks(answers: Iterable[Answer]) -> Ask:
    """Asks that are answered one after the other."""
    waiting = iter(answers)

    async def ask() -> Answer:
        return next(waiting)

    return ask
