"""Verify, inside a service, who the monolith says is asking: the identity that the proxy signed for this request.

    keys = IdentityKeys("http://strangler:8081/.well-known/strangler/jwks.json")      # or a file's path
    verifier = Verifier(keys, audience="catalog")             # the service's name as an upstream in strangler.toml

    app = IdentityMiddleware(app, verifier)                   # Starlette, FastAPI or any ASGI application
    identity_of(request).id

For a service in Django there is `strangler.django.identity`. Install it as `strangler[identity]`.
"""

from strangler.identity.asgi import IdentityMiddleware, identity_of
from strangler.identity.identity import ANONYMOUS, HEADER, Identity
from strangler.identity.keys import IdentityKeys
from strangler.identity.verifier import Verifier

__all__ = ["ANONYMOUS", "HEADER", "Identity", "IdentityKeys", "IdentityMiddleware", "Verifier", "identity_of"]
