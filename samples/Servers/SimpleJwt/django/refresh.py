"""The refresh views.

Debian 12 has Simple JWT 5.2.2, whose refresh serializer never looks at the user. The serializers here look as later versions do, and
raise what those raise, so that the answers are the same:

installed  the serializer of the installed version
5.4        5.4.0 to 5.5.1: a user who isn't active is refused; a deleted user raises DoesNotExist, which becomes a 500
latest     the main branch after 5.5.1: both are refused, and with CHECK_REVOKE_TOKEN a changed password too
own-codes  a serializer of a project's own: it answers 401 with codes that only this project has
"""

import json
import threading
import time
from datetime import datetime, timezone

from django.contrib.auth.models import User
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.throttling import AnonRateThrottle
from rest_framework_simplejwt.exceptions import AuthenticationFailed as AuthenticationFailedWithCode
from rest_framework_simplejwt.serializers import TokenRefreshSerializer
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.views import TokenRefreshSlidingView, TokenRefreshView

import counting
import project
from authentication import password_hash
from texts import NO_ACTIVE_ACCOUNT, PASSWORD_CHANGED, text_of

one_at_a_time = threading.Lock()


class SerializerOf54(TokenRefreshSerializer):
    def validate(self, attrs):
        user = User.objects.get(id=self.token_class(attrs["refresh"])["user_id"])
        if not user.is_active:
            raise AuthenticationFailed(text_of(NO_ACTIVE_ACCOUNT), "no_active_account")
        return super().validate(attrs)


class LatestSerializer(TokenRefreshSerializer):
    def validate(self, attrs):
        refresh = self.token_class(attrs["refresh"])
        user = User.objects.filter(id=refresh["user_id"]).first()
        if user is None or not user.is_active:
            raise AuthenticationFailed(text_of(NO_ACTIVE_ACCOUNT), "no_active_account")
        if project.CHECK_REVOKE_TOKEN and refresh.get("hash_password") != password_hash(user):
            refresh.blacklist()
            raise AuthenticationFailed(text_of(PASSWORD_CHANGED), "password_changed")
        return super().validate(attrs)


class OwnCodesSerializer(TokenRefreshSerializer):
    def validate(self, attrs):
        user = User.objects.filter(id=self.token_class(attrs["refresh"])["user_id"]).first()
        if user is None:
            raise AuthenticationFailedWithCode("Wir kennen dieses Konto nicht mehr.", code="konto_geloescht")
        if not user.is_active:
            raise AuthenticationFailedWithCode("Dieses Konto ruht.", code="konto_ruht")
        return super().validate(attrs)


class RefreshThrottle(AnonRateThrottle):
    rate = project.REFRESH_RATE


class Counted:
    """Counts what arrives before anything can refuse it."""

    throttle_classes = [RefreshThrottle] if project.REFRESH_RATE else []
    field = "refresh"

    def dispatch(self, request, *args, **kwargs):
        with counting.refresh(self.presented(request)) as call:
            time.sleep(project.DELAY_S)
            response = super().dispatch(request, *args, **kwargs)
            call.status = response.status_code
            return response

    def presented(self, request):
        try:
            return str(json.loads(request.body)[self.field])
        except (ValueError, KeyError, TypeError):
            return ""


class Refresh(Counted, TokenRefreshView):
    """Stock rotation checks the blacklist and then inserts: it isn't atomic. STRICT takes refreshes one at a time."""

    def post(self, request, *args, **kwargs):
        if not (project.STRICT or project.FAMILY):
            return self.rotate(request, *args, **kwargs)
        with one_at_a_time:
            try:
                return self.rotate(request, *args, **kwargs)
            except Exception:
                if project.FAMILY:
                    end_family(self.presented(request))
                raise

    def rotate(self, request, *args, **kwargs):
        response = super().post(request, *args, **kwargs)
        remember(response.data["refresh"])
        return response


class RefreshSliding(Counted, TokenRefreshSlidingView):
    field = "token"


def blacklist_all(user_id):
    for token in OutstandingToken.objects.filter(user_id=user_id):
        BlacklistedToken.objects.get_or_create(token=token)


def end_family(refresh):
    used = OutstandingToken.objects.filter(token=refresh).first()
    if used is not None:
        blacklist_all(used.user_id)


def remember(refresh):
    """Rotation before 5.5 doesn't list the new token as outstanding, and so it couldn't be revoked."""
    token = RefreshToken(refresh)
    if User.objects.filter(id=token["user_id"]).exists():
        OutstandingToken.objects.get_or_create(
            jti=token["jti"],
            defaults={
                "user_id": token["user_id"],
                "token": refresh,
                "created_at": datetime.fromtimestamp(token["iat"], timezone.utc),
                "expires_at": datetime.fromtimestamp(token["exp"], timezone.utc),
            },
        )
