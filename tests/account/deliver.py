"""The topic, the queue behind it, the bucket and the Security Hub of the tests of delivery.

    python deliver.py ENDPOINT make < {} > labels.json
    python deliver.py ENDPOINT take < labels.json > told.json
    python deliver.py ENDPOINT enable REGION < {} > nothing.json
    python deliver.py ENDPOINT findings REGION < {} > findings.json

`make` makes them; `take` empties the queue and lists the bucket: messages by number in their order, objects by key. `enable`
switches Security Hub on; `findings` tells what it holds, by id, and holds it against botocore's model.
"""

import json
import sys

import boto3
import botocore.validate

HOME = "us-east-1"
BUCKET = "amzn-s3-demo-bucket"


def client(service, endpoint, region=HOME):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    return session.client(service, region_name=region, endpoint_url=endpoint)


def make(endpoint):
    topic = client("sns", endpoint).create_topic(Name="config-topic")["TopicArn"]
    sqs = client("sqs", endpoint)
    queue = sqs.create_queue(QueueName="config-queue")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("sns", endpoint).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    client("s3", endpoint).create_bucket(Bucket=BUCKET)
    return {"topic": topic, "queue": queue}


def take(endpoint, made):
    sqs, s3 = client("sqs", endpoint), client("s3", endpoint)
    told = {}
    while messages := sqs.receive_message(QueueUrl=made["queue"], MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            told[f"message {len(told):04}"] = message["Body"]
            sqs.delete_message(QueueUrl=made["queue"], ReceiptHandle=message["ReceiptHandle"])
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page.get("Contents", []):
            told["object " + entry["Key"]] = s3.head_object(Bucket=BUCKET, Key=entry["Key"])["ContentType"]
    return told


def enable(endpoint, region):
    client("securityhub", endpoint, region).enable_security_hub(EnableDefaultStandards=False)
    return {}


def findings(endpoint, region):
    hub = client("securityhub", endpoint, region)
    held = [one for page in hub.get_paginator("get_findings").paginate() for one in page["Findings"]]
    shape = hub.meta.service_model.operation_model("BatchImportFindings").input_shape
    wrong = botocore.validate.ParamValidator().validate({"Findings": held}, shape)
    if held and wrong.has_errors():
        sys.exit(wrong.generate_report())
    return {one["Id"]: json.dumps(one) for one in held}


if __name__ == "__main__":
    endpoint, command, *arguments = sys.argv[1:]
    made = json.load(sys.stdin)
    commands = {"make": make, "take": lambda endpoint: take(endpoint, made), "enable": enable, "findings": findings}
    print(json.dumps(commands[command](endpoint, *arguments)))
