"""The login view's serializer under CHECK_REVOKE_TOKEN."""

from rest_framework_simplejwt.serializers import TokenObtainPairSerializer

from authentication import password_hash


class PasswordCheckingLogin(TokenObtainPairSerializer):
    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["hash_password"] = password_hash(user)
        return token
