"""Settings. Each environment value is read once, here, and a bad one stops the start with a sentence that names it."""

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from resolutionflow import environment as env
from resolutionflow.embedded import places
from resolutionflow.keys import kept_key
from resolutionflow.logs import logging_config
from resolutionflow.patience import PatientConnection, check

BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "pytest" in sys.modules
# A command that somebody runs, as against the web process and the worker.
COMMAND = Path(sys.argv[0]).name == "manage.py" and sys.argv[1:2] != ["procrastinate"]

DATABASE_URL = env.text("DATABASE_URL")
# Without DATABASE_URL everything runs on the embedded PostgreSQL: the demo, the tests, a first look.
EMBEDDED = not DATABASE_URL

# The demo people sign in with a published password: elsewhere the start is refused while they are there (resolutionflow/checks.py).
DEMO = env.boolean("DEMO", default=EMBEDDED)

SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY:
    if not EMBEDDED:
        raise ImproperlyConfigured("SECRET_KEY is not set. Give at least 50 random characters in the environment.")
    # It lies beside the embedded data, so that sign-ins survive a restart.
    SECRET_KEY = kept_key(places.state_dir() / "secret_key")
env.require_strong("SECRET_KEY", SECRET_KEY, 50)

ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")

DEBUG = env.boolean("DEBUG", default=False)
if DEBUG and not (EMBEDDED and all(env.is_this_machine(host) for host in ALLOWED_HOSTS)):
    raise ImproperlyConfigured(
        "DEBUG=true shows settings and data to whoever causes an error, so it works only with the embedded PostgreSQL and on this machine. "
        "Remove DEBUG, or remove DATABASE_URL and other hosts than localhost from ALLOWED_HOSTS."
    )

INSTALLED_APPS = [
    "resolutionflow.apps.ResolutionFlowConfig",
    "resolutionflow.apps.StaffSite",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "channels",
    "allauth",
    "allauth.account",
    "procrastinate.contrib.django",
    "accounts",
    "assistant",
    "flowpilot",
    "evaluation",
    "handoffs",
    "escalations",
]

MIDDLEWARE = [
    "resolutionflow.logs.RequestLog",
    # Early, because answers to errors ask whether the request is HTMX's.
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.answers.NoNul",
    "django.middleware.security.SecurityMiddleware",
    "resolutionflow.staticfiles.StaticFiles",
    # Below the static files, which caches are for.
    "accounts.answers.NotStored",
    # Pages are repetitive: a session goes over the wire in a seventh of its size (decision 18, also on BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.signin.SignInRequired",
    "escalations.rail.EventNumber",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.answers.DatabaseAway",
]

ROOT_URLCONF = "resolutionflow.urls"
ASGI_APPLICATION = "resolutionflow.asgi.application"
WSGI_APPLICATION = None

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "escalations.rail.rail",
            ],
            "builtins": ["accounts.templatetags.words", "flowpilot.templatetags.hidden"],
        },
    }
]

# --- database -----------------------------------------------------------------------------------------------------
if not EMBEDDED:
    _database = env.database("DATABASE_URL")
else:
    _database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "resolutionflow",
        "USER": "postgres",
        "PASSWORD": "",
        "HOST": str(places.socket_dir("test" if TESTING else None)),
        "PORT": "5432",
    }
# Under ASGI each request would open a connection of its own; the pool halves the time of a claim. Connections are opened late.
# Connections are checked when they are taken, because those of before a restart of the database are dead. One that cannot be made is
# given up after a second: the next request tries at once, where the pool alone would pause for minutes after a long outage.
_pool = {
    "min_size": 0,
    "max_size": env.integer("DATABASE_POOL_SIZE", default=10, least=1),
    "timeout": 5,
    "reconnect_timeout": 1,
    # No statement waits for ever for a server that has gone silent.
    "connection_class": PatientConnection,
    "check": check,
}
_database.setdefault("OPTIONS", {})["pool"] = False if TESTING else _pool
_database["OPTIONS"].setdefault("connect_timeout", 5)
_database["CONN_MAX_AGE"] = 0
_database["CONN_HEALTH_CHECKS"] = True
_database["ATOMIC_REQUESTS"] = False
# Two test runs beside each other need two databases.
_database["TEST"] = {"NAME": "test_resolutionflow" + env.text("TEST_DATABASE_SUFFIX")}
DATABASES = {"default": _database}
# Behind a transaction pooler LISTEN needs a connection of its own that goes past it.
LISTEN_DATABASE_URL = env.text("LISTEN_DATABASE_URL")
if LISTEN_DATABASE_URL:
    env.database("LISTEN_DATABASE_URL")  # only to have it checked: psycopg reads the URL itself
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people and sign-in -------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.signin.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_TIMEOUT = 900
# allauth counts in each process for itself; accounts/attempts.py counts in the database.
ACCOUNT_RATE_LIMITS = False
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "accounts.answers.csrf_failed"

