#!/usr/bin/env python3
"""Writes tests/data/wire: what botocore makes of random parameters and answers, for every operation in models/.

tests/wire.rs holds assize's codecs against it. Each line is one case. Requests are what botocore's serializers give;
answers are written here by the models' rules and read by botocore's parsers. `--rounds` and `--seed` make other cases,
`--operations` is for other services, `--out` puts them elsewhere. The test reads another folder when ASSIZE_WIRE_CASES
names it, and adds the models in its folder `models` if there is one.
"""

import argparse
import base64
import datetime
import json
import pathlib
import random
import urllib.parse
from xml.sax.saxutils import escape, quoteattr

import botocore.handlers
import botocore.parsers
import botocore.serialize
import yaml
from botocore.loaders import Loader
from botocore.model import ServiceModel

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent.parent / "tests" / "data" / "wire"

PROTOCOLS = ("json", "rest-json", "rest-xml", "ec2", "query")

TEXTS = ["", "a", "b c", "x&y<z>", "Grüße", "a+b%20c", "t\tn", "'q' \"p\"", "line\nline", "😀", "null", "true", "12"]
LABELS = ["a", "b c", "x/y", "Grüße", "a+b%20c", "arn:aws:x:eu-west-1:111122223333:y/z", "~-_."]
WORDS = ["a", "b-c", "d_e", "f.g", "h9"]


