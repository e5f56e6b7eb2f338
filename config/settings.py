"""Every setting, from the environment where machines differ; .env.example lists what it may say."""

import os
import secrets
import sys
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
import structlog
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.api.components import shared_components
from core.read_through.connecting import learn_run
from core.servers import LOCAL, PROJECT, database_url, redis_url
from core.servers.account import give_to_owner_of, make_folder

django_stubs_ext.monkeypatch()

env = environ.Env()
env.read_env(PROJECT / ".env")


def secret_key() -> str:
    """SECRET_KEY; in a development checkout one of its own, made at the first start."""
    given: str = env.str("SECRET_KEY", "")
    if given:
        return given
    if PRODUCTION:
        raise ImproperlyConfigured("In production SECRET_KEY must be set, long and random.")
    path = LOCAL / "secret_key"
    make_folder(LOCAL)
    mine = path.with_name(f"secret_key.{os.getpid()}")
    mine.touch(mode=0o600)
    mine.write_text(secrets.token_urlsafe(50))
    give_to_owner_of(LOCAL, mine)
    try:
        # Whole or not at all, and once: the first of several commands wins.
        os.link(mine, path)
    except FileExistsError:
        pass
    finally:
        mine.unlink()
    return path.read_text()


# Out of production the program answers to this machine only and needs nothing set; in production
# it insists on a secret, on its host names and on HTTPS.
PRODUCTION: bool = env.bool("PRODUCTION", False)
DEBUG: bool = env.bool("DEBUG", False)
HTTPS: bool = env.bool("HTTPS", PRODUCTION)
SECRET_KEY = secret_key()
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- Programs -----------------------------------------------------------------------------------

# Ours, from the bottom up.
APPS = ["organizations", "ledger", "invoicing", "settlements", "analytics"]

INSTALLED_APPS = [
    # Not Unfold's default configuration, which would put its own site in the place of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "config.apps.BooksAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_prometheus",
    "django_structlog",
    "waffle",
    "csp",
    *APPS,
    *(["demo"] if (PROJECT / "demo" / "__init__.py").exists() else []),
]

MIDDLEWARE = [
    "config.middleware.ProbesMiddleware",
    "config.middleware.RequestIdMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.AdminScriptsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "organizations.middleware.CurrentOrganizationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "waffle.middleware.WaffleMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -----------------------------------------------------------------------------------


SESSION_LIMITS = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s"


def database() -> dict[str, Any]:
    found: dict[str, Any] = env.db_url_config(database_url())
    options = found.setdefault("OPTIONS", {})
    # A unix socket's folder stands in the query, as libpq's URLs have it; Django wants a host.
    found["HOST"] = options.pop("host", found["HOST"])
    # psycopg prepares a statement on the server at this execution of it; 0 never does, which a
    # PgBouncer in transaction mode older than 1.21 needs.
    options["prepare_threshold"] = env.int("DATABASE_PREPARE", 5) or None
    # Nobody waits for a lock for ever, and whoever died in the middle of a transaction, or whose
    # network did, does not hold its locks until the connection is missed.
    options.setdefault("options", env.str("DATABASE_SESSION", SESSION_LIMITS))
    # Connections that the threads of one process share; 0 is one connection a thread.
    if pool := env.int("DATABASE_POOL", 0):
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
    else:
        found["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
    return found | {"CONN_HEALTH_CHECKS": True}


DATABASES = {"default": database()}

# --- Cache and background work --------------------------------------------------------------------

FIGURES_TIMEOUT_S: float = env.float("FIGURES_TIMEOUT_S", 0.06)


def figures_url() -> str:
    """Redis for figures, which is not waited for: a read has PostgreSQL as well.

    The time-outs stand in the address because django-redis has one pool of connections for each.
    """
    times = f"socket_timeout={FIGURES_TIMEOUT_S}&socket_connect_timeout={FIGURES_TIMEOUT_S}"
    return f"{redis_url()}{'&' if '?' in redis_url() else '?'}{times}"


CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": redis_url(),
        "KEY_PREFIX": "countinghouse",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
            # The cache holds nothing that the database does not: without it we are slower.
            "IGNORE_EXCEPTIONS": True,
            # Once more for a connection that has gone stale, and no waiting in between.
            "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 1)},
        },
    },
    # Only for core/read_through, which has its own answer to a Redis that is away.
    "figures": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": figures_url(),
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "CONNECTION_POOL_KWARGS": {
                "retry": Retry(NoBackoff(), 0),
                "redis_connect_func": learn_run,
            },
        },
    },
}
# The embedded Redis may well not run: only where one was promised is its absence news.
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = "REDIS_URL" in os.environ

