"""The OpenAPI 3.1 document of /v1, made from the operations and their shapes, so that it cannot say anything else than they do."""

import re
from typing import Any

import msgspec

from tapwealth.api.v1.catalogue import CATALOGUE
from tapwealth.api.v1.operation import Operation
from tapwealth.api.v1.token import FORM, PATH, TOO_MANY
from tapwealth.flows.v1.claim_papers import TYPES
from tapwealth.flows.v1.translation import PREFIXES
from tapwealth.insurance.claim import Paper
from tapwealth.storage.clients import Scope

_SCOPES = {
    Scope.FUNDS_READ: "the shelf of funds, their quotations and yields",
    Scope.ACCOUNTS_READ: "accounts with their balances, what holdings brought, what pays first",
    Scope.PAYMENTS_READ: "payments in and out",
    Scope.PAYMENTS_WRITE: "move money in and out",
    Scope.ORDERS_READ: "orders of funds",
    Scope.ORDERS_WRITE: "buy and redeem, choose how dividends are paid and what pays first",
    Scope.BILLS_READ: "bills that are paid by themselves: what was agreed to, tried and told",
    Scope.BILLS_WRITE: "agree that bills are paid by themselves, change and end that",
    Scope.NOTICES_READ: "what the customer was told, and what of it comes to the phone",
    Scope.NOTICES_WRITE: "mark notices as opened, choose what comes to the phone",
    Scope.DEPOSITS_READ: "deposits on sale with their rates, deposits with what they earn, what deposit insurance covers",
    Scope.DEPOSITS_WRITE: "open deposits, pay in, give notice, take out, say what becomes of them when they are due",
    Scope.INSURANCE_READ: "policies on sale, quotes, policies with what they owe and what was decided of applications",
    Scope.INSURANCE_WRITE: "apply for policies, buy, pay for, change, reinstate and cancel them",
    Scope.CLAIMS_READ: "payments by card that can be disputed, claims with their papers and what was paid",
    Scope.CLAIMS_WRITE: "dispute payments, claim, give papers, appeal, give back",
}
_ALWAYS = ("doubled_header", "not_authenticated", "session_ended", "insufficient_scope", "internal_error", "unavailable")
OF_A_TOKEN = ("doubled_header", "invalid_body", "too_slow", "too_large", "wrong_media_type", "internal_error", "unavailable")
"""What is answered as a problem where a token is asked for; all else there is in the words of RFC 6749."""
_OF_A_POST = (
    "invalid_body", "idempotency_key_missing", "request_in_progress", "too_large", "too_slow", "wrong_media_type", "idempotency_key_reused",
)  # fmt: skip
_FILE = {kind.value: {"schema": {"type": "string", "format": "binary"}} for kind in TYPES}
_PARAMETER = re.compile(r"\{(\w+)\}")
_FORMS = {
    "fund": "^[0-9A-Z]{6}$",
    "account": "^acc_[0-9a-f]{32}$",
    "payment": "^pay_[0-9a-f]{32}$",
    "order": "^ord_[0-9a-f]{32}$",
    "subscription": "^wsb_[0-9a-f]{32}$",
    "plan": "^pln_[0-9a-f]{32}$",
    "biller": "^[A-Z0-9]{2,12}$",
    "bill_payment": "^bpy_[0-9a-f]{32}$",
    "autopay": "^aut_[0-9a-f]{32}$",
    "sale": "^(ord|pln|aut|wsb|dep)_[0-9a-f]{32}$",
    "paper": f"^({'|'.join(Paper)})$",
    **{name: f"^{prefix}_[0-9a-f]{{32}}$" for name, prefix in PREFIXES.items()},
}


class ErrorItem(msgspec.Struct, frozen=True):
    """`pointer` (RFC 6901) says where in the body, or names the parameter."""

    pointer: str
    code: str


class ProblemBody(msgspec.Struct, frozen=True, rename={"kind": "type"}):
    """A problem (RFC 9457). `detail` is one line for people."""

    kind: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retryable: bool
    errors: list[ErrorItem] = []


