"""Every setting of EventFlow, read from the environment once. A missing one is told in a sentence.

Without DATABASE_URL and DEBUG this is a trial on one machine: SQLite, memory, demo data, mail on a
page. Otherwise nothing unsafe is assumed. It is long because all settings have one place.
"""

import hmac
import logging
import sys
from pathlib import Path
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from whitenoise.compress import Compressor

from eventflow import database
from eventflow.core import addresses
from eventflow.core.private_files import protect_folder
from eventflow.environment import Environment
from eventflow.operations.local_secret import check_secret, local_secret_key
from eventflow.server.proxies import networks

BASE_DIR = Path(__file__).resolve().parent.parent
# Every value NAME may also stand in a file that NAME_FILE names.
env = Environment()
TESTING = "pytest" in sys.modules
if not TESTING:
    env.read_file(BASE_DIR / ".env")

# The folder of SQLite, the mail of a trial and the static files; EventFlow writes nowhere else.
DATA_DIR = BASE_DIR / (env.str("DATA_DIR", default="") or "var")
DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL is redis://host:6379/0, rediss://… or unix://….")

# --- Basics ---------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
# A person tries EventFlow out on their own machine: neither a database nor DEBUG=False is set.
TRIAL = not DATABASE_URL and env.bool("DEBUG", default=True)
NO_TRIAL_BECAUSE = "DATABASE_URL is set" if DATABASE_URL else "DEBUG=False is set"
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="") or (
    local_secret_key(DATA_DIR) if TRIAL else ""
)
if not TRIAL and not (DEBUG and SECRET_KEY):
    check_secret(SECRET_KEY, because=NO_TRIAL_BECAUSE)
# Keys of before, with which what they signed or encrypted can still be read: docs/operations.md,
# "Rotate keys".
SECRET_KEY_FALLBACKS = env.list("DJANGO_SECRET_KEY_FALLBACKS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# Origins whose pages may call the JSON API; nothing else answers to them, and no cookie goes with
# it.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "x-request-id",
    "x-requested-with",
]
CORS_EXPOSE_HEADERS = [
    "Content-Disposition",
    "Content-Language",
    "Idempotent-Replayed",
    "Link",
    "Retry-After",
    "X-Ignored-Fields",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
    "X-Total-Count",
]
CSRF_FAILURE_VIEW = "eventflow.core.csrf_origin.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HOST, PORT = env.str("HOST", default="") or "127.0.0.1", env.int("PORT", default=8000)
# The base of the activation link. A "{token}" in it is replaced instead, for a separate front end.
FRONTEND_ACTIVATION_URL = (
    env.str("FRONTEND_ACTIVATION_URL", default="") or f"http://localhost:{PORT}"
)
ACTIVATION = addresses.url(FRONTEND_ACTIVATION_URL, name="FRONTEND_ACTIVATION_URL")
# The address people reach us at: the base of every other link in a mail.
SITE_URL_GIVEN = env.str("SITE_URL", default="")
SITE_URL = addresses.origin(
    SITE_URL_GIVEN or f"{ACTIVATION.scheme}://{ACTIVATION.netloc}", name="SITE_URL"
)
HTTPS = SITE_URL.startswith("https://")
if TRIAL:
    addresses.check_trial_is_local(host=HOST, site=SITE_URL)
# The addresses and networks of proxies that are trusted to name the client's address and scheme.
# Such headers from any other peer are dropped.
try:
    TRUSTED_PROXIES = networks(env.list("TRUSTED_PROXIES", default=[]))
except ValueError as error:
    raise ImproperlyConfigured(
        "TRUSTED_PROXIES takes addresses and networks with commas, as 10.0.0.7,172.16.0.0/12: "
        f"{error}."
    ) from error
# Load tests switch every limit off; a deploy check warns.
RATE_LIMITS = env.bool("RATE_LIMITS", default=True)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks_db",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "channels",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "eventflow",
    "accounts",
    "events",
    "tickets",
]

MIDDLEWARE = [
    "eventflow.observability.request_context.RequestIdMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "eventflow.core.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.ApiCookieMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "eventflow.core.request_input.InputMiddleware",
    "eventflow.server.handler.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.ReauthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "eventflow.error_pages.RefusedMiddleware",
]

ROOT_URLCONF = "eventflow.urls"
ASGI_APPLICATION = "eventflow.asgi.application"
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
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "eventflow.templatetags.design",
                "eventflow.templatetags.form_drafts",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database -------------------------------------------------------------------------------------

