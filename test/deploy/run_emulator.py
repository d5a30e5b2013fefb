"""Starts the emulator with one thing put right: events of a WebSocket API tell who connected, as API Gateway's do."""

import contextvars

from ministack.app import main
from ministack.core.iam_evaluator import resolve_caller_identity
from ministack.core.router import extract_access_key_id
from ministack.services import apigateway

_connected = contextvars.ContextVar("connected", default=None)
_authorize = apigateway._authorize_ws_iam
_request_context = apigateway._ws_request_context


def _authorize_and_remember(scope, connect_arn, headers, query_params, region):
    refusal = _authorize(scope, connect_arn, headers, query_params, region)
    if refusal is None:
        identity = resolve_caller_identity(extract_access_key_id(headers, query_params))
        _connected.set(identity["userArn"] if identity else None)
    return refusal


def _request_context_with_caller(*args, **kwargs):
    context = _request_context(*args, **kwargs)
    user_arn = _connected.get()
    if user_arn:
        context["identity"]["userArn"] = user_arn
    return context


apigateway._authorize_ws_iam = _authorize_and_remember
apigateway._ws_request_context = _request_context_with_caller
main()
