"""Whether an answer of /v1 is one that its OpenAPI document describes: by operation, status, body, and the code of a problem."""

import json
import re
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tapwealth.api.v1.openapi import document
from tapwealth.api.v1.operations import operations

NOTHING: Any = None
FILE = {"type": "string", "format": "binary"}
OPERATIONS = operations(NOTHING, NOTHING)
DOCUMENT = json.loads(json.dumps(document(OPERATIONS)))
_CONTENTS = {"$schema": "https://json-schema.org/draft/2020-12/schema", **DOCUMENT}
_REGISTRY: Registry[Any] = Registry().with_resource("urn:v1", Resource.from_contents(_CONTENTS))
_PATHS = {path: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))) for path in DOCUMENT["paths"]}


def fits(shape: str, value: Any) -> list[str]:
    """What is wrong with a value by a schema of the document."""
    return [error.message for error in _validator(shape).iter_errors(value)]


@cache
def _validator(shape: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"urn:v1#/components/schemas/{shape}"}, registry=_REGISTRY)


def as_described(answer: httpx.Response) -> httpx.Response:
    """The answer, which is one of those that are described; whatever is asked where nothing is, or in another way, is not looked at."""
    path = answer.request.url.path
    found = next((of for name, of in DOCUMENT["paths"].items() if _PATHS[name].fullmatch(path)), {}).get(answer.request.method.lower())
    if found is not None:
        said = found["responses"].get(str(answer.status_code))
        assert said is not None, f"{found['operationId']} is not said to answer {answer.status_code}: {answer.text}"
        _check(found["operationId"], said, answer)
    return answer


def _check(name: str, said: Any, answer: httpx.Response) -> None:
    media = answer.headers["content-type"].partition(";")[0]
    assert media in said["content"], f"{name} is not said to answer {media}"
    if said["content"][media]["schema"] == FILE:
        assert answer.headers["content-disposition"].startswith("attachment; "), f"{name} hands out what a browser would open"
        return
    shape = said["content"][media]["schema"]["$ref"].rpartition("/")[2]
    assert fits(shape, answer.json()) == [], f"{name}: {answer.text}"
    if media == "application/problem+json":
        assert f"`{answer.json()['code']}`" in said["description"], f"{name} is not said to answer {answer.json()['code']}"
