"""Applications, middleware order, templates, urls."""

from pathlib import Path

from config.settings.environment import BASE_DIR, env

DEBUG = env.bool("DEBUG", default=False)

FLOORS = ["core", "risk", "accounts", "catalog", "fulfillment", "orders", "distribution"]

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_altcha",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "health_check",
    "import_export",
    "pgtrigger",
    *FLOORS,
    # Try-out goods and people; an image may be built without them.
    *(["demo"] if (BASE_DIR / "demo" / "__init__.py").is_file() else []),
]

# Order: what every answer needs; what answers without asking who it is; who it is; what our floors add.
MIDDLEWARE = [
    "config.middleware.MeasureMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.RequestLogMiddleware",
    "config.middleware.ContentSecurityPolicyMiddleware",
    "catalog.middleware.ChannelMiddleware",
    "catalog.middleware.ViewedMiddleware",
    "catalog.middleware.PageCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.StaffSecondFactor",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = True

SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / "var")))
