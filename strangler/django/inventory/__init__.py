"""What is in a Django project, taken while it runs: `python manage.py strangler_inventory`.

MIDDLEWARE = [..., "strangler.django.inventory.ObservedMiddleware"]    # opt-in: what views do with tables
STRANGLER = {"OBSERVED": "/var/lib/shop/observed"}
"""

from strangler.django.inventory.middleware import ObservedMiddleware
from strangler.django.inventory.take import take_inventory
from strangler.django.inventory.urlconf import UrlconfError

__all__ = ["ObservedMiddleware", "UrlconfError", "take_inventory"]
