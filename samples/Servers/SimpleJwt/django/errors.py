"""The answers of the package drf-standardized-errors: a list of errors, whatever was raised."""

from rest_framework.exceptions import ValidationError
from rest_framework.views import exception_handler


def standardized(exception, context):
    response = exception_handler(exception, context)
    if response is not None:
        kind = "validation_error" if isinstance(exception, ValidationError) else "client_error"
        response.data = {"type": kind, "errors": list(flatten(getattr(exception, "detail", str(exception)), None))}
    return response


def flatten(detail, attr):
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from flatten(value, key if attr is None else f"{attr}.{key}")
    elif isinstance(detail, list):
        for value in detail:
            yield from flatten(value, attr)
    else:
        yield {"code": getattr(detail, "code", "error"), "detail": str(detail), "attr": attr}