# Celery writes the path of a unix socket in another way than redis-py.
CELERY_BROKER_URL: str = env.str(
    "CELERY_BROKER_URL",
    redis_url().replace("unix://", "redis+socket://").replace("?db=", "?virtual_host="),
)
# Redis does not know when a worker has died: what was taken and not acknowledged comes back after
# the visibility timeout, which therefore is longer than any task may take. RabbitMQ does know.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if CELERY_BROKER_URL.startswith(("amqp", "pyamqp"))
    else {
        "visibility_timeout": env.int("CELERY_VISIBILITY_TIMEOUT_S", 900),
        "socket_connect_timeout": 2,
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Both are needed for a task to outlive a `kill -9` of its worker; so tasks are safe to run twice.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = env.int("CELERY_TASK_TIME_LIMIT_S", 600)
CELERY_TASK_IGNORE_RESULT = True
# No results are kept, so beat needs no schedule for clearing them away.
CELERY_RESULT_EXPIRES = None
# A request does not wait for a broker that is away: what has to happen is swept from the database.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# An organization's alerts go where its owners say; in production, to public addresses alone.
WEBHOOKS_MAY_BE_PRIVATE: bool = env.bool("WEBHOOKS_MAY_BE_PRIVATE", not PRODUCTION)

# --- People and security --------------------------------------------------------------------------

AUTH_USER_MODEL = "organizations.User"
WAFFLE_FLAG_MODEL = "organizations.FeatureFlag"
WAFFLE_CREATE_MISSING_FLAGS = False
# Its pages are about its own flags, which nothing asks for: organizations/admin/flags.py has ours.
WAFFLE_ENABLE_ADMIN_PAGES = False
AUTHENTICATION_BACKENDS = ["organizations.permissions.OrganizationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", HTTPS)
SECURE_HSTS_PRELOAD: bool = env.bool("SECURE_HSTS_PRELOAD", False)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Only behind a proxy that sets this header itself, as anybody could send it.
if env.bool("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        # Unfold places its menus and charts by style attributes.
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
# Unfold's Alpine evaluates the expressions in its templates, so the admin alone may do that.
ADMIN_SCRIPT_SOURCES = ["'unsafe-eval'"]

# Without a token, metrics are for this machine's own eyes: they are refused in production.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", "")

# --- Language, time, files ------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LOCALE_PATHS = [PROJECT / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(LOCAL / "static")))
STATICFILES_DIRS = [PROJECT / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
if not PRODUCTION:
    # There whitenoise finds the files where they are, but asks for the folder all the same.
    make_folder(STATIC_ROOT)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(LOCAL / "media")))

# --- API ------------------------------------------------------------------------------------------

# Of each key or person; 0 is without a limit. Counted in Redis where one was promised, so that
# all processes count together.
API_REQUESTS_PER_MINUTE: int = env.int("API_REQUESTS_PER_MINUTE", 120_000)
API_THROTTLE_IN_REDIS: bool = env.bool("API_THROTTLE_IN_REDIS", "REDIS_URL" in os.environ)
# How long an answer is kept for a request that is repeated with its Idempotency-Key.
IDEMPOTENCY_TTL_S: int = env.int("IDEMPOTENCY_TTL_S", 86_400)

# Our views answer by themselves (core/api/views.py); this is for drf-spectacular's pages.
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.ApiSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Countinghouse",
    "DESCRIPTION": (PROJECT / "core" / "api" / "description.md").read_text(),
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVERS": [{"url": "/", "description": "This installation"}],
    "APPEND_COMPONENTS": shared_components(),
    "COMPONENT_SPLIT_REQUEST": False,
    "ENUM_NAME_OVERRIDES": {
        "EntryStatus": "ledger.models.EntryStatus",
        "AccountStatus": "ledger.models.AccountStatus",
        "AccountType": "ledger.models.AccountType",
        "AccountRole": "ledger.models.AccountRole",
        "CashKind": "ledger.models.CashKind",
        "MemberRole": "organizations.models.Role",
        "JobOutcome": "organizations.models.JobOutcome",
        "OrderStatus": "invoicing.models.OrderStatus",
        "InvoiceStatus": "invoicing.models.InvoiceStatus",
        "TaxCategory": "invoicing.models.TaxCategory",
        "PaymentMethod": "invoicing.models.PaymentMethod",
        "TransactionType": "invoicing.models.TransactionType",
        "TransactionStatus": "invoicing.models.TransactionStatus",
        "DocumentKind": "invoicing.models.DocumentKind",
        "MovementKind": "invoicing.selectors.movements.MovementKind",
        "PayeeStatus": "settlements.models.PayeeStatus",
        "FeeBearer": "settlements.models.FeeBearer",
        "ScheduleEvery": "settlements.models.Every",
        "SettlementStatus": "settlements.models.SettlementStatus",
        "PayoutStatus": "settlements.models.PayoutStatus",
        "AdjustmentKind": "settlements.models.AdjustmentKind",
        "BatchFormat": "settlements.models.BatchFormat",
        "SettlementLineKind": ["sale", "refund", "adjustment", "fee"],
    },
    "SORT_OPERATION_PARAMETERS": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "displayRequestDuration": True},
    "REDOC_DIST": "SIDECAR",
}