named = DATABASE_URL and database.from_url(DATABASE_URL, relative_to=BASE_DIR)
DATABASE = named or database.sqlite(DATA_DIR / "eventflow.sqlite3")
# Embedded: the database is a SQLite file, however it was named.
EMBEDDED = DATABASE["ENGINE"] == database.SQLITE
if EMBEDDED:
    database.protect_files(DATABASE, data_dir=DATA_DIR)
# Each thread keeps one connection, which is checked before a request uses it again.
DATABASES = {"default": {**DATABASE, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}}

# --- Threads, channel layer, cache ----------------------------------------------------------------

# How many requests run at once in one web process (each on a thread and a database connection of
# its own), and how many may wait for a thread before the next one is answered 503 with Retry-After.
WEB_THREADS = env.int("WEB_THREADS", default=8, at_least=1)
WEB_WAITING = env.int("WEB_WAITING", default=1000)
# How long a web process still takes requests after SIGTERM, while /health/ready answers 503: as
# long as a proxy needs to notice.
DRAIN_SECONDS = env.float("DRAIN_SECONDS", default=0)
# How many live sockets one address (of IPv6 one /64) may hold in one web process: enough for a hall
# behind one address, too few for a flood.
SOCKETS_PER_ADDRESS = env.int("SOCKETS_PER_ADDRESS", default=1000, at_least=1)
# How many web processes share this configuration; more than one needs PostgreSQL and Redis (a
# system check).
WEB_PROCESSES = env.int("WEB_PROCESSES", default=1, at_least=1)

if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
    CACHES = {
        "default": {"BACKEND": "eventflow.core.cache.BestEffortRedisCache", "LOCATION": REDIS_URL}
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    # Rate limits count here: with Django's 300 entries a client could evict the counters of others
    # by making many.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }

# --- Mail and tasks -------------------------------------------------------------------------------

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
EMAIL_HOST_GIVEN = env.str("EMAIL_HOST", default="")
# The page that shows mail instead of sending it exists only where there is nothing to protect.
DEV_MAIL = TRIAL and not EMAIL_HOST_GIVEN
# Read whether mail is sent or not: a port without a host is no unknown setting.
SMTP = {
    "host": EMAIL_HOST_GIVEN,
    "port": env.int("EMAIL_PORT", default=25),
    "use_tls": env.bool("EMAIL_USE_TLS", default=False),
    "username": env.str("EMAIL_HOST_USER", default=""),
    "password": env.str("EMAIL_HOST_PASSWORD", default=""),
    "timeout": 10,
}
if EMAIL_HOST_GIVEN:
    MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": SMTP}
    }
elif DEV_MAIL:
    protect_folder(DATA_DIR / "mail")
    MAILERS = {
        "default": {
            "BACKEND": "eventflow.mail.files.PrivateFileBackend",
            "OPTIONS": {"file_path": str(DATA_DIR / "mail")},
        }
    }
else:
    raise ImproperlyConfigured(
        f"Set EMAIL_HOST to your SMTP server: {NO_TRIAL_BECAUSE}, so mail is not shown on a page."
    )
