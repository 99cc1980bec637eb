"""The API that the tokens are for."""

import hashlib

from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response
from rest_framework.views import APIView

import counting


class Api(APIView):
    def finalize_response(self, request, response, *args, **kwargs):
        counting.count(f"api_{response.status_code}")
        return super().finalize_response(request, response, *args, **kwargs)


class Me(Api):
    def get(self, request):
        return Response({"user": request.user.username, "jti": request.auth["jti"], "exp": request.auth["exp"]})


class Echo(Api):
    def post(self, request):
        body = request._request.body
        return Response({"sha256": hashlib.sha256(body).hexdigest(), "length": len(body)})


class Staff(Me):
    """No user of this server may see it: a 403 that has nothing to do with the token."""

    permission_classes = [IsAdminUser]
