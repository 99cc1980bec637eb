"""The project's settings. Each mode is a variable of the environment; without any, the project is as the docs of Simple JWT have it.

ACCESS_S, REFRESH_S   lifetimes in seconds (2, 600)
REFRESH_DELAY_MS      how long a refresh takes, at least (0)
STRICT=1              take refreshes one at a time, so that a refresh token works once
FAMILY=1              a refresh token that is used again ends all logins of its user
AUTHENTICATION        the order of the API's authenticators, of basic, jwt, session (jwt)
REFRESH_VIEW          installed, 5.4, latest or own-codes (installed): see refresh.py
CHECK_REVOKE_TOKEN=1  a changed password ends the tokens that were issued before
REFRESH_RATE          throttle the refresh view, for example 1/min
LANGUAGE_CODE         the language of all texts (en-us)
SLIDING=1             the API takes sliding tokens instead of access tokens
ERRORS=standardized   errors have the form of the package drf-standardized-errors
"""

import os
from datetime import timedelta

from django.conf import settings

STRICT = os.environ.get("STRICT") == "1"
FAMILY = os.environ.get("FAMILY") == "1"
DELAY_S = int(os.environ.get("REFRESH_DELAY_MS", "0")) / 1000
AUTHENTICATION = os.environ.get("AUTHENTICATION", "jwt").split(",")
REFRESH_VIEW = os.environ.get("REFRESH_VIEW", "installed")
CHECK_REVOKE_TOKEN = os.environ.get("CHECK_REVOKE_TOKEN") == "1"
REFRESH_RATE = os.environ.get("REFRESH_RATE") or None
LANGUAGE = os.environ.get("LANGUAGE_CODE", "en-us")
SLIDING = os.environ.get("SLIDING") == "1"
STANDARDIZED_ERRORS = os.environ.get("ERRORS") == "standardized"

AUTHENTICATORS = {
    "basic": "rest_framework.authentication.BasicAuthentication",
    "session": "rest_framework.authentication.SessionAuthentication",
    "jwt": "authentication.PasswordCheckingAuthentication"
    if CHECK_REVOKE_TOKEN
    else "rest_framework_simplejwt.authentication.JWTAuthentication",
}

REFRESH_SERIALIZERS = {
    "installed": "rest_framework_simplejwt.serializers.TokenRefreshSerializer",
    "5.4": "refresh.SerializerOf54",
    "latest": "refresh.LatestSerializer",
    "own-codes": "refresh.OwnCodesSerializer",
}

LOCALE_MIDDLEWARE = ["django.middleware.locale.LocaleMiddleware"]
SESSION_MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"]


def middleware():
    chosen = SESSION_MIDDLEWARE if "session" in AUTHENTICATION else []
    chosen = chosen + (LOCALE_MIDDLEWARE if LANGUAGE != "en-us" else [])
    return [*chosen, "django.middleware.common.CommonMiddleware"]


def simple_jwt():
    chosen = {
        "ACCESS_TOKEN_LIFETIME": timedelta(seconds=float(os.environ.get("ACCESS_S", "2"))),
        "REFRESH_TOKEN_LIFETIME": timedelta(seconds=float(os.environ.get("REFRESH_S", "600"))),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
        "UPDATE_LAST_LOGIN": False,
        "TOKEN_REFRESH_SERIALIZER": REFRESH_SERIALIZERS[REFRESH_VIEW],
    }
    if CHECK_REVOKE_TOKEN:
        chosen["CHECK_REVOKE_TOKEN"] = True
        chosen["TOKEN_OBTAIN_SERIALIZER"] = "login.PasswordCheckingLogin"
    if SLIDING:
        chosen["AUTH_TOKEN_CLASSES"] = ["rest_framework_simplejwt.tokens.SlidingToken"]
        chosen["SLIDING_TOKEN_LIFETIME"] = chosen["ACCESS_TOKEN_LIFETIME"]
        chosen["SLIDING_TOKEN_REFRESH_LIFETIME"] = chosen["REFRESH_TOKEN_LIFETIME"]
    return chosen


def rest_framework():
    chosen = {
        "DEFAULT_AUTHENTICATION_CLASSES": [AUTHENTICATORS[name] for name in AUTHENTICATION],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    }
    if STANDARDIZED_ERRORS:
        chosen["EXCEPTION_HANDLER"] = "errors.standardized"
    return chosen


def configure(directory):
    settings.configure(
        SECRET_KEY=os.urandom(32).hex(),
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="urls",
        USE_TZ=True,
        LOGGING_CONFIG=None,
        LANGUAGE_CODE=LANGUAGE,
        MIDDLEWARE=middleware(),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(directory, "db.sqlite3"),
                "OPTIONS": {"timeout": 30},
            }
        },
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "rest_framework",
            "rest_framework_simplejwt",
            "rest_framework_simplejwt.token_blacklist",
        ],
        REST_FRAMEWORK=rest_framework(),
        SIMPLE_JWT=simple_jwt(),
    )
