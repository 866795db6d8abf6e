#!/usr/bin/env python3
"""Writes the paths of texts in items of types that AWS Config records and assize does not read.

    recorded.py RECORDED_YAML CFN_LINT BOTOCORE > tests/data/schemas/recorded.json

RECORDED_YAML names the types: `resources/recorded.yaml`. Their paths come from the CloudFormation resource schemas that the
installed package `cfn-lint` has, by which AWS Config records most types; of the few that it writes as the service's API does,
in camelCase, from botocore's model. `*` stands for every element of a list and every member of a map; below a path that ends
in `**` anything may stand.
"""

import gzip
import json
import re
import sys
from pathlib import Path

# Types in the form of an API: service, shape, and the path below `configuration` at which the shape stands.
OF_APIS = {
    "AWS::CloudFormation::Stack": ("cloudformation", "Stack", ""),
    "AWS::CodePipeline::Pipeline": ("codepipeline", "PipelineDeclaration", "/pipeline"),
}


def of_schema(node, root, path, seen, found):
    """Collects the texts below a node of a CloudFormation schema."""
    reference = node.get("$ref")
    if reference:
        # What may hold itself is followed once.
        if seen.count(reference) > 1:
            return
        inner = root
        for step in reference.removeprefix("#/").split("/"):
            inner = inner[step]
        return of_schema(inner, root, path, [*seen, reference], found)
    for choice in ("oneOf", "anyOf", "allOf"):
        for one in node.get(choice, []):
            if isinstance(one, dict):
                of_schema(one, root, path, seen, found)
    kinds = node.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    inside = False
    if isinstance(node.get("items"), dict):
        inside = True
        of_schema(node["items"], root, path + "/*", seen, found)
    for one in (node.get("patternProperties") or {}).values():
        if isinstance(one, dict):
            inside = True
            of_schema(one, root, path + "/*", seen, found)
    for name, one in (node.get("properties") or {}).items():
        if isinstance(one, dict):
            inside = True
            of_schema(one, root, f"{path}/{name}", seen, found)
    if not inside and "object" in kinds:
        found.add(path + "/**")
    elif not inside and "string" in kinds:
        found.add(path)


def of_api(name, shapes, path, seen, found):
    """Collects the texts below a shape of a service's model, with the members as AWS Config writes them."""
    shape = shapes[name]
    kind = shape["type"]
    if name in seen:
        return
    seen = seen | {name}
    if kind == "structure":
        for member, target in shape["members"].items():
            of_api(target["shape"], shapes, f"{path}/{member[0].lower()}{member[1:]}", seen, found)
    elif kind == "list":
        of_api(shape["member"]["shape"], shapes, path + "/*", seen, found)
    elif kind == "map":
        of_api(shape["value"]["shape"], shapes, path + "/*", seen, found)
    elif kind == "string":
        found.add(path)


def main():
    recorded, cfn_lint, botocore = map(Path, sys.argv[1:])
    schemas = cfn_lint / "data" / "schemas"
    digests = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    types = {}
    for name in re.findall(r"^  - type: (\S+)$", recorded.read_text(), re.MULTILINE):
        found = set()
        if name in OF_APIS:
            service, shape, path = OF_APIS[name]
            (model,) = sorted((botocore / "data" / service).glob("*/service-2.json.gz"))[-1:]
            shapes = json.loads(gzip.decompress(model.read_bytes()))["shapes"]
            of_api(shape, shapes, "/configuration" + path, frozenset(), found)
        else:
            schema = json.loads((schemas / "resources" / f"{digests[name]}.json").read_text())
            for member, node in schema["properties"].items():
                of_schema(node, schema, f"/configuration/{member}", [], found)
        types[name] = sorted(found)
    json.dump(types, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
