"""A monolith and a proxy of which nothing is to be said."""

from __future__ import annotations

from strangler.doctor import CookieFacts, MonolithFacts, ProxyFacts, RouteFacts, ServerFacts

MONOLITH = MonolithFacts(
    settings="shop/settings.py",
    lines={"ALLOWED_HOSTS": "shop/settings.py:7"},
    allowed_hosts=("shop.example.com", "10.0.0.5"),
    ssl_header=("HTTP_X_FORWARDED_PROTO", "https"),
    secret_key="k1",
    session_cookie=CookieFacts("sessionid", secure=True),
    csrf_cookie=CookieFacts("csrftoken", secure=True),
    messages="django.contrib.messages.storage.fallback.FallbackStorage",
    middleware={"sessions": 0, "csrf": 1},
    urls=("/api/v1/products/", "/api/v1/products/<int:pk>/", "/basket"),
    admin=("/admin/",),
    vouch_path="/_strangler/vouch/",
    vouch_secret="v1",
    counts_callers=True,
    server=ServerFacts("gunicorn.conf.py", keepalive=5.0),
)
ROUTE = RouteFacts("catalog.product", "/api/v1/products/<int:id>/", "catalog", ("GET", "HEAD"), line=12)
PROXY = ProxyFacts(
    origins=("https://shop.example.com",), edges=True, routes=(ROUTE,), vouch_secret="v1", health_hosts=("10.0.0.5",)
)
