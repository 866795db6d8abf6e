"""The test account: moto behind a wall that counts every request and can refuse or spoil chosen ones.

    python server.py            prints the port it listens on, and lives for as long as its standard input is open

moto's own server is the AWS of these tests. What stands in front of it is small and knows AWS only through botocore's
models, so that it is a second opinion on what assize sends:

* every request is named `service:Operation` from what is on the wire (form, target header, or method and path);
* `PUT /-/wall` takes {"allow": [operation, ...] or null, "faults": {operation: kind}}: operations outside `allow`
  are refused as IAM refuses them, in the error form of the operation's protocol; the kinds are `deny`, `throttle`
  (once), `html` (a load balancer's page instead of an answer) and `truncate` (half of the body, sent as if it were
  whole). With "operation text" a fault meets only the requests whose region, path or body holds the text;
* `GET /-/requests` tells how often each operation was asked for since the last time this was asked;
* `PUT /-/facts` sets what no AWS API can set: the age and the last use of credentials, the root user's, and CloudTrail's
  public keys by region.

Where moto is not true to AWS and a rule could see the difference, `mend_moto` below mends it. What it lacks and can be
made is in `beyond.py`.
"""

import collections
import datetime
import functools
import hashlib
import io
import json
import os
import re
import sys
import threading
import urllib.parse

import botocore.loaders
from beyond import Beyond
from beyond_guards import Refused
from cryptography import x509
from moto.cloudfront.models import Origin
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models.instances import Instance
from moto.ec2.models.vpn_connections import VPNConnection
from moto.elasticbeanstalk.models import Environment
from moto.elasticbeanstalk.responses import EBResponse
from moto.iam.models import AccessKeyLastUsed, IAMBackend, iam_backends
from moto.iam.responses import IamResponse
from moto.kms.models import Key
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.rds.models import rds_backends
from moto.securityhub.models import SecurityHubBackend
from werkzeug.serving import make_server

ACCOUNT = os.environ["MOTO_ACCOUNT_ID"]

# The services whose signing name is not the name of their model.
SIGNED_AS = {
    "access-analyzer": "accessanalyzer",
    "cloudhsm": "cloudhsmv2",
    "elasticfilesystem": "efs",
    "elasticmapreduce": "emr",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
}

# Of several models with one signing name, those that are told by the beginning of the path.
BY_PATH = {
    ("s3", "/v20180820/"): "s3control",
    ("apigateway", "/v2/"): "apigatewayv2",
    ("es", "/2021-01-01/"): "opensearch",
}

LOADER = botocore.loaders.Loader()


# ---------------------------------------------------------------------------------------------------------------------
# What a request asks for


@functools.cache
def model(service):
    return LOADER.load_service_model(service, "service-2")


@functools.cache
def routes(service):
    """The operations of a service with a REST protocol, the most particular first."""
    found = []
    for name, operation in model(service)["operations"].items():
        path, _, query = operation["http"]["requestUri"].partition("?")
        wanted = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        shape = model(service)["shapes"].get(operation.get("input", {}).get("shape"), {})
        headers = set()
        for member in shape.get("required", []):
            if shape["members"][member].get("location") == "querystring":
                wanted.setdefault(shape["members"][member]["locationName"], None)
            if shape["members"][member].get("location") == "header":
                headers.add("HTTP_" + shape["members"][member]["locationName"].upper().replace("-", "_"))
        pattern = re.escape(path.rstrip("/")).replace(r"\{", "{").replace(r"\}", "}").replace(r"\+}", "+}")
        pattern = re.sub(r"\{[^}]+\+\}", ".+", pattern)
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", pattern)
        literal = len(re.sub(r"\{[^}]+\}", "", path))
        found.append((len(wanted), literal, operation["http"]["method"], re.compile(pattern + "/?"), wanted, headers, name))
    return sorted(found, key=lambda route: (-route[0], -route[1], route[6]))


def rest_operation(service, environ, query):
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    for _, _, wanted_method, pattern, wanted, headers, name in routes(service):
        if method != wanted_method or not pattern.fullmatch(path) or not headers <= environ.keys():
            continue
        if all(key in query and value in (None, "", query[key]) for key, value in wanted.items()):
            return name
    return None


def asked_for(environ, body):
    """`(service, operation, protocol, region)` of a request, or None if it is not AWS's."""
    signed = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request", environ.get("HTTP_AUTHORIZATION", ""))
    if not signed:
        return None
    region, service = signed[1], SIGNED_AS.get(signed[2], signed[2])
    path = environ["PATH_INFO"]
    query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    of_path = (name for (signed_as, start), name in BY_PATH.items() if service == signed_as and path.startswith(start))
    service = next(of_path, service)
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return service, target.rpartition(".")[2], "json", region
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        if "Action" in form:
            if service == "elasticloadbalancing":
                service = "elb" if form["Version"] == "2012-06-01" else "elbv2"
            return service, form["Action"], "ec2" if service == "ec2" else "query", region
    operation = rest_operation(service, environ, query)
    return service, operation or f"{environ['REQUEST_METHOD']} {path}", model(service)["metadata"]["protocol"], region