class TokenBody(msgspec.Struct, frozen=True):
    """A token and how many seconds it is good for."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


def codes_of(operation: Operation) -> list[str]:
    """Every problem that an operation can answer with."""
    codes = list(_ALWAYS)
    codes += ["busy"] if operation.takes is bytes else []
    codes += _OF_A_POST if operation.act else ("invalid_parameter",)
    codes += ["unknown_account"] if "{account}" in operation.path else []
    codes += ["not_found"] if operation.read and set(_PARAMETER.findall(operation.path)) - {"account"} else []
    return list(dict.fromkeys([*codes, *operation.codes]))


def document(operations: list[Operation]) -> dict[str, Any]:
    """As plain values."""
    shapes = [one for of in operations for one in (of.gives, of.takes) if one not in (None, bytes)] + [ProblemBody, TokenBody]
    schemas, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    by_shape = {id(shape): schema for shape, schema in zip(shapes, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, by_shape)
    paths[PATH] = {"post": _token_operation(by_shape[id(TokenBody)])}
    flow = {"tokenUrl": PATH, "scopes": {scope.value: words for scope, words in _SCOPES.items()}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tapwealth",
            "version": "1",
            "description": "Money, funds, bills, deposits and policies, for programs that act for customers who consented.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"client_credentials": {"type": "oauth2", "flows": {"clientCredentials": flow}}},
        },
    }


def _operation(one: Operation, by_shape: dict[int, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "security": [{"client_credentials": [one.scope.value]}],
        "parameters": _parameters(one),
        "responses": {str(int(one.status)): _success(one, by_shape)} | _problems(codes_of(one)),
    }
    if one.takes is bytes:
        made["requestBody"] = {"required": True, "content": _FILE}
    elif one.takes is not None:
        example = {} if one.example is None else {"example": one.example}
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": by_shape[id(one.takes)]} | example}}
    return made


def _success(one: Operation, by_shape: dict[int, Any]) -> dict[str, Any]:
    headers = {"Request-Id": {"schema": {"type": "string"}}}
    if one.gives is bytes:
        return {"description": one.summary, "headers": headers | {"Content-Disposition": {"schema": {"type": "string"}}}, "content": _FILE}
    if one.act:
        headers |= {"Idempotent-Replayed": {"schema": {"const": "true"}}}
        headers |= {"Location": {"schema": {"type": "string"}}} if one.makes else {}
    return {"description": one.summary, "headers": headers, "content": {"application/json": {"schema": by_shape[id(one.gives)]}}}


def _parameters(one: Operation) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": _FORMS[name]}}
        for name in _PARAMETER.findall(one.path)
    ]
    if one.act:
        key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        made.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": key})
    if one.listed:
        made.append({"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}})
        made.append({"name": "cursor", "in": "query", "schema": {"type": "string"}})
    return [*made, *(_filter(one, name, form) for name, form in one.filters.items())]


def _filter(one: Operation, name: str, form: str) -> dict[str, Any]:
    required = {"required": True} if name in one.required else {}
    return {"name": name, "in": "query", **required, "schema": {"type": "string", "pattern": form}}


def _problems(codes: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for code in codes:
        status = str(int(CATALOGUE[code].status))
        words = f"{CATALOGUE[code].title} (`{code}`)"
        if status in made:
            made[status]["description"] += f"; {words}"
            continue
        schema = {"$ref": "#/components/schemas/ProblemBody"}
        made[status] = {"description": words, "content": {"application/problem+json": {"schema": schema}}}
    return dict(sorted(made.items()))


def _token_operation(schema: Any) -> dict[str, Any]:
    form = {
        "type": "object",
        "required": ["grant_type"],
        "properties": {
            "grant_type": {"const": "client_credentials"},
            "scope": {"type": "string", "description": "scopes, parted by a blank; all of the client's if left out"},
            "client_id": {"type": "string", "description": "instead of HTTP Basic"},
            "client_secret": {"type": "string", "description": "instead of HTTP Basic"},
        },
    }
    error = {
        "type": "object", "required": ["error"], "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    }  # fmt: skip
    answers: dict[str, dict[str, Any]] = {
        "200": {"description": "A token", "content": {"application/json": {"schema": schema}}},
        "400": {"description": "RFC 6749, 5.2", "content": {"application/json": {"schema": error}}},
        "401": {"description": "Client or secret is wrong, or over", "content": {"application/json": {"schema": error}}},
    }
    wait = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "seconds"}}
    answers["429"] = {
        "description": f"Too many wrong secrets (`{TOO_MANY}`)", "headers": wait, "content": {"application/json": {"schema": error}},
    }  # fmt: skip
    for status, problem in _problems(list(OF_A_TOKEN)).items():
        same = answers.setdefault(status, problem)
        if same is not problem:
            same["description"] += f"; {problem['description']}"
            same["content"] |= problem["content"]
    return {
        "operationId": "create_token",
        "summary": "Get a token (RFC 6749, 4.4)",
        "security": [],
        "requestBody": {"required": True, "content": {FORM: {"schema": form}}},
        "responses": dict(sorted(answers.items())),
    }