# --- the browser --------------------------------------------------------------------------------------------------
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# HTTPS is the rule outside the demo; HTTP_ONLY=true is for a trusted network without it.
HTTP_ONLY = env.boolean("HTTP_ONLY", default=DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not HTTP_ONLY
SECURE_SSL_REDIRECT = not HTTP_ONLY and not TESTING
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if HTTP_ONLY else env.integer("HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not HTTP_ONLY
BEHIND_PROXY = env.boolean("BEHIND_PROXY", default=False)
# How many proxies of ours add the address they see to X-Forwarded-For; 0 takes the peer of the connection.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", default=1 if BEHIND_PROXY else 0)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Without a collected, hashed copy: the demo and the tests.
_plain_static_files = EMBEDDED or DEMO
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if _plain_static_files
        else "resolutionflow.staticfiles.HashedStaticFiles"
    },
}
WHITENOISE_USE_FINDERS = _plain_static_files
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- secrets ------------------------------------------------------------------------------------------------------
# What encrypts the credentials that somebody types in a session: the first key encrypts, all of them decrypt.
SECRETS_KEYS = env.names("SECRETS_KEY")
if not SECRETS_KEYS:
    if not EMBEDDED:
        raise ImproperlyConfigured(
            "SECRETS_KEY is not set. Give at least 32 random characters in the environment; it encrypts the passwords that are typed in "
            "sessions, and without it those that are kept cannot be read any more. Several, separated by commas: the first encrypts."
        )
    SECRETS_KEYS = [kept_key(places.state_dir() / "secrets_key")]
if any(len(key) < 32 for key in SECRETS_KEYS):
    raise ImproperlyConfigured("SECRETS_KEY holds a key of fewer than 32 characters. Make one with: openssl rand -base64 48")
# Only the one that encrypts: a weak key of earlier times must still decrypt until its secrets are renewed.
env.require_strong("SECRETS_KEY", SECRETS_KEYS[0], 32)
if SECRET_KEY in SECRETS_KEYS:
    raise ImproperlyConfigured("SECRETS_KEY is the same as SECRET_KEY. Give each a random value of its own.")
# How long the secrets of a session are kept after it was resolved or given up.
SECRETS_KEPT_DAYS = env.integer("SECRETS_KEPT_DAYS", default=7)

# --- words and time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = env.time_zone("TIME_ZONE", default="UTC")

# --- FlowPilot ----------------------------------------------------------------------------------------------------
# Who assists: "offline" (playbooks, no network), or "llm" (the model named below, with offline behind it).
ASSISTANT = env.text("ASSISTANT", default="offline")
if ASSISTANT not in ("offline", "llm"):
    raise ImproperlyConfigured('ASSISTANT is "offline" or "llm".')
# Checked by assistant.llm.config where ASSISTANT is "llm"; docs/operating.md says what each means.
ASSISTANT_LLM: dict[str, Any] = {
    "provider": env.text("ASSISTANT_PROVIDER", default="openai"),
    "base_url": env.text("ASSISTANT_BASE_URL"),
    "key": env.text("ASSISTANT_KEY"),
    "quick": env.text("ASSISTANT_QUICK_MODEL"),
    "strong": env.text("ASSISTANT_STRONG_MODEL"),
    "try_seconds": env.number("ASSISTANT_TRY_SECONDS", default=60.0),
    "tries": env.integer("ASSISTANT_TRIES", default=3),
    "total_seconds": env.number("ASSISTANT_TOTAL_SECONDS", default=300.0),
    "reply_seconds": env.number("ASSISTANT_REPLY_SECONDS", default=90.0),
    "update_seconds": env.number("ASSISTANT_UPDATE_SECONDS", default=20.0),
    "calls_per_day": env.integer("ASSISTANT_CALLS_PER_DAY", default=2000),
    "tokens_per_day": env.integer("ASSISTANT_TOKENS_PER_DAY", default=5_000_000),
    "trips_after": env.integer("ASSISTANT_TRIPS_AFTER", default=3),
    "rest_seconds": env.number("ASSISTANT_REST_SECONDS", default=60.0),
}
# Folders with playbooks beside the product's own, separated by commas.
PLAYBOOK_DIRS = [Path(folder) for folder in env.names("PLAYBOOK_DIRS")]

LOGGING_CONFIG = None
logging_config(debug=DEBUG, quiet=TESTING or COMMAND)
