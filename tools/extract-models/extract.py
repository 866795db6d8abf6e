#!/usr/bin/env python3
"""Writes models/*.json from botocore's service models. See README.md for the format."""

import argparse
import difflib
import json
import pathlib
import re
import sys

import botocore
import yaml
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parent.parent / "models"

READ_PREFIXES = ("BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Search")

# Operations that read although their names do not say so: AWS gives their actions the access level Read or List.
READ_EXCEPTIONS = {
    ("iam", "GenerateCredentialReport"),  # asks AWS to refresh the report; changes nothing of the account
}

# Operations that hand out what the account's owner keeps, and that one method of the client, not a scan, has a use for.
# operations.yaml lists them under `data`, and models have them apart from the others.
DATA = {
    ("s3", "GetObject"),  # the files that AWS Config delivers to a bucket
}

# The operations that deliver. operations.yaml lists them under `deliver`, and they have models of their own, in a folder
# that no scan reads.
DELIVER = {
    ("s3", "PutObject"),
    ("securityhub", "BatchImportFindings"),
    ("sns", "Publish"),
}

# Operations that are named like reads and hand out secrets or data of the account's own customers, or that change it.
REFUSED = {
    ("acm", "GetAcmeExternalAccountBindingCredentials"),
    ("apigateway", "GetApiKey"),
    ("apigateway", "GetApiKeys"),
    ("dynamodb", "BatchGetItem"),
    ("dynamodb", "GetItem"),
    ("ec2", "GetPasswordData"),
    ("ecr", "GetAuthorizationToken"),
    ("ecr", "GetDownloadUrlForLayer"),
    ("emr", "GetClusterSessionCredentials"),
    ("emr", "GetOnClusterAppUIPresignedURL"),
    ("emr", "GetPersistentAppUIPresignedURL"),
    ("emr", "GetSessionEndpoint"),
    ("redshift", "GetClusterCredentials"),
    ("redshift", "GetClusterCredentialsWithIAM"),
    ("redshift", "GetIdentityCenterAuthToken"),
    ("s3control", "GetDataAccess"),
    ("secretsmanager", "BatchGetSecretValue"),
    ("secretsmanager", "GetRandomPassword"),
    ("secretsmanager", "GetSecretValue"),
    ("ssm", "GetAccessToken"),
    ("sso", "GetRoleCredentials"),
    ("sts", "GetDelegatedAccessToken"),
    ("sts", "GetFederationToken"),
    ("sts", "GetSessionToken"),
    ("sts", "GetWebIdentityToken"),
    ("wafv2", "GetDecryptedAPIKey"),
}

# CBOR is left out on purpose: of the services that speak it, nearly all also speak one of these.
PROTOCOLS = ("json", "rest-json", "rest-xml", "ec2", "query")

SCALARS = {"boolean", "integer", "long", "float", "double", "blob"}

TOKEN = re.compile(
    r"(next)?_?((continuation|page|pagination)?_?(token|key|marker|page)|cursor|position)", re.IGNORECASE
)

VARIANTS = {"plain": (False, False), "fips": (True, False), "dual": (False, True), "fips-dual": (True, True)}


class ExtractionError(Exception):
    """What operations.yaml asks for cannot be extracted."""


def is_read(service, operation):
    if (service, operation) in REFUSED | DATA:
        return False
    return (service, operation) in READ_EXCEPTIONS or operation.startswith(READ_PREFIXES)