class Case:
    """One case's random choices."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, shape, depth=0, request=False):
        """A value as a program would give it to botocore, or take it from there."""
        pick = self.random
        match shape.type_name:
            case "structure" if shape.is_document_type:
                return pick.choice([{"A": [1, "x", None, {"b": True}]}, {}, "text"])
            case "structure":
                names = list(shape.members)
                if shape.is_tagged_union:
                    names = [pick.choice(names)]
                deep = depth > 3
                out = {}
                for name in names:
                    member = shape.members[name]
                    required = request and name in shape.required_members
                    if member.serialization.get("eventstream") or (depth > 8 and not required):
                        continue
                    if required or shape.is_tagged_union or pick.random() < (0.3 if deep else 0.8):
                        out[name] = self.member(member, depth, request)
                return out
            case "list":
                return [self.value(shape.member, depth + 1, request) for _ in range(pick.choice([0, 1, 2]))]
            case "map":
                count = pick.choice([0, 1, 2])
                keys = sorted(pick.sample(WORDS, count))
                return {key: self.value(shape.value, depth + 1, request) for key in keys}
            case "string" | "character":
                return pick.choice(TEXTS)
            case "boolean":
                return pick.random() < 0.5
            case "integer":
                return pick.choice([0, 1, -1, 2147483647])
            case "long":
                return pick.choice([0, -1, 9007199254740993, 9223372036854775807])
            case "float" | "double":
                return pick.choice([0.0, 0.5, -1.25, 1e10])
            case "blob":
                return pick.choice([b"", b"abc", bytes(range(256))])
            case "timestamp":
                return datetime.datetime.fromtimestamp(
                    pick.choice([0, 1445412480, 1700000000.5, 1700000000.123]), datetime.timezone.utc
                )
            case other:
                raise NotImplementedError(other)

    def member(self, member, depth, request):
        location = member.serialization.get("location")
        if location == "uri":
            return self.random.choice(LABELS) if member.type_name == "string" else self.value(member)
        if member.serialization.get("hostLabel"):
            return "111122223333"
        if location in ("header", "headers") and member.type_name in ("string", "list", "map"):
            if member.type_name == "map":
                return {word: "x" for word in self.random.sample(WORDS, 2)}
            return self.random.choice(WORDS) if member.type_name == "string" else self.random.sample(WORDS, 2)
        return self.value(member, depth + 1, request)


def jsonable(value):
    """A value as assize has it."""
    match value:
        case dict():
            return {key: jsonable(member) for key, member in value.items()}
        case list():
            return [jsonable(element) for element in value]
        case bytes():
            return base64.b64encode(value).decode()
        case datetime.datetime():
            value = value.astimezone(datetime.timezone.utc)
            return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
        case _:
            return value


def exact(value):
    """Parameters as assize takes them: times keep their microseconds."""
    match value:
        case dict():
            return {key: exact(member) for key, member in value.items()}
        case list():
            return [exact(element) for element in value]
        case datetime.datetime():
            return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case _:
            return jsonable(value)


def request_case(model, protocol, operation, case):
    shape = operation.input_shape
    params = case.value(shape, request=True) if shape else {}
    serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
    request = serializer.serialize_to_request(params, operation)
    body = request["body"]
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body, doseq=True).encode()
    if isinstance(body, bytes):
        body = body.decode()
    query = request["query_string"] or {}
    pairs = [
        (name, text if isinstance(text, str) else str(text))
        for name, value in query.items()
        for text in (value if isinstance(value, list) else [value])
    ]
    return {
        "service": model.service_name,
        "operation": operation.name,
        "params": exact(params),
        "method": request["method"],
        "path": request["url_path"],
        "query": pairs,
        "headers": {name: str(value) for name, value in request["headers"].items()},
        "body": body,
        "hostPrefix": request.get("host_prefix"),
    }


class Answer:
    """The wire form of an answer."""

    def __init__(self, case, protocol):
        self.case = case
        self.protocol = protocol

    def time(self, value, shape, default):
        form = shape.serialization.get("timestampFormat", default)
        if form == "iso8601":
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if value.microsecond else value.strftime("%Y-%m-%dT%H:%M:%SZ")
        if form == "rfc822":
            return value.replace(microsecond=0).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return value.timestamp()

    def json(self, value, shape):
        match shape.type_name:
            case "structure" if not shape.is_document_type:
                out = {"unknownMember": {"a": [1]}}
                for name, member in shape.members.items():
                    if name in value and "location" not in member.serialization:
                        out[member.serialization.get("name", name)] = self.json(value[name], member)
                    elif name not in value and not shape.is_tagged_union and "location" not in member.serialization:
                        if self.case.random.random() < 0.2:
                            out[member.serialization.get("name", name)] = None
                if shape.is_tagged_union:
                    del out["unknownMember"]
                return out
            case "list":
                return [self.json(element, shape.member) for element in value]
            case "map":
                return {key: self.json(element, shape.value) for key, element in value.items()}
            case "blob":
                return base64.b64encode(value).decode()
            case "timestamp":
                return self.time(value, shape, "unixtimestamp")
            case _:
                return value

    def text(self, value, shape):
        match shape.type_name:
            case "boolean":
                return "true" if value else "false"
            case "blob":
                return base64.b64encode(value).decode()
            case "timestamp":
                return str(self.time(value, shape, "iso8601"))
            case "string" if self.case.random.random() < 0.1 and "]]>" not in value:
                return f"<![CDATA[{value}]]>"
            case "string" | "character":
                # Expat folds a carriage return and normalises; character references come as they are.
                return escape(value, {"'": "&#39;", '"': "&#x22;"})
            case _:
                return str(value)

    def elements(self, name, value, shape):
        """One element, or several for what is flattened."""
        flattened = shape.serialization.get("flattened")
        match shape.type_name:
            case "structure":
                return self.element(name, self.attributes(value, shape), self.members(value, shape))
            case "list":
                own = shape.member.serialization.get("name")
                if flattened:
                    return "".join(self.elements(own or name, element, shape.member) for element in value)
                default = "item" if self.protocol == "ec2" else "member"
                inner = "".join(self.elements(own or default, element, shape.member) for element in value)
                return self.element(name, "", inner)
            case "map":
                key_name = shape.key.serialization.get("name", "key")
                value_name = shape.value.serialization.get("name", "value")
                entries = [
                    self.elements(key_name, key, shape.key) + self.elements(value_name, element, shape.value)
                    for key, element in value.items()
                ]
                if flattened:
                    return "".join(self.element(name, "", entry) for entry in entries)
                return self.element(name, "", "".join(self.element("entry", "", entry) for entry in entries))
            case _:
                return self.element(name, "", self.text(value, shape))

    def element(self, name, attributes, inner):
        if not inner and self.case.random.random() < 0.5:
            return f"<{name}{attributes}/>"
        return f"<{name}{attributes}>{inner}</{name}>"

    def attributes(self, value, shape):
        out = ""
        for name, member in shape.members.items():
            if member.serialization.get("xmlAttribute") and name in value:
                out += ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
                out += f" {member.serialization['name']}={quoteattr(value[name])}"
        return out

    def members(self, value, shape):
        out = "" if shape.is_tagged_union else "\n<unknown a='b'><c>d</c></unknown><!-- e -->"
        for name, member in shape.members.items():
            if name in value and "location" not in member.serialization and not member.serialization.get("xmlAttribute"):
                out += self.elements(member.serialization.get("name", name), value[name], member)
        return out


def answer_case(model, protocol, operation, case, root):
    shape = operation.output_shape
    answer = Answer(case, protocol)
    value = case.value(shape) if shape else {}
    headers = {"x-amzn-RequestId": "r"}
    payload = shape.serialization.get("payload") if shape else None
    for name, member in shape.members.items() if shape else ():
        location = member.serialization.get("location")
        if location is None or location == "statusCode" or name not in value:
            continue
        if location == "headers":
            for key, element in value[name].items():
                headers[member.serialization["name"] + key] = element
        elif member.type_name == "timestamp":
            headers[member.serialization["name"]] = str(answer.time(value[name], member, "rfc822"))
        elif member.type_name == "list":
            headers[member.serialization["name"]] = ",".join(value[name])
        elif member.type_name == "boolean":
            headers[member.serialization["name"]] = str(value[name]).lower()
        else:
            headers[member.serialization["name"]] = str(value[name])
    if payload and shape.members[payload].type_name in ("string", "blob"):
        body = "abc" if shape.members[payload].type_name == "blob" else '{"Statement": []}'
    elif protocol in ("json", "rest-json"):
        if payload:
            value.setdefault(payload, {})
            body = json.dumps(answer.json(value[payload], shape.members[payload]), ensure_ascii=False)
        elif shape:
            body = json.dumps(answer.json(value, shape), ensure_ascii=False)
        else:
            body = ""
    elif protocol == "ec2":
        inner = answer.members(value, shape) if shape else "<return>true</return>"
        body = f"<{operation.name}Response xmlns='u'><requestId>r</requestId>{inner}</{operation.name}Response>"
    elif protocol == "query":
        inner = answer.members(value, shape) if shape else ""
        wrapper = shape.serialization.get("resultWrapper") if shape else None
        if wrapper:
            inner = f"<{wrapper}>{inner}</{wrapper}>"
        metadata = "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
        body = f"<{operation.name}Response>\n{inner}{metadata}</{operation.name}Response>\n"
    elif not shape or not any("location" not in member.serialization for member in shape.members.values()):
        body = ""
    elif payload:
        value.setdefault(payload, {})
        member = shape.members[payload]
        body = answer.elements(root or member.serialization.get("name", payload), value[payload], member)
    else:
        inner = answer.members(value, shape)
        body = f"<?xml version='1.0' encoding='UTF-8'?>\n<{root or operation.name} xmlns='u'>{inner}</{root or operation.name}>"
    parser = botocore.parsers.create_parser(protocol)
    response = {
        "status_code": 200,
        "headers": botocore.awsrequest.HeadersDict(headers),
        "body": body.encode(),
        "context": {"operation_name": operation.name},
    }
    parsed = parser.parse(response, shape)
    parsed.pop("ResponseMetadata", None)
    if payload and shape.members[payload].type_name == "blob":
        parsed[payload] = body.encode()
    return {
        "service": model.service_name,
        "operation": operation.name,
        "status": 200,
        "headers": headers,
        "body": body,
        "value": jsonable(parsed),
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--operations", type=pathlib.Path, default=HERE / "operations.yaml")
    arguments.add_argument("--out", type=pathlib.Path, default=OUT)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--seed", default="assize")
    arguments = arguments.parse_args()

    chosen = yaml.safe_load(arguments.operations.read_text())["services"]
    loader = Loader()
    requests, answers = [], []
    for service, entry in sorted(chosen.items()):
        model = ServiceModel(loader.load_service_model(service, "service-2"), service)
        protocol = next(known for known in PROTOCOLS if known in model.metadata.get("protocols", [model.metadata["protocol"]]))
        for listed in entry["operations"]:
            name, extra = (listed, {}) if isinstance(listed, str) else next(iter(listed.items()))
            operation = model.operation_model(name)
            for turn in range(arguments.rounds):
                case = Case(f"{arguments.seed} {service} {name} {turn}")
                requests.append(request_case(model, protocol, operation, case))
                # These botocore reads in its client, not in its parser.
                if "unwrapped" in extra or "encoded" in extra:
                    continue
                answers.append(answer_case(model, protocol, operation, case, extra.get("root")))
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, cases in (("requests", requests), ("answers", answers)):
        lines = (json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
        (arguments.out / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
