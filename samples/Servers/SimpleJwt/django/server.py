"""A small Django REST framework + Simple JWT server on waitress: rotation and blacklisting on, and honest counters.

Started as `server.py DIRECTORY`, it prints its port on the first line of standard output and ends when standard input is closed, so
that it never outlives whoever started it. Settings come from the environment: ACCESS_S, REFRESH_S, STRICT, FAMILY, REFRESH_DELAY_MS.
"""

import collections
import hashlib
import logging
import os
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

import django
from django.conf import settings

DIRECTORY = sys.argv[1]
STRICT = os.environ.get("STRICT") == "1"
FAMILY = os.environ.get("FAMILY") == "1"
DELAY_S = int(os.environ.get("REFRESH_DELAY_MS", "0")) / 1000

settings.configure(
    SECRET_KEY=os.urandom(32).hex(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    LOGGING_CONFIG=None,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(DIRECTORY, "db.sqlite3"), "OPTIONS": {"timeout": 30}}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework_simplejwt.token_blacklist",
    ],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    SIMPLE_JWT={
        "ACCESS_TOKEN_LIFETIME": timedelta(seconds=float(os.environ.get("ACCESS_S", "2"))),
        "REFRESH_TOKEN_LIFETIME": timedelta(seconds=float(os.environ.get("REFRESH_S", "600"))),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
        "UPDATE_LAST_LOGIN": False,
    },
)
django.setup()
logging.disable(logging.CRITICAL)

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken  # noqa: E402
from rest_framework_simplejwt.tokens import RefreshToken  # noqa: E402
from rest_framework_simplejwt.views import TokenBlacklistView, TokenObtainPairView, TokenRefreshView  # noqa: E402

lock = threading.Lock()
one_at_a_time = threading.Lock()
counts = collections.Counter()
presented = collections.Counter()
in_flight = 0
refreshed_at = []


def count(name):
    with lock:
        counts[name] += 1


def blacklist_all(user_id):
    for token in OutstandingToken.objects.filter(user_id=user_id):
        BlacklistedToken.objects.get_or_create(token=token)


def remember(refresh):
    """Stock rotation forgets to list the new token as outstanding, and so it couldn't be revoked."""
    token = RefreshToken(refresh)
    OutstandingToken.objects.get_or_create(
        jti=token["jti"],
        defaults={
            "user_id": token["user_id"],
            "token": refresh,
            "created_at": datetime.fromtimestamp(token["iat"], timezone.utc),
            "expires_at": datetime.fromtimestamp(token["exp"], timezone.utc),
        },
    )


class Refresh(TokenRefreshView):
    """Stock rotation checks the blacklist and then inserts: it isn't atomic. STRICT takes refreshes one at a time."""

    def post(self, request, *args, **kwargs):
        global in_flight
        token = str(request.data.get("refresh", ""))
        with lock:
            in_flight += 1
            counts["refresh_calls"] += 1
            refreshed_at.append(time.monotonic())
            counts["refresh_peak_in_flight"] = max(counts["refresh_peak_in_flight"], in_flight)
            presented[hashlib.sha256(token.encode()).hexdigest()] += 1
        try:
            time.sleep(DELAY_S)
            if STRICT or FAMILY:
                with one_at_a_time:
                    response = self.rotate(request, token, *args, **kwargs)
            else:
                response = super().post(request, *args, **kwargs)
            remember(response.data["refresh"])
            count("refresh_ok")
            return response
        except Exception:
            count("refresh_failed")
            raise
        finally:
            with lock:
                in_flight -= 1

    def rotate(self, request, token, *args, **kwargs):
        try:
            return super().post(request, *args, **kwargs)
        except Exception:
            if FAMILY:
                used = OutstandingToken.objects.filter(token=token).first()
                if used is not None:
                    blacklist_all(used.user_id)
            raise


class Me(APIView):
    def get(self, request):
        count("api_ok")
        return Response({"user": request.user.username, "jti": request.auth["jti"], "exp": request.auth["exp"]})

    def handle_exception(self, exc):
        count("api_401")
        return super().handle_exception(exc)


class Echo(Me):
    def post(self, request):
        count("api_ok")
        body = request._request.body
        return Response({"sha256": hashlib.sha256(body).hexdigest(), "length": len(body)})


def stats(request):
    with lock:
        twice = sum(1 for times in presented.values() if times > 1)
        answer = {**counts, "presented_twice": twice}
        if len(refreshed_at) > 1:
            answer["shortest_gap_s"] = min(later - earlier for earlier, later in zip(refreshed_at, refreshed_at[1:]))
        return JsonResponse(answer)


@csrf_exempt
def reset(request):
    with lock:
        counts.clear()
        presented.clear()
        refreshed_at.clear()
    return JsonResponse({})


@csrf_exempt
def kill(request, username):
    blacklist_all(User.objects.get(username=username).id)
    return JsonResponse({})


urlpatterns = [
    path("api/token/", TokenObtainPairView.as_view()),
    path("api/token/refresh/", Refresh.as_view()),
    path("api/token/blacklist/", TokenBlacklistView.as_view()),
    path("api/me", Me.as_view()),
    path("api/echo", Echo.as_view()),
    path("stats", stats),
    path("stats/reset", reset),
    path("control/kill/<username>", kill),
]


def main():
    from waitress.server import create_server

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
    call_command("migrate", verbosity=0, run_syncdb=True)
    for name in ("alice", "bob"):
        User.objects.create_user(name, password="secret")
    connections.close_all()

    server = create_server(get_wsgi_application(), host="127.0.0.1", port=0, threads=48, connection_limit=2000)
    print(server.effective_port, flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    server.run()


main()
