"""What a test does to the server's users, past the API."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import JsonResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from rest_framework_simplejwt.settings import api_settings

import counting
import refresh


def stats(request):
    return JsonResponse(counting.read())


@csrf_exempt
def reset(request):
    counting.reset()
    return JsonResponse({})


@csrf_exempt
def unthrottle(request):
    cache.clear()
    return JsonResponse({})


def create(username):
    User.objects.create_user(username, password="secret")


def activate(username, is_active=True):
    User.objects.filter(username=username).update(is_active=is_active)


def deactivate(username):
    activate(username, is_active=False)


def delete(username):
    User.objects.get(username=username).delete()


def change_password(username):
    user = User.objects.get(username=username)
    user.set_password("changed")
    user.save()


def revoke(username):
    refresh.blacklist_all(User.objects.get(username=username).id)


def sign_in_expired(username):
    """A pair as a login gives it, but the access token expired a minute ago: nothing has to wait for it."""
    login = import_string(api_settings.TOKEN_OBTAIN_SERIALIZER)
    pair = login.get_token(User.objects.get(username=username))
    access = pair.access_token
    access.set_exp(from_time=timezone.now(), lifetime=timedelta(seconds=-60))
    return {"refresh": str(pair), "access": str(access)}


ACTIONS = {
    "create": create,
    "activate": activate,
    "deactivate": deactivate,
    "delete": delete,
    "change-password": change_password,
    "kill": revoke,
    "sign-in-expired": sign_in_expired,
}


@csrf_exempt
def control(request, action, username):
    return JsonResponse(ACTIONS[action](username) or {})
