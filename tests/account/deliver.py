"""The topic, the queue behind it and the bucket of the tests of delivery.

    python deliver.py ENDPOINT make < {} > labels.json
    python deliver.py ENDPOINT take < labels.json > told.json

`make` makes them; `take` empties the queue and lists the bucket: messages by number in their order, objects by key.
"""

import json
import sys

import boto3

HOME = "us-east-1"
BUCKET = "amzn-s3-demo-bucket"


def client(service, endpoint):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    return session.client(service, region_name=HOME, endpoint_url=endpoint)


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


if __name__ == "__main__":
    made = json.load(sys.stdin)
    print(json.dumps(make(sys.argv[1]) if sys.argv[2] == "make" else take(sys.argv[1], made)))
