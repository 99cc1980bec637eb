"""CHECK_REVOKE_TOKEN of Simple JWT 5.3 and later, for 5.2.2: tokens carry a hash of the password and end with it."""

import hashlib

from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed

from texts import PASSWORD_CHANGED, text_of


def password_hash(user):
    return hashlib.md5(user.password.encode()).hexdigest().upper()


class PasswordCheckingAuthentication(JWTAuthentication):
    def get_user(self, validated_token):
        user = super().get_user(validated_token)
        if validated_token.get("hash_password") != password_hash(user):
            raise AuthenticationFailed(text_of(PASSWORD_CHANGED), code="password_changed")
        return user
