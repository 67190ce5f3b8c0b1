"""What a scrape says, as numbers by name and labels."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from strangler_proxy.measures import MEASURES

__all__ = ["Scrape"]


class Scrape:
    """One answer of /metrics in the text format."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    @property
    def names(self) -> dict[str, str]:
        """Every metric and its kind, counters with the ending that they are asked by."""
        return {
            name + "_total" if family.type == "counter" else name: family.type for name, family in self.families.items()
        }

    def rows(self, name: str) -> dict[tuple[str, ...], float]:
        """The samples of `name` by their labels' values, in the order of the list of metrics."""
        order = MEASURES[name].labels
        return {tuple(each.labels[label] for label in order): each.value for each in self.samples if each.name == name}

    def value(self, name: str, /, **labels: str) -> float:
        """The sum of the samples of `name` that have `labels`, whatever their others are."""
        wanted = labels.items()
        return sum(each.value for each in self.samples if each.name == name and wanted <= each.labels.items())