# ---------------------------------------------------------------------------------------------------------------------
# Errors, each in the form of its protocol


def error(protocol, service, code, message, status):
    """Status, headers and body of an error."""
    ident = "8c3f1a52-77d0-4b1e-9a6d-3f0e2d1c0b9a"
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{ident}</RequestID></Response>"
        )
    elif protocol == "query":
        body = (
            f'<ErrorResponse xmlns="https://{service}.amazonaws.com/doc/"><Error><Type>Sender</Type>'
            f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>{ident}</RequestId></ErrorResponse>"
        )
    elif protocol == "rest-xml" and service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{ident}</RequestId></Error>"
    elif protocol == "rest-xml":
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{ident}</RequestId></ErrorResponse>"
        )
    elif protocol == "json":
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", ident)]
        return 400, headers, json.dumps({"__type": f"com.amazon.{service}#{code}", "message": message}).encode()
    else:
        headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code), ("x-amzn-RequestId", ident)]
        return status, headers, json.dumps({"Message": message}).encode()
    return status, [("Content-Type", "text/xml")], ('<?xml version="1.0" encoding="UTF-8"?>' + body).encode()


def denied(protocol, service, operation):
    code = {"ec2": "UnauthorizedOperation", "json": "AccessDeniedException", "rest-json": "AccessDeniedException"}
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/assize-audit/scan"
    message = f"User: {who} is not authorized to perform: {service}:{operation}"
    return error(protocol, service, code.get(protocol, "AccessDenied"), message, 403)


def throttled(protocol, service):
    code = {"ec2": "RequestLimitExceeded", "json": "ThrottlingException", "rest-xml": "SlowDown"}
    status = 429 if protocol == "rest-json" else 503 if protocol in ("ec2", "rest-xml") else 400
    return error(protocol, service, code.get(protocol, "Throttling"), "Rate exceeded", status)


HTML = b"<html><head><title>500 Internal Server Error</title></head><body><center>nginx</center></body></html>"


# ---------------------------------------------------------------------------------------------------------------------
# The wall


