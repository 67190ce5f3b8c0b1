from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

__all__ = ["TokenView"]


class CredentialsSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    password = serializers.CharField(trim_whitespace=False, max_length=4096, write_only=True)


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Send it as Authorization: Token <token>.")


class TokenView(APIView):
    """Gives a customer's token for email address and password; the same one each time."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "login"

    @extend_schema(
        operation_id="auth_token_create", auth=[], request=CredentialsSerializer, responses={200: TokenSerializer}
    )
    def post(self, request: Request) -> Response:
        asked = CredentialsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        credentials = asked.validated_data
        # The plain request below: the authentication signals are given what Django knows.
        user = authenticate(request._request, username=credentials["email"], password=credentials["password"])
        if user is None:
            raise serializers.ValidationError({"detail": _("Unable to log in with provided credentials.")})
        token, _created = Token.objects.get_or_create(user=user)
        return Response({"token": token.key}, headers={"Cache-Control": "no-store"})
