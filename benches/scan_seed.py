"""Fills the account of the benchmark of scans: 750 resources of the types that the built-in rules read.

    python scan_seed.py ENDPOINT REGION     prints how many there are, by type

Beside them is what AWS puts into each account: a VPC with its subnets, a default security group, and so on.
"""

import collections
import io
import json
import sys
import zipfile

import boto3

MADE = collections.Counter()


def made(count, *types):
    for resource_type in types:
        MADE[resource_type] += count


def names(count, *types):
    """So many names, for one resource of each of the types."""
    made(count, *types)
    return [f"{types[0].rpartition('::')[2].lower()}-{at:03}" for at in range(count)]


def computing(client):
    ec2 = client("ec2")
    image = ec2.register_image(Name="image", RootDeviceName="/dev/sda1", Architecture="x86_64")["ImageId"]
    made(1, "AWS::EC2::Image")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    made(1, "AWS::EC2::VPC", "AWS::EC2::NetworkAcl", "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.0.0/20")["Subnet"]["SubnetId"]
    made(1, "AWS::EC2::Subnet")
    groups = []
    for at, name in enumerate(names(60, "AWS::EC2::SecurityGroup")):
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        source = "0.0.0.0/0" if at % 10 == 0 else "10.0.0.0/8"
        port = [22, 443, 3306, 8080][at % 4]
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": source}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
        groups.append(group)
    # An instance comes with a volume and a network interface.
    made(80, "AWS::EC2::Instance", "AWS::EC2::Volume", "AWS::EC2::NetworkInterface")
    for at in range(8):
        ec2.run_instances(
            ImageId=image,
            MinCount=10,
            MaxCount=10,
            InstanceType="t3.micro",
            SubnetId=subnet,
            SecurityGroupIds=groups[at : at + 2],
            MetadataOptions={"HttpTokens": "required" if at % 2 else "optional"},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": f"team-{at}"}]}],
        )
    volumes = [
        ec2.create_volume(AvailabilityZone=f"{ec2.meta.region_name}a", Size=8, Encrypted=at % 3 > 0)["VolumeId"]
        for at, _ in enumerate(names(80, "AWS::EC2::Volume"))
    ]
    for volume, _ in zip(volumes, names(40, "AWS::EC2::Snapshot")):
        ec2.create_snapshot(VolumeId=volume)


def identities(client):
    iam = client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    trust, allow = (json.dumps({"Version": "2012-10-17", "Statement": [statement]}) for statement in (trust, allow))
    policies = [
        iam.create_policy(PolicyName=name, PolicyDocument=allow)["Policy"]["Arn"]
        for name in names(15, "AWS::IAM::Policy")
    ]
    groups = names(10, "AWS::IAM::Group")
    for name, policy in zip(groups, policies):
        iam.create_group(GroupName=name)
        iam.attach_group_policy(GroupName=name, PolicyArn=policy)
    for at, name in enumerate(names(40, "AWS::IAM::User")):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName=groups[at % len(groups)], UserName=name)
        if at % 2:
            iam.create_access_key(UserName=name)
        else:
            iam.create_login_profile(UserName=name, Password="correct-horse-battery")
    for at, name in enumerate(names(30, "AWS::IAM::Role")):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.attach_role_policy(RoleName=name, PolicyArn=policies[at % len(policies)])


def storage(client):
    s3 = client("s3")
    for at, name in enumerate(names(40, "AWS::S3::Bucket")):
        s3.create_bucket(Bucket=name)
        if at % 2:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if at % 4 == 0:
            rights = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}/*"}
            rights["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
            s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [rights]}))
    kms = client("kms")
    for name in names(20, "AWS::KMS::Key"):
        kms.create_key(Description=name)
    rds = client("rds")
    for at, name in enumerate(names(20, "AWS::RDS::DBInstance")):
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.micro",
            Engine="postgres",
            MasterUsername="owner",
            MasterUserPassword="correct-horse-battery",
            AllocatedStorage=20,
            StorageEncrypted=at % 2 == 0,
        )
    for at, name in enumerate(names(20, "AWS::RDS::DBSnapshot")):
        rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=f"dbinstance-{at:03}")
    dynamodb = client("dynamodb")
    for name in names(20, "AWS::DynamoDB::Table"):
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )


def services(client, account):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context):\n    return event\n")
    functions = client("lambda")
    for at, name in enumerate(names(20, "AWS::Lambda::Function")):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=f"arn:aws:iam::{account}:role/role-000",
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
        )
        principal = "*" if at == 0 else "s3.amazonaws.com"
        functions.add_permission(
            FunctionName=name, StatementId="caller", Action="lambda:InvokeFunction", Principal=principal
        )
    logs = client("logs")
    for name in names(30, "AWS::Logs::LogGroup"):
        logs.create_log_group(logGroupName=name)
    alarms = client("cloudwatch")
    for name in names(20, "AWS::CloudWatch::Alarm"):
        alarms.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/EC2",
            MetricName="CPUUtilization",
            Statistic="Average",
            Period=300,
            EvaluationPeriods=3,
            Threshold=80,
            ComparisonOperator="GreaterThanThreshold",
        )
    topics, queues = client("sns"), client("sqs")
    for name in names(18, "AWS::SNS::Topic", "AWS::SQS::Queue"):
        topics.create_topic(Name=name)
        queues.create_queue(QueueName=name)
    trails = client("cloudtrail")
    for name in names(3, "AWS::CloudTrail::Trail"):
        trails.create_trail(Name=name, S3BucketName="bucket-000", IsMultiRegionTrail=True)
        trails.start_logging(Name=name)


def main():
    endpoint, region = sys.argv[1:]
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)

    def client(service):
        return session.client(service, endpoint_url=endpoint)

    computing(client)
    identities(client)
    storage(client)
    services(client, client("sts").get_caller_identity()["Account"])
    assert MADE.total() == 750, (MADE.total(), MADE)
    json.dump(MADE, sys.stdout, sort_keys=True)


main()
