"""What the API's description says once for all operations: errors and security schemes.

Imported by the settings, so it imports nothing of Django's.
"""

from typing import Any

ERROR = {"$ref": "#/components/schemas/ErrorAnswer"}

# By status: the component's name, and when it is answered.
ERRORS: dict[str, tuple[str, str]] = {
    "400": ("Malformed", "Malformed: not JSON, a wrong type, an unknown or a missing field."),
    "401": ("Unauthenticated", "No credential, or a bad one."),
    "403": ("NotAllowed", "A credential without that scope or permission."),
    "404": ("NotFound", "Not there, or another organization's."),
    "405": ("MethodNotAllowed", "The path is there, the method is not; `Allow` lists those."),
    "409": ("Conflict", "Conflicts with what is already in the books, or is being worked on."),
    "413": ("TooLarge", "The body is larger than is taken here."),
    "415": ("UnsupportedMediaType", "The body is not application/json."),
    "422": ("Refused", "Understood, and refused by a rule of the books."),
    "429": ("Throttled", "Too many requests; `Retry-After` says when to go on."),
    "503": ("Unavailable", "The database is away, or the outcome is unknown: repeat the request."),
}
ALWAYS = ("400", "401", "403", "405", "429", "503")
OF_A_WRITE = ("409", "413", "415", "422")
OF_A_PATH = ("404",)
OF_A_REFUSAL = ("422",)

_EXAMPLE_CODES = {
    "400": ("validation_error", "required", "This field is required.", "reference"),
    "401": ("client_error", "not_authenticated", "Send Authorization: Api-Key KEY.", None),
    "403": ("client_error", "permission_denied", "This key lacks the scope ledger:write.", None),
    "404": ("client_error", "account_not_found", "There is no account 9999 in …", None),
    "405": ("client_error", "method_not_allowed", "PATCH is not for this path.", None),
    "409": ("client_error", "reference_conflict", "The reference invoice-536365 …", "reference"),
    "413": ("client_error", "body_too_large", "The body is larger than the 1,000,000 …", None),
    "415": ("client_error", "unsupported_media_type", "The body must be application/json.", None),
    "422": ("client_error", "unbalanced_entry", "Entry invoice-536365 does not …", "lines"),
    "429": ("client_error", "throttled", "More than 120000 requests in a minute.", None),
    "503": ("server_error", "outcome_unknown", "The database went away, …", None),
}


def shared_components() -> dict[str, Any]:
    """Security schemes and the answers to errors, for SPECTACULAR_SETTINGS["APPEND_COMPONENTS"]."""
    return {
        "securitySchemes": {
            "apiKey": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Authorization: Api-Key KEY`, KEY being what "
                "`manage.py create_api_key` printed.",
            },
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "A signed-in user. Writes need the header X-CSRFToken as well.",
            },
        },
        "responses": {
            name: _error_response(status, when) for status, (name, when) in ERRORS.items()
        },
        "schemas": {
            "ErrorAnswer": {
                "type": "object",
                "description": "The one shape of every error.",
                "required": ["type", "errors", "request_id"],
                "properties": {
                    "type": {"$ref": "#/components/schemas/ErrorAnswerTypeEnum"},
                    "errors": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"$ref": "#/components/schemas/ErrorItem"},
                    },
                    "request_id": {
                        "type": "string",
                        "description": "Also in the header X-Request-ID.",
                    },
                },
            },
            # Apart, as drf-spectacular would set it: it would change these very values, and the
            # second description of a process would refer to what only the first one has.
            "ErrorAnswerTypeEnum": {
                "type": "string",
                "enum": ["validation_error", "client_error", "server_error"],
            },
            "ErrorItem": {
                "type": "object",
                "required": ["code", "detail", "attr"],
                "properties": {
                    "code": {
                        "type": "string",
                        "description": "Stable: what programs should look at.",
                    },
                    "detail": {
                        "type": "string",
                        "description": "What is wrong, with which value, and what to do.",
                    },
                    "attr": {
                        "type": "string",
                        "nullable": True,
                        "description": "The field at fault, as a path: `entries.17.lines`.",
                    },
                },
            },
        },
    }


def _error_response(status: str, when: str) -> dict[str, Any]:
    kind, code, detail, attr = _EXAMPLE_CODES[status]
    example = {
        "type": kind,
        "errors": [{"code": code, "detail": detail, "attr": attr}],
        "request_id": "0199e0a4-6a5f-7c3e-8a52-0d7f5c1b2a90",
    }
    response: dict[str, Any] = {
        "description": when,
        "content": {"application/json": {"schema": ERROR, "example": example}},
    }
    if status in ("429", "503"):
        response["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}
        }
    return response
