"""The contract of messages as an AsyncAPI 3.0 document, made from the schemas that check them."""

from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from services.exchange_api.rules.event_types import EVENT_TYPES
from shared.schemas.events import Event
from shared.schemas.interchange import DATA

_HEADERS = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string", "description": "The same at every try."},
        "webhook-timestamp": {"type": "string", "pattern": "^[0-9]+$", "description": "Seconds since 1970."},
        "webhook-signature": {"type": "string", "examples": ["v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="]},
    },
}


@lru_cache(maxsize=1)
def document() -> bytes:
    """The whole contract, both directions."""
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for name, data in DATA.items():
        schemas[name] = _inline(data)
        messages[name] = _message(
            name,
            {
                "type": "object",
                "required": ["type", "timestamp", "data"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": name},
                    "timestamp": {"type": "string", "format": "date-time"},
                    "data": {"$ref": f"#/components/schemas/{name}"},
                },
            },
        )
    schemas["event"] = _inline(Event)
    for name, kind in EVENT_TYPES.items():
        envelope = {
            "allOf": [
                {"$ref": "#/components/schemas/event"},
                {"properties": {"type": {"const": name}, "timestamp": {"type": "string", "format": "date-time"}}},
            ]
        }
        messages[f"sent.{name}"] = _message(kind.title, envelope)
    incoming = {name: {"$ref": f"#/components/messages/{name}"} for name in DATA}
    outgoing = {f"sent.{name}": {"$ref": f"#/components/messages/sent.{name}"} for name in EVENT_TYPES}
    return to_json(
        {
            "asyncapi": "3.0.0",
            "info": {
                "title": "明泉 · 消息约定 Messages",
                "version": "1.0.0",
                "description": "Standard Webhooks 1.0; events are CloudEvents 1.0 in structured JSON.",
            },
            "channels": {
                "inbound": {
                    "address": "/api/exchange/v1/inbound/{source}",
                    "messages": incoming,
                    "parameters": {"source": {"description": "The partner's code."}},
                },
                "subscription": {
                    "address": None,
                    "description": "The address of a subscription.",
                    "messages": outgoing,
                },
            },
            "operations": {
                "receive": {"action": "receive", "channel": {"$ref": "#/channels/inbound"}},
                "send": {"action": "send", "channel": {"$ref": "#/channels/subscription"}},
            },
            "components": {"messages": messages, "schemas": schemas},
        }
    )


def _message(title: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "contentType": "application/json", "headers": _HEADERS, "payload": payload}


def _inline(model: Any) -> dict[str, Any]:
    """A schema with its parts inside, so that it stands by itself."""
    schema = TypeAdapter(model).json_schema(ref_template="#/$defs/{model}")
    parts = schema.pop("$defs", {})
    inlined: dict[str, Any] = _replace(schema, parts)
    return inlined


def _replace(value: Any, parts: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            rest = {name: item for name, item in value.items() if name != "$ref"}
            return _replace(parts[reference.rpartition("/")[2]] | rest, parts)
        return {name: _replace(item, parts) for name, item in value.items()}
    return [_replace(item, parts) for item in value] if isinstance(value, list) else value
