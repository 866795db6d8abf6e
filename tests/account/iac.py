"""The account of the tests of source lines: what a stack of CloudFormation makes, what Terraform would have made, and a bucket
that somebody made by hand.

    python iac.py ENDPOINT < {"template": text} > ids.json

CloudFormation is moto's: it reads the template and makes the resources, with the tags `aws:cloudformation:*` on those of EC2
only. AWS puts them on keys, too, and so does this. It also puts them on buckets, where moto refuses tags of that prefix from
whomever, as AWS does: the bucket of the stack has none here, as the resources have to whose types AWS gives none, and is found
by its name.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
"""

import json
import sys

import boto3

HOME = "us-east-1"
STACK = "shop"


def client(service, endpoint):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    return session.client(service, region_name=HOME, endpoint_url=endpoint)


def deploy(endpoint, template):
    """The stack: its resources by logical id."""
    cloudformation, kms = client("cloudformation", endpoint), client("kms", endpoint)
    stack = cloudformation.create_stack(StackName=STACK, TemplateBody=template)["StackId"]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
    made = {one["LogicalResourceId"]: one for page in pages for one in page["StackResourceSummaries"]}
    for logical, one in made.items():
        if one["ResourceType"] == "AWS::KMS::Key":
            tags = {"stack-name": STACK, "stack-id": stack, "logical-id": logical}
            tags = [{"TagKey": f"aws:cloudformation:{name}", "TagValue": value} for name, value in tags.items()]
            kms.tag_resource(KeyId=one["PhysicalResourceId"], Tags=tags)
    return {logical: one["PhysicalResourceId"] for logical, one in made.items()}


def apply(endpoint):
    """What Terraform would have made of the blocks: by the name of the block. Names are the provider's, out of prefixes."""
    ec2, kms, s3 = (client(service, endpoint) for service in ("ec2", "kms", "s3"))
    group = ec2.create_security_group(GroupName="admin-20260102030405", Description="Managed by Terraform")["GroupId"]
    source = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[source])
    logs = "amzn-s3-demo-20260102030405"
    s3.create_bucket(Bucket=logs)
    s3.put_bucket_versioning(Bucket=logs, VersioningConfiguration={"Status": "Suspended"})
    s3.create_bucket(Bucket="amzn-s3-demo-by-hand")
    return {"admin": group, "logs": logs, "this": kms.create_key()["KeyMetadata"]["KeyId"], "hand": "amzn-s3-demo-by-hand"}


if __name__ == "__main__":
    print(json.dumps(deploy(sys.argv[1], json.load(sys.stdin)["template"]) | apply(sys.argv[1])))
