"""The bugs of the proof."""

from tests.proof.flaws.amid_noise import AMID_NOISE, BEYOND_NOISE
from tests.proof.flaws.flaw import Flaw
from tests.proof.flaws.harmless import HARMLESS
from tests.proof.flaws.pages import PAGES
from tests.proof.flaws.planted import BEYOND_CONDITIONS, PLANTED

__all__ = ["BEYOND", "FLAWS", "HARMLESS", "Flaw"]

BEYOND = {**BEYOND_CONDITIONS, **BEYOND_NOISE}
"""Bugs that shadow traffic cannot tell, with the reason."""
FLAWS = (*PLANTED, *AMID_NOISE, *PAGES)