class Wall:
    def __init__(self, inside):
        self.inside = inside
        self.lock = threading.Lock()
        self.allow = None
        self.faults = {}
        self.requests = collections.Counter()
        self.beyond = Beyond()

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)
        if environ["PATH_INFO"].startswith("/-/"):
            return self.control(environ, body, start_response)
        what = asked_for(environ, body)
        if what is None:
            return self.inside(environ, start_response)
        service, operation, protocol, region = what
        name = f"{service}:{operation}"
        said = f"{region} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')} {body.decode(errors='replace')}"
        with self.lock:
            self.requests[name] += 1
            meets = (key for key in self.faults if key.partition(" ")[0] == name and key.partition(" ")[2] in said)
            key = next(meets, None)
            fault = self.faults.get(key)
            if self.allow is not None and name not in self.allow:
                fault = "deny"
            if fault == "throttle":
                del self.faults[key]
        if fault == "deny":
            return self.answer(start_response, *denied(protocol, service, operation), environ)
        if fault == "throttle":
            return self.answer(start_response, *throttled(protocol, service), environ)
        if fault == "html":
            return self.answer(start_response, 500, [("Content-Type", "text/html")], HTML, environ)
        inside = self.inside
        if name in self.beyond.operations:
            inside = functools.partial(self.answer_beyond, name, region, protocol, body)
        if fault == "truncate":
            return self.truncated(inside, environ, start_response)
        return inside(environ, start_response)

    def answer_beyond(self, name, region, protocol, body, environ, start_response):
        try:
            said = json.dumps(self.beyond.answer(name, region, environ["PATH_INFO"], body)).encode()
        except Refused as refused:
            service = name.partition(":")[0]
            status, headers, said = error(protocol, service, refused.code, refused.message, refused.status)
            return self.answer(start_response, status, headers, said, environ)
        kind = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
        return self.answer(start_response, 200, [("Content-Type", kind)], said, environ)

    @staticmethod
    def answer(start_response, status, headers, body, environ):
        start_response(f"{status} -", [*headers, ("Content-Length", str(len(body)))])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    @staticmethod
    def truncated(inside, environ, start_response):
        said = {}

        def take(status, headers, exc_info=None):
            said.update(status=status, headers=headers)

        body = b"".join(inside(environ, take))
        body = body[: len(body) // 2]
        headers = [(name, value) for name, value in said["headers"] if name.lower() != "content-length"]
        start_response(said["status"], [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def control(self, environ, body, start_response):
        what = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        said = {}
        with self.lock:
            if what == ("PUT", "/-/wall"):
                orders = json.loads(body)
                self.allow = None if orders["allow"] is None else set(orders["allow"])
                self.faults = dict(orders["faults"])
            elif what == ("GET", "/-/requests"):
                said = dict(sorted(self.requests.items()))
                self.requests.clear()
            elif what == ("PUT", "/-/facts"):
                facts = json.loads(body)
                self.beyond.public_keys.update(facts.pop("publicKeys", {}))
                set_facts(facts)
            else:
                return self.answer(start_response, 404, [], b"no such control", environ)
        return self.answer(
            start_response, 200, [("Content-Type", "application/json")], json.dumps(said).encode(), environ
        )


# ---------------------------------------------------------------------------------------------------------------------
# Facts that no API sets


ROOT = {"mfa": False, "accessKey": False}


def days_ago(days):
    return utcnow() - datetime.timedelta(days=days)


def set_facts(facts):
    """{"root": {"mfa": bool, "accessKey": bool}, "users": {name: {"created", "passwordUsed", "keys": [{"created",
    "used"}]}}, "databases": {name: resource id}}: all ages in days; a key that was never used has no `used`."""
    iam = iam_backends[ACCOUNT]["aws"]
    if "root" in facts:
        ROOT.update(facts["root"])
        iam.account_summary._account_mfa_enabled = int(ROOT["mfa"])
        iam.account_summary._account_access_keys_present = int(ROOT["accessKey"])
    for name, ages in facts.get("users", {}).items():
        user = iam.users[name]
        if "created" in ages:
            user.create_date = days_ago(ages["created"])
        if "passwordUsed" in ages:
            user.password_last_used = days_ago(ages["passwordUsed"])
        for key, key_ages in zip(user.access_keys, ages.get("keys", []), strict=True):
            key.create_date = days_ago(key_ages["created"])
            if "used" in key_ages:
                key.last_used = AccessKeyLastUsed(days_ago(key_ages["used"]), "s3", "us-east-1")
    for backend in rds_backends[ACCOUNT].values():
        for name, ident in facts.get("databases", {}).items():
            if name in backend.databases:
                backend.databases[name].dbi_resource_id = ident
            for snapshot in backend.database_snapshots.values():
                if snapshot.database.db_instance_identifier == name:
                    snapshot.dbi_resource_id = ident


def mend_moto():
    """Where moto differs from AWS and a rule could see it."""

    # AWS's credential report has a line for the root user, moto's has none.
    report_of_users = IAMBackend.get_credential_report

    def get_credential_report(self):
        head, _, users = report_of_users(self).partition("\n")
        root = dict.fromkeys(head.split(","), "N/A")
        root |= {
            "user": "<root_account>",
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "user_creation_time": "2019-03-04T05:06:07+00:00",
            "password_enabled": "not_supported",
            "password_last_used": "no_information",
            "password_last_changed": "not_supported",
            "password_next_rotation": "not_supported",
            "mfa_active": str(ROOT["mfa"]).lower(),
            "access_key_1_active": str(ROOT["accessKey"]).lower(),
            "access_key_2_active": "false",
            "cert_1_active": "false",
            "cert_2_active": "false",
        }
        return "\n".join([head, ",".join(root[column] for column in head.split(",")), users])

    IAMBackend.get_credential_report = get_credential_report

    # AWS reads in a server certificate from when to when it is valid, gives it an id, and knows its tags. moto tells the
    # same of all.
    def list_server_certificates(self):
        told = []
        for one in self.backend.list_server_certificates():
            certificate = x509.load_pem_x509_certificate(one.cert_body.encode())
            told.append(
                {
                    "ServerCertificateName": one.cert_name,
                    "ServerCertificateId": f"ASCA{hashlib.sha256(one.cert_name.encode()).hexdigest()[:17].upper()}",
                    "Arn": one.arn,
                    "Path": one.path,
                    "UploadDate": certificate.not_valid_before_utc,
                    "Expiration": certificate.not_valid_after_utc,
                }
            )
        return ActionResult({"ServerCertificateMetadataList": told, "IsTruncated": False})

    IamResponse.list_server_certificates = list_server_certificates
    IamResponse.list_server_certificate_tags = lambda self: ActionResult({"Tags": [], "IsTruncated": False})

    # moto forgets that an origin is a bucket, and how CloudFront may reach it.
    make_origin = Origin.__init__

    def make_whole_origin(self, origin):
        make_origin(self, origin)
        self.origin_access_control_id = origin.get("OriginAccessControlId") or ""
        if "S3OriginConfig" in origin:
            self.s3_origin_config = {"OriginAccessIdentity": origin["S3OriginConfig"]["OriginAccessIdentity"] or ""}

    Origin.__init__ = make_whole_origin

    # AWS says which keys are its own, moto that all are the customer's.
    key_as_described = Key.to_dict

    def to_dict(self):
        described = key_as_described(self)
        if any(alias.startswith("alias/aws/") for alias in self.aliases):
            described["KeyMetadata"]["KeyManager"] = "AWS"
        return described

    Key.to_dict = to_dict

    # The policy of a key that CloudFormation makes is a text, as that of any other. moto keeps what the template says as it
    # is, and then cannot read it.
    make_key = Key.__init__

    def make_key_with_text(self, policy, *arguments, **named):
        make_key(self, json.dumps(policy) if isinstance(policy, dict) else policy, *arguments, **named)

    Key.__init__ = make_key_with_text

    # AWS takes findings where Security Hub is on, under the product of the hub's own region and account, of a caller's own
    # account, and not those that are older than what it has. moto takes all.
    import_findings = SecurityHubBackend.batch_import_findings

    def batch_import_findings(self, findings):
        product = f"arn:aws:securityhub:{self.region_name}:{ACCOUNT}:product/{ACCOUNT}/default"
        known = {one.id: one.data["UpdatedAt"] for one in self.findings}
        refused, taken, late = [], [], 0
        for one in findings:
            if not self.enabled:
                refused.append({"Id": one["Id"], "ErrorCode": "InvalidAccess", "ErrorMessage": "Security Hub is not enabled"})
            elif one["ProductArn"] != product or one["AwsAccountId"] != ACCOUNT or len(json.dumps(one)) > 240_000:
                refused.append({"Id": one["Id"], "ErrorCode": "InvalidInput", "ErrorMessage": one["ProductArn"]})
            elif known.get(one["Id"], "") >= one["UpdatedAt"]:
                late += 1
            else:
                taken.append(one)
        failed, succeeded, wrong = import_findings(self, taken)
        return failed + len(refused), succeeded + late, wrong + refused

    SecurityHubBackend.batch_import_findings = batch_import_findings

    # AWS calls the zone of the time at which an instance was stopped GMT, moto UTC.
    stop = Instance.stop

    def stop_by_gmt(self):
        stopped = stop(self)
        self._reason = self._reason.replace(" UTC)", " GMT)")
        return stopped

    Instance.stop = stop_by_gmt

    # AWS tells how the two tunnels of a VPN connection are; here one of them is down.
    VPNConnection.vgw_telemetry = [
        {"OutsideIpAddress": address, "Status": status, "StatusMessage": "", "AcceptedRouteCount": routes}
        for address, status, routes in [("203.0.113.20", "UP", 1), ("203.0.113.21", "DOWN", 0)]
    ]

    # AWS's environments have ids, platforms and settings.
    environment_as_made = Environment.__init__

    def make_environment(self, application, environment_name, solution_stack_name, tags):
        environment_as_made(self, application, environment_name, solution_stack_name, tags)
        self.environment_id = f"e-{hashlib.sha256(environment_name.encode()).hexdigest()[:10]}"
        self.solution_stack_name = solution_stack_name

    def platform_arn(self):
        system, _, language = self.solution_stack_name.partition(" running ")
        system, _, version = system.rpartition(" v")
        return f"arn:aws:elasticbeanstalk:{self.region}::platform/{language} running on {system}/{version}"

    create_environment = EBResponse.create_environment

    def create_environment_with_settings(self):
        made = create_environment(self)
        made.result.option_settings = self._get_param("OptionSettings", [])
        return made

    def describe_configuration_settings(self):
        application, name = self._get_param("ApplicationName"), self._get_param("EnvironmentName")
        environment = self.elasticbeanstalk_backend.applications[application].environments[name]
        settings = {
            "ApplicationName": application,
            "EnvironmentName": name,
            "DeploymentStatus": "deployed",
            "OptionSettings": environment.option_settings,
        }
        return ActionResult({"ConfigurationSettings": [settings]})

    Environment.__init__ = make_environment
    Environment.platform_arn = property(platform_arn)
    EBResponse.create_environment = create_environment_with_settings
    EBResponse.describe_configuration_settings = describe_configuration_settings


def die_with_parent():
    """The test holds the other end of standard input: however it ends, no server is left behind."""
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    mend_moto()
    app = Wall(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=die_with_parent, daemon=True).start()
    print(server.port, flush=True)
    server.serve_forever()


main()
