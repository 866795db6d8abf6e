"""Holds commands of the AWS CLI against botocore's models, from which the CLI makes its commands.

Takes texts by name as JSON on standard input, and gives what is wrong with each, by name, as JSON on standard output: a
service, a command or an option that there is not, an option that is required and missing.
"""

import json
import shlex
import sys

import botocore.exceptions
import botocore.session
from botocore import xform_name

# What the CLI calls otherwise than botocore does.
SERVICES = {"s3api": "s3", "configservice": "config", "deploy": "codedeploy"}

# The options of every command.
# https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
GLOBAL = {
    "region", "profile", "output", "query", "endpoint-url", "no-cli-pager", "no-paginate", "no-verify-ssl", "debug",
    "cli-input-json", "cli-input-yaml", "generate-cli-skeleton", "no-sign-request", "ca-bundle", "color",
    "cli-read-timeout", "cli-connect-timeout", "cli-binary-format", "no-cli-auto-prompt", "cli-auto-prompt",
    "max-items", "page-size", "starting-token",
}

# Options that the CLI has beside those of the model, each as its reference page has it.
# https://docs.aws.amazon.com/cli/latest/reference/
OWN = {
    ("ec2", operation): {"protocol", "port", "cidr", "source-group", "group-owner"}
    for operation in (
        "authorize-security-group-ingress", "authorize-security-group-egress",
        "revoke-security-group-ingress", "revoke-security-group-egress",
    )
} | {
    ("ec2", "run-instances"): {"count", "associate-public-ip-address", "no-associate-public-ip-address"},
    ("iam", "create-virtual-mfa-device"): {"outfile", "bootstrap-method"},
    ("configservice", "put-configuration-recorder"): {"recording-group"},
}

# Options that the CLI calls otherwise than the model does, or fills in if they are not given.
RENAMED = {("sns", "subscribe", "endpoint"): "notification-endpoint"}
FILLED = {("ec2", "run-instances", "min-count"), ("ec2", "run-instances", "max-count")}

# What says no to a flag, where that is not `no-` before its name.
NEGATED = {("ec2", "egress"): "ingress"}

# What stands for a name of the finding's resource.
NAMES = {"RESOURCE_ID", "RESOURCE_NAME", "RESOURCE_ARN", "AWS_REGION", "ACCOUNT_ID", "PARTITION"}

# Commands that are the CLI's own, with their options.
HIGH = {
    "s3": {
        "ls": {"recursive", "human-readable", "summarize"},
        "cp": {"recursive", "sse", "sse-kms-key-id", "exclude", "include", "acl", "only-show-errors"},
        "mv": {"recursive", "sse", "sse-kms-key-id", "exclude", "include"},
        "rm": {"recursive", "exclude", "include", "only-show-errors"},
        "sync": {"delete", "exclude", "include", "sse", "sse-kms-key-id"},
        "mb": set(),
        "rb": {"force"},
    },
}


def commands(text):
    """The commands of a text, each as its words."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield words


def options(words):
    """The names of the options among the words."""
    for word in words:
        if word.startswith("--"):
            yield word[2:].split("=", 1)[0]


def values(words):
    """Each word that is no option, behind the name of the option that it is for."""
    name = None
    for word in words:
        if word.startswith("--"):
            name = word[2:].split("=", 1)[0]
        elif name:
            yield name, word


def has_shorthand(shape):
    """Whether the CLI would look for signs of its shorthand in a word for this shape."""
    of = shape.member if shape.type_name == "list" else shape
    return of.type_name in ("structure", "list", "map")


def problem(words, session, models={}):
    """What is wrong with one command, or nothing."""
    if words[0] != "aws":
        return f"`{words[0]}` is not the AWS CLI"
    if len(words) < 3:
        return "a command names a service and an operation"
    service, operation = words[1], words[2]
    given = list(options(words[3:]))
    if operation in HIGH.get(service, {}):
        known = GLOBAL | HIGH[service][operation]
        unknown = [option for option in given if option not in known]
        return f"aws {service} {operation} has no option --{unknown[0]}" if unknown else None
    name = SERVICES.get(service, service)
    if service in SERVICES.values() or name not in session.get_available_services():
        return f"the AWS CLI has no service `{service}`"
    if name not in models:
        models[name] = session.get_service_model(name)
    model = models[name]
    operations = {xform_name(one, "-"): one for one in model.operation_names}
    if operation == "wait":
        waiters = {xform_name(one, "-"): one for one in waiter_names(session, name)}
        if len(words) < 4 or words[3] not in waiters:
            return f"aws {service} wait has no `{words[3] if len(words) > 3 else ''}`"
        waits_for = session.get_waiter_model(name).get_waiter(waiters[words[3]]).operation
        return options_problem(model.operation_model(waits_for), service, xform_name(waits_for, "-"), given, False)
    if operation not in operations:
        return f"aws {service} has no command `{operation}`"
    told = options_problem(model.operation_model(operations[operation]), service, operation, given, True)
    return told or names_problem(model.operation_model(operations[operation]), service, operation, words[3:])


def names_problem(operation_model, service, operation, words):
    """Whether a name is the whole value of an option that would read more in it than a name; or nothing."""
    shape = operation_model.input_shape
    members = {xform_name(member, "-"): of for member, of in (shape.members if shape else {}).items()}
    for option, word in values(words):
        if word in NAMES and option in members and has_shorthand(members[option]):
            return f"aws {service} {operation} --{option} takes no plain name: {word}"
    return None


def waiter_names(session, service):
    """The waiters of a service that has any."""
    try:
        return session.get_waiter_model(service).waiter_names
    except botocore.exceptions.UnknownServiceError:
        return []


def is_flag(shape):
    """Whether an option of this shape has a `no-` form: a truth value, or EC2's structure around one."""
    return shape.type_name == "boolean" or shape.name == "AttributeBooleanValue"


def options_problem(operation_model, service, operation, given, needs_all):
    """What is wrong with the options of a command, or nothing."""
    shape = operation_model.input_shape
    members = shape.members if shape else {}

    def option_of(member):
        option = xform_name(member, "-")
        return RENAMED.get((service, operation, option), option)

    def negative_of(member):
        option = option_of(member)
        return NEGATED.get((service, option), f"no-{option}")

    known = GLOBAL | OWN.get((service, operation), set())
    for member, of in members.items():
        known.add(option_of(member))
        if is_flag(of):
            known.add(negative_of(member))
    unknown = [option for option in given if option not in known]
    if unknown:
        return f"aws {service} {operation} has no option --{unknown[0]}"
    if not needs_all or {"cli-input-json", "cli-input-yaml"} & set(given):
        return None
    for member in shape.required_members if shape else []:
        option = option_of(member)
        is_given = option in given or is_flag(members[member]) and negative_of(member) in given
        is_filled = member in operation_model.idempotent_members or (service, operation, option) in FILLED
        if not is_given and not is_filled:
            return f"aws {service} {operation} needs --{option}"
    return None


def main():
    session = botocore.session.get_session()
    wrong = {}
    for name, text in json.load(sys.stdin).items():
        told = [problem(words, session) for words in commands(text)]
        told = [one for one in told if one] or ([] if told else ["there is no command"])
        if told:
            wrong[name] = told
    json.dump(wrong, sys.stdout, sort_keys=True)


main()
