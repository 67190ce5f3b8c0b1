"""What is in a monolith, as values: `inventory.json`, which `manage.py strangler_inventory` writes.

    inventory = read_inventory(Path("inventory.json"))
    [view.title for view in inventory.views_of("catalog")]

The members of the file are the fields of these classes, what holds its default left out; `inventory_schema` is its JSON
Schema, kept in docs/reference/inventory.schema.json.
"""

from strangler.inventory.app import App, Import, Place
from strangler.inventory.coupling import Coupling, CouplingKind, couplings
from strangler.inventory.file import read_inventory, write_inventory
from strangler.inventory.inventory import VERSION, Inventory
from strangler.inventory.job import Command, Receiver, Schedule, Task
from strangler.inventory.lookup import Found, Lookup
from strangler.inventory.model import Model, Relation
from strangler.inventory.observed import Observed, Together
from strangler.inventory.schema import inventory_schema
from strangler.inventory.site import Database, Site
from strangler.inventory.url_form import UrlForm
from strangler.inventory.view import View

__all__ = [
    "VERSION",
    "App",
    "Command",
    "Coupling",
    "CouplingKind",
    "Database",
    "Found",
    "Import",
    "Inventory",
    "Lookup",
    "Model",
    "Observed",
    "Place",
    "Receiver",
    "Relation",
    "Schedule",
    "Site",
    "Task",
    "Together",
    "UrlForm",
    "View",
    "couplings",
    "inventory_schema",
    "read_inventory",
    "write_inventory",
]
