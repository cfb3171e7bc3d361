"""The OpenAPI description: whole, valid, true to itself, in two languages."""

import json
import subprocess
import sys

import pytest
from django.conf import settings
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from eventflow.api.views import docs
from tests.eventflow.api.clients import Api
from tests.eventflow.api.endpoints import ENDPOINTS
from tests.support.processes import command, environment, run

pytestmark = pytest.mark.once

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document():
    return json.loads(docs.document("en"))


def operations(document):
    """(name, operation) of each, with the answers that several share in their places."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            answers = {
                status: document["components"]["responses"][name_in(answer)]
                if "$ref" in answer
                else answer
                for status, answer in operation["responses"].items()
            }
            yield f"{method.upper()} {path}", operation | {"responses": answers}


def name_in(reference):
    return reference["$ref"].rpartition("/")[2]


@pytest.mark.process("made by a process of its own")
def test_schema_is_made_without_a_warning():
    words = command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
    made = run(words, timeout=120)
    assert (made.returncode, made.stderr) == (0, "")


def test_schema_is_valid_openapi(document):
    assert document["openapi"].startswith("3.1")
    validate_schema(document)


def test_schema_holds_every_endpoint_and_its_methods(document):
    there = {
        (path.removeprefix("/api"), method)
        for path, item in document["paths"].items()
        for method in item
    }
    assert len(there) == sum(
        len([m for m in METHODS if hasattr(view, m)]) for _route, view in ENDPOINTS
    )


def test_schema_describes_every_operation_in_full(document):
    for name, operation in operations(document):
        assert operation["summary"], name
        # What a class says of itself is for those who read the code.
        assert "One address of the API" not in operation.get("description", ""), name
        assert len(operation["tags"]) == 1, name
        codes = {int(code) for code in operation["responses"]}
        assert len([code for code in codes if code < 300]) == 1, name
        assert {429, 503} <= codes, name
        for part in operation.get("parameters", []):
            assert part["description"], (name, part["name"])
        if "requestBody" in operation:
            assert {400, 413, 415} <= codes, name
            assert operation["requestBody"]["content"]["application/json"]["examples"], name
        for code, response in operation["responses"].items():
            for media_type, content in response["content"].items():
                if media_type == "application/json":
                    assert content["examples"], (name, code)


def test_schema_examples_fit_their_schemas(document):
    registry = Registry().with_resource("urn:api", DRAFT202012.create_resource(document))
    checked = 0
    for name, operation in operations(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for body in [*bodies, *operation["responses"].values()]:
            content = body["content"].get("application/json", {})
            for example in content.get("examples", {}).values():
                schema = json.loads(json.dumps(content["schema"]).replace('"#/', '"urn:api#/'))
                errors = [
                    error.message
                    for error in Draft202012Validator(schema, registry=registry).iter_errors(
                        example["value"]
                    )
                ]
                assert errors == [], name
                checked += 1
    assert checked > 200


def test_schema_says_once_what_many_operations_share(document):
    shared = {
        status: operation["responses"][status]
        for operation in document["paths"]["/api/events/"].values()
        for status in ("429", "503")
    }
    assert shared == {
        "429": {"$ref": "#/components/responses/Throttled"},
        "503": {"$ref": "#/components/responses/BusyUnavailable"},
    }
    assert document["components"]["headers"]["Retry-After"]["schema"] == {"type": "integer"}
    for name, operation in operations(document):
        for answer in operation["responses"].values():
            assert {
                "X-Request-ID",
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
            } <= answer["headers"].keys(), name
    assert len(json.dumps(document)) < 200_000


@pytest.mark.process("made by a process of its own")
def test_schema_is_the_same_in_every_process(document):
    """Sets have another order in each."""
    code = (
        "import django; django.setup(); from eventflow.api.views import docs; "
        "print(docs.document('en').decode())"
    )
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env=environment(PYTHONHASHSEED=7),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip() == json.dumps(document, ensure_ascii=False)


def test_bodies_ask_for_what_the_endpoints_need(document):
    schemas = document["components"]["schemas"]
    needed = {
        name: schemas[name].get("required", [])
        for name in ("Decision", "OrganizerFlag", "RoleChoice", "EventChanges", "Credentials")
    }
    assert needed == {
        "Decision": ["status"],
        "OrganizerFlag": ["is_organizer"],
        "RoleChoice": ["role"],
        "EventChanges": [],
        "Credentials": ["email", "password"],
    }
    assert [name for name in schemas if name.startswith("Patched")] == []
    assert (
        schemas["EventFields"]["properties"].keys() | {"confirm_past"}
        == schemas["EventChanges"]["properties"].keys()
    )


@pytest.mark.django_db
def test_schema_speaks_the_language_asked_for_and_is_made_once_for_each():
    docs.document.cache_clear()
    english, polish, other = (
        Api(language=language).get("/schema/") for language in ("en", "pl", "de")
    )
    assert english.content == other.content != polish.content
    assert "Tego nie możesz zrobić." in polish.text
    assert english["Content-Type"] == "application/json"
    assert docs.document.cache_info().misses == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("page", "inline"), [("/schema/swagger-ui/", []), ("/schema/redoc/", ["style-src-elem"])]
)
def test_documentation_pages_have_no_inline_script_and_load_no_other_host(page, inline):
    answer = Api().get(page)
    policy = dict(
        part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";")
    )
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert [name for name, sources in policy.items() if "unsafe-inline" in sources] == inline
    assert "http" not in answer["Content-Security-Policy"]
    assert "https://" not in answer.text
