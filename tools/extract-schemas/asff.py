#!/usr/bin/env python3
"""Writes a JSON schema of the AWS Security Finding Format from botocore's model of Security Hub.

The model has names, types and what is required. The lengths are of AWS's guide and stand below:
https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html
https://docs.aws.amazon.com/securityhub/latest/userguide/asff-top-level-attributes.html
"""

import gzip
import json
import sys
from pathlib import Path

LENGTHS = {
    ("AwsSecurityFinding", "Id"): 512,
    ("AwsSecurityFinding", "GeneratorId"): 512,
    ("AwsSecurityFinding", "ProductArn"): 2048,
    ("AwsSecurityFinding", "Region"): 16,
    ("AwsSecurityFinding", "Title"): 256,
    ("AwsSecurityFinding", "Description"): 1024,
    ("AwsSecurityFinding", "CompanyName"): 128,
    ("AwsSecurityFinding", "ProductName"): 128,
    ("Recommendation", "Text"): 512,
    ("Note", "Text"): 512,
    ("Note", "UpdatedBy"): 512,
    ("Resource", "Id"): 512,
    ("Resource", "Region"): 16,
    ("Resource", "Type"): 256,
    ("Severity", "Original"): 64,
}
ITEMS = {
    ("AwsSecurityFinding", "Resources"): (1, 32),
    ("AwsSecurityFinding", "Types"): (0, 50),
    ("AwsSecurityFinding", "RelatedFindings"): (0, 10),
    ("Compliance", "RelatedRequirements"): (0, 32),
}
# Members of a map, characters of a key and of a value.
MAPS = {
    ("AwsSecurityFinding", "ProductFields"): (50, 128, 2048),
    ("AwsSecurityFinding", "UserDefinedFields"): (50, 128, 1024),
    ("Resource", "Tags"): (50, 128, 256),
    ("ResourceDetails", "Other"): (50, 127, 1023),
}
OPEN = {"Malware", "Network", "NetworkPath", "Process", "Threats", "ThreatIntelIndicators", "Vulnerabilities",
        "PatchSummary", "Action", "Detection", "DataClassification"}

models = Path(sys.argv[1]) / "data" / "securityhub"
path = sorted(models.glob("*/service-2.json.gz"))[-1]
shapes = json.loads(gzip.decompress(path.read_bytes()))["shapes"]
definitions = {}


def type_of(owner, member, shape):
    if member in OPEN:
        return {}
    kind = shapes[shape]
    match kind["type"]:
        case "structure":
            structure(shape)
            return {"$ref": f"#/definitions/{shape}"}
        case "list":
            least, most = ITEMS.get((owner, member), (0, None))
            schema = {"type": "array", "items": type_of(owner, "", kind["member"]["shape"])}
            if most:
                schema.update(minItems=least, maxItems=most)
            return schema
        case "map":
            schema = {"type": "object", "additionalProperties": {"type": "string", "pattern": "\\S"}}
            if (owner, member) in MAPS:
                members, key, value = MAPS[(owner, member)]
                schema["maxProperties"] = members
                schema["propertyNames"] = {"maxLength": key}
                schema["additionalProperties"]["maxLength"] = value
            return schema
        case "string":
            schema = {"type": "string", "pattern": "\\S"}
            if "enum" in kind:
                schema = {"enum": kind["enum"]}
            if (owner, member) in LENGTHS:
                schema["maxLength"] = LENGTHS[(owner, member)]
            return schema
        case "integer" | "long":
            return {"type": "integer"}
        case "double" | "float":
            return {"type": "number"}
        case "boolean":
            return {"type": "boolean"}
        case other:
            raise SystemExit(f"{shape} is of type {other}")


def structure(name):
    if name in definitions:
        return
    definitions[name] = {}
    kind = shapes[name]
    members = kind["members"]
    if name == "ResourceDetails":
        # The details of a type have forms of their own, which assize does not write.
        members = {"Other": members["Other"]}
    definitions[name] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: type_of(name, key, value["shape"]) for key, value in sorted(members.items())},
        "required": sorted(kind.get("required", [])),
    }


structure("AwsSecurityFinding")
finding = definitions["AwsSecurityFinding"]["properties"]
finding["SchemaVersion"] = {"const": "2018-10-08"}
finding["AwsAccountId"] = {"type": "string", "pattern": "^[0-9]{12}$"}
for time in ("FirstObservedAt", "LastObservedAt", "CreatedAt", "UpdatedAt", "ProcessedAt"):
    finding[time] = {"type": "string", "format": "date-time", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:?\\d\\d)$"}
namespaces = "Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications"
finding["Types"]["items"]["pattern"] = f"^({namespaces})(/[^/]+){{0,2}}$"
schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "AWS Security Finding Format, 2018-10-08",
    "type": "array",
    "items": {"$ref": "#/definitions/AwsSecurityFinding"},
    "definitions": dict(sorted(definitions.items())),
}
print(json.dumps(schema, indent=1, sort_keys=True))