class Service:
    """One service's model, reduced to the chosen operations."""

    def __init__(self, loader, name, chosen, delivers=False):
        self.loader = loader
        self.delivers = delivers
        self.name = name
        self.api = loader.load_service_model(name, "service-2")
        self.paginators = load_optional(loader, name, "paginators-1").get("pagination", {})
        self.metadata = self.api["metadata"]
        self.iam_prefix = chosen.get("iam", self.signing_name)
        self.operations = {}
        self.data = set(chosen.get("data", []))
        for entry in [*chosen["operations"], *chosen.get("data", [])]:
            operation, extra = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
            unknown = set(extra) - {"actions", "encoded", "json", "results", "root", "unwrapped"}
            if unknown:
                raise ExtractionError(f"{name} {operation}: unknown keys {sorted(unknown)}")
            if operation in self.operations:
                raise ExtractionError(f"{name} {operation} is named twice")
            self.operations[operation] = extra
        self.shapes = {}

    @property
    def signing_name(self):
        return self.metadata.get("signingName", self.metadata["endpointPrefix"])

    @property
    def protocol(self):
        offered = self.metadata.get("protocols", [self.metadata["protocol"]])
        for protocol in PROTOCOLS:
            if protocol in offered:
                return protocol
        raise ExtractionError(f"{self.name}: none of its protocols is known: {offered}")

    def model(self):
        protocol = self.protocol
        model = {
            "service": self.name,
            "protocol": protocol,
            "apiVersion": self.metadata["apiVersion"],
            "signingName": self.signing_name,
            "iam": self.iam_prefix,
        }
        if protocol == "json":
            model["jsonVersion"] = self.metadata.get("jsonVersion", "1.0")
            model["targetPrefix"] = self.metadata["targetPrefix"]
            if "awsQueryCompatible" in self.metadata:
                model["queryCompatible"] = True
        operations = {name: self.operation(name, extra) for name, extra in sorted(self.operations.items())}
        model["operations"] = {name: operation for name, operation in operations.items() if name not in self.data}
        if self.data:
            model["data"] = {name: operations[name] for name in sorted(self.data)}
        model["shapes"] = dict(sorted(self.shapes.items()))
        return model

    def operation(self, name, extra):
        if name in self.data:
            if (self.name, name) not in DATA:
                raise ExtractionError(f"{self.name} {name} may not stand under data")
        elif self.delivers:
            if (self.name, name) not in DELIVER:
                raise ExtractionError(f"{self.name} {name} may not stand under deliver")
        elif not is_read(self.name, name):
            raise ExtractionError(f"{self.name} {name} is not a read operation")
        source = self.api["operations"].get(name)
        if source is None:
            raise ExtractionError(f"{self.name} has no operation {name}")
        out = {}
        if (source["http"]["method"], source["http"]["requestUri"]) != ("POST", "/"):
            out["http"] = f"{source['http']['method']} {source['http']['requestUri']}"
        if "input" in source:
            out["input"] = self.structure(source["input"]["shape"])
            if "locationName" in source["input"]:
                out["root"] = source["input"]["locationName"]
            if "xmlNamespace" in source["input"]:
                out["rootNamespace"] = namespace(source["input"]["xmlNamespace"])
        if "output" in source:
            out["output"] = self.structure(source["output"]["shape"])
            if "resultWrapper" in source["output"]:
                out["wrapper"] = source["output"]["resultWrapper"]
            if "json" in extra:
                self.mark_json(out["output"], extra["json"])
        if "root" in extra:
            out["outputRoot"] = extra["root"]
        for key in ("encoded", "unwrapped"):
            if key in extra:
                out[key] = extra[key]
        host_prefix = source.get("endpoint", {}).get("hostPrefix")
        if host_prefix:
            out["hostPrefix"] = host_prefix
        if "actions" in extra:
            out["actions"] = extra["actions"]
        pages = self.pages(name, source, extra)
        if pages:
            out["pages"] = pages
        return out

    def structure(self, name):
        """The name of a structure even when it is empty: whether there is an input or output at all matters."""
        if self.api["shapes"][name]["type"] != "structure":
            raise ExtractionError(f"{self.name}: {name} is not a structure")
        self.reference(name)
        return name

    def reference(self, name):
        """The type of a shape, which is put into `shapes` unless it is a scalar."""
        shape = self.api["shapes"][name]
        kind = shape["type"]
        if kind in SCALARS:
            return kind
        if kind in ("string", "character"):
            return "string"
        if kind == "timestamp":
            return f"timestamp:{shape['timestampFormat']}" if "timestampFormat" in shape else "timestamp"
        if shape.get("document"):
            return "document"
        if shape.get("eventstream"):
            raise ExtractionError(f"{self.name}: {name} is an event stream")
        if name in SCALARS or name in ("string", "timestamp", "document"):
            raise ExtractionError(f"{self.name}: {name} is named like a scalar")
        if name not in self.shapes:
            self.shapes[name] = None
            self.shapes[name] = self.shape(shape)
        return name

    def shape(self, shape):
        kind = shape["type"]
        if kind == "structure":
            out = {"members": {name: self.member(member) for name, member in sorted(shape["members"].items())}}
            for key in ("payload", "required"):
                if shape.get(key):
                    out[key] = sorted(shape[key]) if key == "required" else shape[key]
            return out
        if kind == "list":
            out = {"list": self.member(shape["member"])}
        elif kind == "map":
            out = {"map": [self.member(shape["key"]), self.member(shape["value"])]}
        else:
            raise ExtractionError(f"{self.name}: shapes of type {kind} are not known")
        if shape.get("flattened"):
            out["flattened"] = True
        return out

    def member(self, member):
        of = self.reference(member["shape"])
        target = self.api["shapes"][member["shape"]]
        if "timestampFormat" in member:
            of = f"timestamp:{member['timestampFormat']}"
        out = {}
        names = {
            "name": "locationName",
            "in": "location",
            "query": "queryName",
            "flattened": "flattened",
            "host": "hostLabel",
            "json": "jsonvalue",
        }
        for ours, theirs in names.items():
            if member.get(theirs):
                out[ours] = member[theirs]
        if member.get("xmlAttribute"):
            out["in"] = "attribute"
        # A shape may bring its name on the wire along.
        if "locationName" in target:
            out.setdefault("name", target["locationName"])
        space = member.get("xmlNamespace") or (target.get("xmlNamespace") if target["type"] == "structure" else None)
        if space and self.protocol == "rest-xml":
            out["namespace"] = namespace(space)
        return {"of": of, **out} if out else of

    def fixed_endpoint_parameters(self, known):
        """What the rule set must be told that depends on the operation: here it may not differ between operations."""
        out = {}
        for name, parameter in known.items():
            if not parameter.required or parameter.default is not None or name == "Region":
                continue
            values = {
                self.api["operations"][operation].get("staticContextParams", {}).get(name, {}).get("value")
                for operation in self.operations
            }
            if len(values) != 1 or None in values:
                raise ExtractionError(f"{self.name}: operations differ in the endpoint's {name}: {sorted(map(str, values))}")
            out[name] = values.pop()
        return out

    def mark_json(self, output, name):
        member = self.shapes[output]["members"][name]
        if self.shapes[output].get("payload") != name or member != "string":
            raise ExtractionError(f"{self.name} {output}: {name} is not a text payload")
        self.shapes[output]["members"][name] = {"of": member, "json": True}

    def pages(self, name, source, extra):
        known = self.paginators.get(name)
        if known:
            out = {"in": as_list(known["input_token"]), "out": as_list(known["output_token"])}
            if "more_results" in known:
                out["more"] = known["more_results"]
            if "limit_key" in known:
                out["limit"] = known["limit_key"]
            if known.get("result_key"):
                out["results"] = as_list(known["result_key"])
            return out
        if "input" not in source or "output" not in source:
            return None
        inputs, outputs = (self.api["shapes"][source[side]["shape"]]["members"] for side in ("input", "output"))
        # What is named `next…` goes on; a token of the input's very name may be its echo.
        for token in sorted(outputs, key=lambda token: (not token.lower().startswith("next"), token)):
            asked = next((name for name in asked_with(token) if name in inputs), None)
            if asked is None or self.reference(outputs[token]["shape"]) != "string":
                continue
            results = extra.get("results") or [
                member
                for member, ref in sorted(outputs.items())
                if self.api["shapes"][ref["shape"]]["type"] in ("list", "map")
            ]
            if not results:
                return None
            if len(results) != 1 and "results" not in extra:
                raise ExtractionError(f"{self.name} {name} has pages of {results}: say which in `results`")
            return {"in": [asked], "out": [token], "results": results, "own": True}
        return None


