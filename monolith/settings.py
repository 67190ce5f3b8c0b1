"""The shop's settings. Everything that differs between machines comes from the environment:

DEBUG (default true); SECRET_KEY, CATALOG_FEED_TOKEN and PAYMENT_WEBHOOK_SECRET (required without DEBUG);
DATABASE_URL or DATABASE_PATH (default: SQLite beside this file), CONN_MAX_AGE; ALLOWED_HOSTS,
CSRF_TRUSTED_ORIGINS, SESSION_COOKIE_SECURE; MEDIA_ROOT, STATIC_ROOT; EMAIL_BACKEND, EMAIL_FILE_PATH, EMAIL_HOST,
EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS, DEFAULT_FROM_EMAIL; API_ANON_RATE, API_USER_RATE,
API_LOGIN_RATE, API_CHECKOUT_RATE, API_PROXY_COUNT; RESERVATION_MINUTES; CATALOG_SERVICE_URL,
CATALOG_SERVICE_TIMEOUT (seconds); LOG_LEVEL; STRANGLER_CALLERS (a folder), and the STRANGLER_ variables of
strangler.django.conf and of strangler.django.effects.
"""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent
env = environ.Env()

DEBUG: bool = env.bool("DEBUG", default=True)


def _secret(name: str, development: str) -> str:
    """A secret from the environment; the development value serves only while DEBUG is on."""
    value: str = env.str(name, default="")
    if value:
        return value
    if DEBUG:
        return development
    raise ImproperlyConfigured(f"{name} is not set and DEBUG is off: set {name} to a long random string.")


SECRET_KEY = _secret("SECRET_KEY", "development-only-secret-key-of-the-shop-0123456789abcdef")
CATALOG_FEED_TOKEN = _secret("CATALOG_FEED_TOKEN", "development-only-feed-token")
PAYMENT_WEBHOOK_SECRET = _secret("PAYMENT_WEBHOOK_SECRET", "development-only-webhook-secret")

ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"] if DEBUG else []
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE: bool = env.bool("SESSION_COOKIE_SECURE", default=False)
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "drf_spectacular",
    "strangler.django",
    "monolith.accounts.apps.AccountsConfig",
    "monolith.catalog.apps.CatalogConfig",
    "monolith.inventory.apps.InventoryConfig",
    "monolith.cart.apps.CartConfig",
    "monolith.checkout.apps.CheckoutConfig",
    "monolith.orders.apps.OrdersConfig",
    "monolith.payments.apps.PaymentsConfig",
    "monolith.notifications.apps.NotificationsConfig",
]

MIDDLEWARE = [
    # The first: nothing of what a copy of a request does, in whatever middleware, is kept.
    "strangler.django.shadow.ShadowMiddleware",
    # Takes itself out where STRANGLER["CALLERS"] names no folder.
    "strangler.django.callers.CallersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "strangler.django.subject.subject_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
]

ROOT_URLCONF = "monolith.urls"
WSGI_APPLICATION = "monolith.wsgi.application"
ASGI_APPLICATION = "monolith.asgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "monolith.catalog.context_processors.main_categories",
                "monolith.cart.context_processors.cart_count",
            ],
            "libraries": {"shop": "monolith.display"},
        },
    }
]


def _database() -> dict[str, Any]:
    path = env.str("DATABASE_PATH", default=str(BASE_DIR / "db.sqlite3"))
    database: dict[str, Any] = env.db_url("DATABASE_URL", default=f"sqlite:///{path}")
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = {
            **database.get("OPTIONS", {}),
            # A transaction takes the write lock at BEGIN, so that a reader never has to upgrade and fail at once.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
        # A file, as races need real locks; the process id keeps test runs beside each other apart.
        test_file = Path(tempfile.gettempdir()) / f"shop-test-{os.getpid()}.sqlite3"
        database["TEST"] = {"NAME": str(test_file)}
    else:
        database["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
        database["CONN_HEALTH_CHECKS"] = True
    # Checkout opens its own transaction; no request is wrapped in one.
    database["ATOMIC_REQUESTS"] = False
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        # What a copy asks for is not counted against the customer's rate.
        "BACKEND": "strangler.django.cache.ShadowGuardCache",
        "OPTIONS": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    }
}

AUTH_USER_MODEL = "accounts.Customer"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR.parent / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR.parent / "media")))

# The one that EMAIL_BACKEND names sends, unless a copy of a request is being served: see STRANGLER.
EMAIL_BACKEND = "strangler.django.mail.ShadowGuardBackend"
# Where the filebased backend puts mails; other backends do not look at it.
EMAIL_FILE_PATH = env.str("EMAIL_FILE_PATH", default=str(BASE_DIR.parent / "mail"))
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="shop@example.com")

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # The token first: then who is not known is told 401 and how to become known, and no session is read.
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env.str("API_ANON_RATE", default="6000/min"),
        "user": env.str("API_USER_RATE", default="6000/min"),
        "login": env.str("API_LOGIN_RATE", default="60/min"),
        "checkout": env.str("API_CHECKOUT_RATE", default="60/min"),
    },
    # How many proxies append to X-Forwarded-For; 0 counts by the peer's address and trusts no header.
    "NUM_PROXIES": env.int("API_PROXY_COUNT", default=0),
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "monolith.paging.Pages",
    "EXCEPTION_HANDLER": "monolith.api_errors.answer_to",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Shop API",
    "VERSION": "1",
    "DESCRIPTION": "The public JSON API of the shop.",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "OrderState": "monolith.orders.models.Order.STATES",
        "PaymentState": "monolith.payments.models.Payment.State",
    },
}

# The new side of the seam cart.catalog-facts; only needed once its toggle leaves the stage `monolith`.
CATALOG_SERVICE_URL: str = env.str("CATALOG_SERVICE_URL", default="")
CATALOG_SERVICE_TIMEOUT: float = env.float("CATALOG_SERVICE_TIMEOUT", default=1.0)

STRANGLER: dict[str, Any] = {
    # Where it is counted who reaches the shop, through the proxy and past it.
    "CALLERS": env.str("STRANGLER_CALLERS", default=""),
    "MAIL_BACKEND": env.str("EMAIL_BACKEND", default="django.core.mail.backends.console.EmailBackend"),
    # Reads that need the catalogue are compared too; the service is told that it serves a copy.
    "SHADOW_ALLOWED_HOSTS": [urlsplit(CATALOG_SERVICE_URL).hostname] if CATALOG_SERVICE_URL else [],
    "SHADOW_OBSERVER": "strangler.shadow.log_effect",
    # Every effect of the shop is in its database, in its mails or in its cache.
    "SHADOW_DRY_RUN": True,
}
# A shop that has no proxy yet is in order.
SILENCED_SYSTEM_CHECKS = ["strangler.I001"]

SHOP_CURRENCY = "EUR"
SHOP_SHIPPING_GROSS = Decimal("4.90")
SHOP_SHIPPING_TAX_RATE = Decimal("19.00")
SHOP_FREE_SHIPPING_FROM = Decimal("50.00")
CART_MAX_QUANTITY = 20
CART_MAX_LINES = 50
RESERVATION_TIME = timedelta(minutes=env.int("RESERVATION_MINUTES", default=15))

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO").upper()},
    # Paths and statuses are enough here: SQL carries customers' data and passwords' hashes.
    "loggers": {
        "django.db.backends": {"level": "WARNING"},
        # A request to the catalogue service is no event; what stays unanswered is told by the seam.
        "httpx": {"level": "WARNING"},
    },
}