# --- Admin ----------------------------------------------------------------------------------------

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Countinghouse",
    "SITE_HEADER": "Countinghouse",
    "SITE_SUBHEADER": "config.admin.organization_name",
    "SITE_SYMBOL": "account_balance",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        # Dark enough at 600 for white text on it.
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(77.7% .152 181.912)",
            "500": "oklch(70.4% .14 182.503)",
            "600": "oklch(51.1% .096 186.391)",
            "700": "oklch(43.7% .078 188.216)",
            "800": "oklch(38.6% .063 188.416)",
            "900": "oklch(32% .054 190)",
            "950": "oklch(27.7% .046 192.524)",
        },
    },
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "config.admin.favicon"},
    ],
    "STYLES": ["config.admin.stylesheet"],
    "SCRIPTS": ["config.admin.script"],
    "LOGIN": {"form": "organizations.login.LoginForm"},
    "DASHBOARD_CALLBACK": "settlements.admin.dashboard.dashboard",
    "SIDEBAR": {"navigation": "config.admin.sidebar"},
}

# --- Logs: one JSON object a line on standard error, readable lines on a terminal -----------------

LOG_LEVEL: str = env.str("LOG_LEVEL", "INFO")
LOG_FORMAT: str = env.str("LOG_FORMAT", "console" if sys.stderr.isatty() else "json")

LOG_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOG_RENDERERS: list[structlog.typing.Processor] = (
    [structlog.dev.ConsoleRenderer()]
    if LOG_FORMAT == "console"
    else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": LOG_PROCESSORS,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *LOG_RENDERERS,
            ],
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        **{
            name: {"level": LOG_LEVEL}
            for name in ("django_structlog", "celery", "config", "core", *APPS)
        },
        # It logs each request once more.
        "django.server": {"handlers": [], "propagate": False},
        # Said by django_structlog, with the request's id.
        "django.request": {"level": "ERROR"},
    },
}


def drop_request_started(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """One line a request, its last: the first says nothing more, and threads wait for each line."""
    if event.get("event") == "request_started":
        raise structlog.DropEvent
    return event


structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        drop_request_started,
        *LOG_PROCESSORS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# Checked before by RequestIdMiddleware.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