def asked_with(token):
    """The names that an input may have for a token of the output."""
    if TOKEN.fullmatch(token):
        return [token, re.sub("^[Nn]ext", "", token)]
    if token.startswith("LastEvaluated"):
        return [token.replace("LastEvaluated", "ExclusiveStart", 1)]
    return []


def namespace(space):
    return {"uri": space["uri"], "prefix": space["prefix"]} if "prefix" in space else {"uri": space["uri"]}


def as_list(one_or_more):
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]


def load_optional(loader, service, kind):
    try:
        return loader.load_service_model(service, kind)
    except botocore.exceptions.UnknownServiceError:
        return {}
    except botocore.exceptions.DataNotFoundError:
        return {}


def endpoints(loader, services):
    """Every service's endpoint in every region and variant, less what the plain rule says."""
    data = loader.load_data("partitions")
    partitions = {}
    for partition in data["partitions"]:
        outputs = partition["outputs"]
        partitions[partition["id"]] = {
            "dns": outputs["dnsSuffix"],
            "dualDns": outputs["dualStackDnsSuffix"],
            "global": outputs["implicitGlobalRegion"],
            "regex": partition["regionRegex"],
            "fips": outputs["supportsFIPS"],
            "dual": outputs["supportsDualStack"],
            "regions": sorted(region for region in partition["regions"] if not region.endswith("-global")),
        }
    out = {}
    for service in services:
        provider = EndpointProvider(loader.load_service_model(service.name, "endpoint-rule-set-1"), data)
        fixed = service.fixed_endpoint_parameters(provider.ruleset.parameters)
        entry = {"id": service.metadata["serviceId"], "prefix": service.metadata["endpointPrefix"]}
        entry["signingName"] = service.signing_name
        for name, partition in sorted(partitions.items()):
            variants = {}
            for variant, (fips, dual) in VARIANTS.items():
                asked = {"UseFIPS": fips, "UseDualStack": dual, **fixed}
                found = {region: resolve(provider, service, region, asked) for region in partition["regions"]}
                rule = compact(service, partition, fips, dual, found)
                if rule != {}:
                    variants[variant] = rule
            if variants:
                entry[name] = variants
        out[service.name] = entry
    return {"partitions": dict(sorted(partitions.items())), "services": out}


