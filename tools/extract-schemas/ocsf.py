#!/usr/bin/env python3
"""Writes a JSON schema of OCSF's class Compliance Finding from a checkout of its schema.

Objects are closed: a member that the release does not know is an error. Objects that assize does not write are left
open. Prose stays behind.
"""

import json
import sys
from pathlib import Path

PROFILES = ["cloud"]
OBJECTS = {
    "account", "analytic", "check", "cloud", "compliance", "evidences", "finding_info", "key_value_object", "metadata",
    "product", "remediation", "resource_details",
}
TYPES = {
    "boolean_t": {"type": "boolean"},
    "float_t": {"type": "number"},
    "integer_t": {"type": "integer"},
    "long_t": {"type": "integer"},
    "timestamp_t": {"type": "integer"},
    "json_t": {},
    "url_t": {"type": "string", "format": "uri"},
}

root = Path(sys.argv[1])


def load(path):
    return json.loads((root / path).read_text())


dictionary = load("dictionary.json")["attributes"]
by_name = {}
for folder in ("objects", "events"):
    for path in sorted((root / folder).rglob("*.json")):
        document = json.loads(path.read_text())
        if "name" in document:
            by_name[(folder, document["name"])] = document


def attributes(folder, name, profiles):
    """The attributes of a class or object, with those that it extends and those of the profiles."""
    document = by_name[(folder, name)]
    merged, constraints = {}, {}
    if document.get("extends"):
        parent = document["extends"]
        merged, constraints = attributes(folder, parent, profiles)
    constraints = document.get("constraints", constraints)
    own = dict(document.get("attributes", {}))
    for include in own.pop("$include", []):
        profile = load(include)
        if profile["name"] in profiles:
            merged.update(profile["attributes"])
    for key, value in own.items():
        if value.get("profile") not in [None, *profiles]:
            continue
        merged[key] = {**merged.get(key, {}), **value}
    return merged, constraints


def type_of(name, attribute):
    known = dictionary[name]
    kind = known["type"]
    if not kind.endswith("_t"):
        schema = {"$ref": f"#/definitions/{kind}"} if kind in OBJECTS else {"type": "object"}
    else:
        schema = dict(TYPES.get(kind, {"type": "string"}))
        every = {**known.get("enum", {}), **attribute.get("enum", {})}
        if every and schema.get("type") == "integer":
            schema["enum"] = sorted(int(key) for key in every)
    return {"type": "array", "items": schema} if known.get("is_array") else schema


def schema_of(folder, name):
    members, constraints = attributes(folder, name, PROFILES)
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: type_of(key, value) for key, value in sorted(members.items())},
        "required": sorted(key for key, value in members.items() if value.get("requirement") == "required"),
    }
    if constraints.get("at_least_one"):
        schema["anyOf"] = [{"required": [key]} for key in sorted(constraints["at_least_one"])]
    return schema


event = schema_of("events", "compliance_finding")
classes = by_name[("events", "compliance_finding")]
category = load("categories.json")["attributes"]["findings"]["uid"]
uid = category * 1000 + classes["uid"]
event["properties"]["category_uid"] = {"const": category}
event["properties"]["class_uid"] = {"const": uid}
event["properties"]["type_uid"] = {"enum": sorted(uid * 100 + n for n in event["properties"]["activity_id"]["enum"])}
definitions = {name: schema_of("objects", name) for name in sorted(OBJECTS)}
definitions["metadata"]["properties"]["version"] = {"const": load("version.json")["version"]}
schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": f"OCSF {load('version.json')['version']}, class Compliance Finding, profile cloud",
    "type": "array",
    "items": event,
    "definitions": definitions,
}
print(json.dumps(schema, indent=1, sort_keys=True))