DEFAULT_FROM_EMAIL = addresses.sender(
    env.str("DEFAULT_FROM_EMAIL", default="") or "EventFlow <hello@localhost>",
    name="DEFAULT_FROM_EMAIL",
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# A decision can be taken back for this long before its mail leaves.
MAIL_DECISION_DELAY_SECONDS = env.int("MAIL_DECISION_DELAY_SECONDS", default=10)
# How often a worker says that it lives; after four silent beats its task goes to another.
WORKER_BEAT_SECONDS = env.float("WORKER_BEAT_SECONDS", default=5)
# A file that is touched at every beat, for a keeper of containers that asks whether this worker
# lives.
WORKER_PULSE_FILE = env.str("WORKER_PULSE_FILE", default="")

# --- People ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_RULES = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.password_validation.GuessableValidator"},
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "accounts.password_validation.FirstReasonValidator",
        "OPTIONS": {"rules": PASSWORD_RULES},
    }
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "events:list"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_FORMS = {
    "login": "accounts.allauth_forms.LoginForm",
    "signup": "accounts.allauth_forms.SignupForm",
    "add_email": "accounts.allauth_forms.NewEmailForm",
    "change_password": "accounts.allauth_forms.ChangePasswordForm",
    "set_password": "accounts.allauth_forms.SetPasswordForm",
    "reset_password": "accounts.allauth_forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.allauth_forms.NewPasswordForm",
    "reauthenticate": "accounts.allauth_forms.ReauthenticateForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None
# A browser is logged out this long after it was last seen; a program, when its refresh token ends.
SESSION_IDLE_DAYS = env.int("SESSION_IDLE_DAYS", default=14, at_least=1)
SESSION_COOKIE_AGE = SESSION_IDLE_DAYS * 86400
# Both are logged out this long after the log-in, however often they come back.
SESSION_MAX_DAYS = env.int("SESSION_MAX_DAYS", default=60, at_least=1)
SESSION_MAX_SECONDS = SESSION_MAX_DAYS * 86400
# Wrong passwords; the other limits are allauth's own. docs/security.md says what each is for.
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = (
    {
        "login_failed": "10/m/ip,5/300s/key",
        "login_failed_line": "20/3600s/key",
        "login_failed_known": "10/300s/key",
        "login_failed_account": "100/3600s/key",
        # How often an organizer may invite door staff.
        "invite_door_staff": "60/1h/user",
    }
    if RATE_LIMITS
    else False
)
MFA_RATE_LIMITS: dict[str, str] | bool = {} if RATE_LIMITS else False
# Its value names for a year the accounts that were logged in to with a browser.
KNOWN_BROWSER_COOKIE_NAME = "__Secure-known_browser" if HTTPS else "known_browser"
ACCOUNT_LOGOUT_REDIRECT_URL = "events:list"
ACCOUNT_LOGOUT_ON_GET = False
# A new address takes the account over, so it asks for the password once more.
ACCOUNT_REAUTHENTICATION_REQUIRED = True

# --- Two-step sign-in -----------------------------------------------------------------------------

# Every person may set it up; with this, an Admin without it is led to the page that does, and to no
# other.
ADMINS_NEED_TWO_FACTORS = env.bool("ADMINS_NEED_TWO_FACTORS", default=False)
MFA_ADAPTER = "accounts.second_factor.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Without https browsers offer passkeys to http://localhost alone.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = "EventFlow"
# A phone's clock may be half a minute wrong.
MFA_TOTP_TOLERANCE = 1
# A person is logged in only after their address is proven; an unverified one beside it is a new
# address that they asked for.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "accounts.allauth_forms.CodeForm",
    "reauthenticate": "accounts.allauth_forms.CodeAgainForm",
    "activate_totp": "accounts.allauth_forms.ActivateAppForm",
    "add_webauthn": "accounts.allauth_forms.AddPasskeyForm",
    "edit_webauthn": "accounts.allauth_forms.RenamePasskeyForm",
}

# --- The JSON API ---------------------------------------------------------------------------------

# Older clients log in once an hour and never refresh.
ACCESS_TOKEN_LIFETIME_MINUTES = env.int("ACCESS_TOKEN_LIFETIME_MINUTES", default=60, at_least=1)
REFRESH_TOKEN_LIFETIME_DAYS = env.int("REFRESH_TOKEN_LIFETIME_DAYS", default=7, at_least=1)
HEADLESS_CLIENTS = ["app"]
HEADLESS_TOKEN_STRATEGY = "accounts.allauth_bridge.TokenStrategy"  # noqa: S105  a class, no password
HEADLESS_JWT_ALGORITHM = "HS256"
# A separate key, so that no other signature of the site is valid as a token.
HEADLESS_JWT_PRIVATE_KEY = hmac.digest(SECRET_KEY.encode(), b"eventflow.jwt", "sha256").hex()
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = ACCESS_TOKEN_LIFETIME_MINUTES * 60
HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = REFRESH_TOKEN_LIFETIME_DAYS * 86400
# Every token is looked up: log-out, a new password and a block count from the next request on.
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True
HEADLESS_JWT_ROTATE_REFRESH_TOKEN = True
# Requests per window, for each person who is signed in and each address that is not.
API_RATE_PERSON = env.str("API_RATE_PERSON", default="600/minute")
API_RATE_ADDRESS = env.str("API_RATE_ADDRESS", default="300/minute")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.tokens.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # No body has nested values. An endpoint whose body has them takes JSON alone.
    "DEFAULT_PARSER_CLASSES": [
        "eventflow.api.parsers.JsonBody",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "eventflow.api.schema.EnvelopeSchema",
    "EXCEPTION_HANDLER": "eventflow.api.refusals.refusal_response",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "EventFlow",
    "DESCRIPTION": (BASE_DIR / "eventflow/api/about.md").read_text(),
    "TAGS": [
        {"name": "Users", "description": "Signing up, signing in, and what Admins do with people."},
        {
            "name": "Events",
            "description": "The public list, and what organizers do with their events.",
        },
        {"name": "Reservations", "description": "Reserving, the queue, and tickets."},
        {"name": "Door", "description": "Who is this, and let them in."},
    ],
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": SITE_URL}],
    # Each address under /api/v1/ is one without it.
    "PREPROCESSING_HOOKS": ["eventflow.api.schema.without_versions"],
    # A PATCH says itself what it can do without.
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_NAME_OVERRIDES": {
        "Admission": "events.models.Event.Admission",
        "Role": "accounts.models.User.Role",
        "EventStatus": "events.models.Event.Status",
        "ReservationStatus": "tickets.models.Reservation.Status",
        "StandingStatus": "eventflow.api.serializers.reservations.STANDINGS",
        "DecisionStatus": "eventflow.api.serializers.reservations.DECISIONS",
    },
}