def resolve(provider, service, region, asked):
    """The URL with the region and name to sign for, or None where there is no endpoint."""
    try:
        endpoint = provider.resolve_endpoint(Region=region, **asked)
    except EndpointProviderError:
        return None
    schemes = {scheme["name"]: scheme for scheme in endpoint.properties.get("authSchemes", [])}
    scheme = schemes.get("sigv4", {})
    return endpoint.url, scheme.get("signingRegion", region), scheme.get("signingName", service.signing_name)


def expand(rule, region, service):
    """What a rule of endpoints.json says for a region."""
    if rule is None:
        return None
    return (
        rule["url"].replace("{region}", region),
        rule.get("region", region),
        rule.get("name", service.signing_name),
    )


def rules(found, region, service):
    """The rules that would give what was found for a region, the general one first."""
    if found is None:
        return [None]
    url, signing_region, name = found
    rest = {"name": name} if name != service.signing_name else {}
    out = []
    if region in url and signing_region == region:
        out.append({"url": url.replace(region, "{region}"), **rest})
    if signing_region == region:
        out.append({"url": url, **rest})
    out.append({"url": url, "region": signing_region, **rest})
    return out


def compact(service, partition, fips, dual, found):
    """{} when every region follows the plain rule; else the rule that most regions follow, and the other regions."""
    suffix = partition["dualDns" if dual else "dns"]
    prefix = service.metadata["endpointPrefix"]
    plain = {"url": f"https://{prefix}{'-fips' if fips else ''}.{{region}}.{suffix}"}

    def followers(rule):
        return sum(expand(rule, region, service) == value for region, value in found.items())

    candidates = [plain] + [rule for region, value in sorted(found.items()) for rule in rules(value, region, service)]
    usual = max(candidates, key=followers)  # the first of the best
    different = {
        region: rules(value, region, service)[0]
        for region, value in sorted(found.items())
        if expand(usual, region, service) != value
    }
    if not different:
        return {} if usual == plain else usual
    if usual is None:
        usual = plain
        different = {
            region: rules(value, region, service)[0]
            for region, value in sorted(found.items())
            if expand(usual, region, service) != value
        }
    return {**usual, "except": different}


def one_line(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def write_lines(document, split):
    """JSON with one line for each member of the objects named in `split`, so that changes read well in a diff."""
    parts = []
    for key, value in document.items():
        if key in split:
            lines = ",\n".join(f"{one_line(name)}:{one_line(member)}" for name, member in value.items())
            parts.append(f"{one_line(key)}:{{\n{lines}\n}}")
        else:
            parts.append(f"{one_line(key)}:{one_line(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def extract(chosen):
    """File names and texts."""
    loader = Loader()
    services = [Service(loader, name, entry) for name, entry in sorted(chosen["services"].items())]
    parts = ("operations", "data", "shapes")
    files = {f"{service.name}.json": write_lines(service.model(), parts) for service in services}
    for name, entry in sorted(chosen.get("deliver", {}).items()):
        files[f"deliver/{name}.json"] = write_lines(Service(loader, name, entry, delivers=True).model(), parts)
    files["endpoints.json"] = write_lines(endpoints(loader, services), ("partitions", "services"))
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=pathlib.Path, default=HERE / "operations.yaml")
    parser.add_argument("--out", type=pathlib.Path, default=MODELS)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    arguments = parser.parse_args()

    pinned = re.search(r"^botocore==(\S+)", (HERE / "requirements.txt").read_text(), re.MULTILINE).group(1)
    if botocore.__version__ != pinned:
        sys.exit(f"botocore {pinned} is needed, this is {botocore.__version__}")
    try:
        files = extract(yaml.safe_load(arguments.operations.read_text()))
    except ExtractionError as error:
        sys.exit(str(error))

    present = {
        path.relative_to(arguments.out).as_posix(): path.read_text()
        for path in [*arguments.out.glob("*.json"), *arguments.out.glob("deliver/*.json")]
    }
    if arguments.check:
        for name in sorted(files.keys() | present.keys()):
            old, new = present.get(name, ""), files.get(name, "")
            sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, name, n=0))
        sys.exit(files != present)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in present.keys() - files.keys():
        (arguments.out / name).unlink()
    for name, text in files.items():
        (arguments.out / name).parent.mkdir(exist_ok=True)
        (arguments.out / name).write_text(text)


if __name__ == "__main__":
    main()