# --- Languages and time ---------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# Each in its own language, because people look for theirs.
LANGUAGES = [("en", "English"), ("pl", "Polski")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="") or "Europe/Warsaw"
if TIME_ZONE not in available_timezones():
    raise ImproperlyConfigured("TIME_ZONE is the name of a time zone, as Europe/Warsaw.")

# --- Static files ---------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Source maps of the API's reference, 6 MB that only open developer tools ask for: squeezing them
# takes as long as everything else.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "eventflow.server.staticfiles.HashedStorage"
    }
}

# --- Security -------------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "worker-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_SSL_REDIRECT = False  # the proxy redirects: it knows the ports
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# W008 is the redirect above. W021 is the browsers' preload list, which the owner of a domain joins
# for all of it, not one program on it.
SILENCED_SYSTEM_CHECKS = ["security.W008", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
# With this prefix browsers accept a cookie over https only and from this host alone: no other host
# of the domain can set one.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = (
    f"{COOKIE_PREFIX}{name}" for name in ("sessionid", "csrftoken", "django_language")
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Tickets --------------------------------------------------------------------------------------

# 32 bytes in base64. Empty: made once and stored in the database.
TICKET_SIGNING_KEY = env.str("TICKET_SIGNING_KEY", default="")
# Whether unsigned tickets of an older backend (`Reservation:<id>|Event:<title>`) are valid at
# check-in.
UNSIGNED_TICKETS = env.bool("UNSIGNED_TICKETS", default=False)

# --- What operators see ---------------------------------------------------------------------------

# What /health/ tells of the build, if it is set.
APP_VERSION = env.str("APP_VERSION", default="")
GIT_COMMIT = env.str("GIT_COMMIT", default="")
BUILD_TIME = env.str("BUILD_TIME", default="")
# The token that /metrics asks for; empty: there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Where errors are sent, without personal data; empty: nowhere.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
# `json`: one object a line, for programs that collect logs; `text`: lines for people.
LOG_FORMAT = env.str("LOG_FORMAT", default="") or ("text" if EMBEDDED else "json")
if LOG_FORMAT not in {"text", "json"}:
    raise ImproperlyConfigured(f"LOG_FORMAT is text or json, not {LOG_FORMAT!r}.")
LOG_LEVEL = (env.str("LOG_LEVEL", default="") or "INFO").upper()
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise ImproperlyConfigured("LOG_LEVEL is DEBUG, INFO, WARNING, ERROR or CRITICAL.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "paths": {"()": "eventflow.observability.logs.PathFilter"},
        "strange_host": {"()": "eventflow.observability.logs.UnknownHostFilter"},
    },
    "formatters": {
        "text": {"()": "eventflow.observability.logs.Line"},
        "json": {"()": "eventflow.observability.logs.JsonLine"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["paths"],
        },
        # A logger without any handler would still print its warnings.
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Any client can cause it by a header, so it is a warning and no error.
        "django.security.DisallowedHost": {"filters": ["strange_host"]},
        # Without Django's own handlers, which repeat every line unmasked while DEBUG is on.
        "django": {"handlers": []},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "daphne": {"level": "WARNING"},
        # It writes a traceback a second while Redis is away; events.live.channel says so once.
        "channels_redis": {"level": "CRITICAL"},
        "django_tasks_db": {"level": "WARNING"},
        "django.tasks": {"level": "WARNING"},
        # It logs the whole HTML of a ticket, QR code included, when a font is missing.
        "xhtml2pdf": {"handlers": ["nowhere"], "propagate": False},
        "fontTools": {"level": "WARNING"},
    },
}

# The names that are set and not read; a system check names them at start.
UNKNOWN_SETTINGS = env.unknown()
