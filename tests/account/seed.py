"""Fills the test account with what the typed clients of the test do not: the services beside EC2, IAM and S3.

    python seed.py ENDPOINT < made-so-far.json > labels.json
    python seed.py ENDPOINT flip < made-so-far.json

Reads the labels made so far (label -> id) and prints those it adds. `flip` turns the account's own settings and the
detective services from one state to the other: what was missing is set, what was there is taken away, so that rules
that judge the account as a whole are seen with both verdicts.
"""

import io
import json
import sys
import zipfile

import boto3
import guards
import seed_access
import seed_guards
import seed_operations
import seed_platform
from alarms import count, one_of, ring

HOME, OTHER = "us-east-1", "eu-west-1"
ROOT_LOGIN = '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }'


class Clients:
    """Clients of one endpoint, with credentials that mean nothing."""

    def __init__(self, endpoint):
        self.session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
        self.endpoint = endpoint
        self.account = self.client("sts", HOME).get_caller_identity()["Account"]

    def client(self, service, region):
        client = self.session.client(service, region_name=region, endpoint_url=self.endpoint)
        client.meta.events.register("before-send.s3-control", self.without_account_host)
        return client

    def without_account_host(self, request, **_):
        """boto3 puts the account's id before the host, also where the host is an address."""
        request.url = request.url.replace(f"//{self.account}.", "//")


class Seed(Clients):
    def __init__(self, endpoint, made):
        super().__init__(endpoint)
        self.made = made
        self.labels = {}

    def label(self, name, ident):
        assert name not in self.labels and name not in self.made, name
        self.labels[name] = ident

    # -----------------------------------------------------------------------------------------------------------------

    def keys(self):
        kms = self.client("kms", HOME)
        for name, spec, rotates in [
            ("key-rotated", "SYMMETRIC_DEFAULT", True),
            ("key-never-rotated", "SYMMETRIC_DEFAULT", False),
            ("key-asymmetric", "RSA_2048", False),
            ("key-leaving", "SYMMETRIC_DEFAULT", False),
        ]:
            usage = "ENCRYPT_DECRYPT" if spec == "SYMMETRIC_DEFAULT" else "SIGN_VERIFY"
            key = kms.create_key(Description=name, KeySpec=spec, KeyUsage=usage, Tags=[{"TagKey": "Name", "TagValue": name}])
            ident = key["KeyMetadata"]["KeyId"]
            if rotates:
                kms.enable_key_rotation(KeyId=ident)
            self.label(name, ident)
        # AWS makes its own keys when they are first asked for.
        self.label("key-of-aws", kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"])
        kms.create_alias(AliasName="alias/records", TargetKeyId=self.labels["key-rotated"])
        kms.schedule_key_deletion(KeyId=self.labels["key-leaving"], PendingWindowInDays=30)

    def trails(self):
        sns = self.client("sns", HOME)
        topic = sns.create_topic(Name="security-alerts")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="security@example.com")
        self.label("topic-security", topic)
        sns.create_topic(Name="unheard")

        logs = self.client("logs", HOME)
        logs.create_log_group(logGroupName="trail", tags={"purpose": "audit"})
        logs.put_retention_policy(logGroupName="trail", retentionInDays=365)
        logs.create_log_group(logGroupName="forever")
        logs.create_log_group(logGroupName="brief", kmsKeyId=f"arn:aws:kms:{HOME}:{self.account}:key/{self.labels['key-rotated']}")
        logs.put_retention_policy(logGroupName="brief", retentionInDays=180)
        count(logs, "trail", "root-login", ROOT_LOGIN, "Security", "RootLogins")
        cloudwatch = self.client("cloudwatch", HOME)
        ring(cloudwatch, "root-login", "Security", "RootLogins", topic)
        # Of two filters that share the calls.
        for name, calls in [("trail-starts", ["CreateTrail", "StartLogging"]), ("trail-changes", ["UpdateTrail", "DeleteTrail", "StopLogging"])]:
            count(logs, "trail", name, one_of(calls), "Security", "TrailChanges")
        ring(cloudwatch, "trail-changes", "Security", "TrailChanges", topic, ActionsEnabled=True)
        cloudwatch.put_metric_alarm(
            AlarmName="busy",
            Namespace="AWS/EC2",
            MetricName="CPUUtilization",
            Dimensions=[{"Name": "InstanceId", "Value": self.made["instance-imdsv2"]}],
            Statistic="Average",
            Period=300,
            EvaluationPeriods=3,
            Threshold=80.5,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[topic],
            InsufficientDataActions=[topic],
        )

        trail = self.client("cloudtrail", HOME)
        trail.create_trail(
            Name="everything",
            S3BucketName=self.made["bucket-clean"],
            S3KeyPrefix="trail",
            IsMultiRegionTrail=True,
            IncludeGlobalServiceEvents=True,
            EnableLogFileValidation=True,
            KmsKeyId=f"arn:aws:kms:{HOME}:{self.account}:key/{self.labels['key-rotated']}",
            CloudWatchLogsLogGroupArn=f"arn:aws:logs:{HOME}:{self.account}:log-group:trail:*",
            CloudWatchLogsRoleArn=self.made["role-service"],
            TagsList=[{"Key": "purpose", "Value": "audit"}],
        )
        trail.put_event_selectors(
            TrailName="everything",
            EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True, "ExcludeManagementEventSources": []}],
        )
        trail.start_logging(Name="everything")
        self.label("trail-everything", f"arn:aws:cloudtrail:{HOME}:{self.account}:trail/everything")

        bare = self.client("cloudtrail", OTHER)
        bare.create_trail(Name="bare", S3BucketName=self.made["bucket-clean"], IncludeGlobalServiceEvents=False)
        self.label("trail-bare", f"arn:aws:cloudtrail:{OTHER}:{self.account}:trail/bare")

    def databases(self):
        rds = self.client("rds", HOME)
        rds.create_db_subnet_group(
            DBSubnetGroupName="data",
            DBSubnetGroupDescription="two zones",
            SubnetIds=[self.made["subnet-a"], self.made["subnet-b"]],
        )
        for name, encrypted, public in [("db-safe", True, False), ("db-open", False, True)]:
            made = rds.create_db_instance(
                DBInstanceIdentifier=name,
                DBInstanceClass="db.t3.micro",
                Engine="postgres",
                MasterUsername="owner",
                MasterUserPassword="correct-horse-battery",
                AllocatedStorage=20,
                StorageEncrypted=encrypted,
                PubliclyAccessible=public,
                AutoMinorVersionUpgrade=not public,
                DBSubnetGroupName="data",
                VpcSecurityGroupIds=[self.made["sg-office"]],
                Tags=[{"Key": "Name", "Value": name}],
                **({"KmsKeyId": self.labels["key-rotated"]} if encrypted else {}),
            )
            # Not by DbiResourceId: moto has one for all.
            self.label(name, made["DBInstance"]["DBInstanceArn"])
        for name, readers in [
            ("db-snapshot-private", []),
            ("db-snapshot-shared", ["444455556666"]),
            ("db-snapshot-public", ["all"]),
        ]:
            rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier="db-safe")
            if readers:
                rds.modify_db_snapshot_attribute(
                    DBSnapshotIdentifier=name, AttributeName="restore", ValuesToAdd=readers
                )
            self.label(name, name)
        rds.create_db_cluster(
            DBClusterIdentifier="cluster",
            Engine="aurora-postgresql",
            MasterUsername="owner",
            MasterUserPassword="correct-horse-battery",
            StorageEncrypted=True,
            DBSubnetGroupName="data",
        )
        for name, readers in [("cluster-snapshot-private", []), ("cluster-snapshot-public", ["all"])]:
            rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier="cluster")
            if readers:
                rds.modify_db_cluster_snapshot_attribute(
                    DBClusterSnapshotIdentifier=name, AttributeName="restore", ValuesToAdd=readers
                )
            self.label(name, name)
        self.client("dynamodb", OTHER).create_table(
            TableName="orders",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.tables()

    def tables(self):
        """Of provisioned capacity: one that scales with its index, one whose index does not, each with a key or without."""
        dynamodb = self.client("dynamodb", HOME)
        scaling = self.client("application-autoscaling", HOME)
        for name, own_key in [("table-scaled", True), ("table-half-scaled", False)]:
            capacity = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
            encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": self.labels["key-rotated"]}
            dynamodb.create_table(
                TableName=name,
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("id", "day")],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                ProvisionedThroughput=capacity,
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": "by-day",
                        "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                        "ProvisionedThroughput": capacity,
                    }
                ],
                **({"SSESpecification": encryption} if own_key else {}),
            )
            self.label(name, name)
            scaled = [(f"table/{name}", "table"), (f"table/{name}/index/by-day", "index")]
            for ident, kind in scaled if name == "table-scaled" else scaled[:1]:
                for unit in ("Read", "Write"):
                    what = {
                        "ServiceNamespace": "dynamodb",
                        "ResourceId": ident,
                        "ScalableDimension": f"dynamodb:{kind}:{unit}CapacityUnits",
                    }
                    scaling.register_scalable_target(**what, MinCapacity=5, MaxCapacity=50)
                    metric = {"PredefinedMetricType": f"DynamoDB{unit}CapacityUtilization"}
                    scaling.put_scaling_policy(
                        **what,
                        PolicyName=f"{kind}-{unit}",
                        PolicyType="TargetTrackingScaling",
                        TargetTrackingScalingPolicyConfiguration={
                            "TargetValue": 70.0,
                            "PredefinedMetricSpecification": metric,
                        },
                    )
        dynamodb.update_continuous_backups(
            TableName="table-scaled", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )

    def functions(self):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", "def handler(event, context):\n    return event\n")
        lambdas = self.client("lambda", HOME)
        lambdas.create_function(
            FunctionName="function-without-vpc",
            Runtime="python3.13",
            Role=self.made["role-service"],
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
        )
        self.label("function-without-vpc", "function-without-vpc")
        for name, permission in [
            ("function-private", None),
            ("function-for-one-account", {"Principal": "444455556666"}),
            ("function-public", {"Principal": "*"}),
        ]:
            lambdas.create_function(
                FunctionName=name,
                Runtime="python3.13",
                Role=self.made["role-service"],
                Handler="handler.handler",
                Code={"ZipFile": code.getvalue()},
                Environment={"Variables": {"DATABASE_PASSWORD": "swordfish", "lowerCase": "kept as it is"}},
                VpcConfig={"SubnetIds": [self.made["subnet-a"]], "SecurityGroupIds": [self.made["sg-office"]]},
            )
            if permission:
                lambdas.add_permission(
                    FunctionName=name, StatementId="caller", Action="lambda:InvokeFunction", **permission
                )
            self.label(name, name)

    def messages(self):
        queue = self.client("sqs", OTHER).create_queue(
            QueueName="jobs", Attributes={"SqsManagedSseEnabled": "true"}, tags={"team": "billing"}
        )
        self.label("queue-jobs", queue["QueueUrl"])
        secrets = self.client("secretsmanager", HOME)
        secrets.create_secret(Name="api-key", SecretString="hunter2", Tags=[{"Key": "team", "Value": "billing"}])
        secrets.create_secret(
            Name="own-key", SecretString="hunter2", KmsKeyId=f"arn:aws:kms:{HOME}:{self.account}:key/{self.labels['key-rotated']}"
        )
        self.client("acm", HOME).request_certificate(DomainName="www.example.com", ValidationMethod="DNS")
        sns = self.client("sns", HOME)
        topic = sns.create_topic(Name="encrypted", Attributes={"KmsMasterKeyId": "alias/records"})["TopicArn"]
        self.label("topic-encrypted", topic)

    def networks(self):
        subnets = [self.made["subnet-a"], self.made["subnet-b"]]
        self.client("elb", HOME).create_load_balancer(
            LoadBalancerName="classic",
            Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 8080, "InstanceProtocol": "HTTP"}],
            Subnets=subnets,
        )
        elbv2 = self.client("elbv2", HOME)
        balancer = elbv2.create_load_balancer(Name="front", Subnets=subnets, SecurityGroups=[self.made["sg-web"]])
        target = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=8080, VpcId=self.made["vpc-logged"])
        elbv2.create_listener(
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target["TargetGroups"][0]["TargetGroupArn"]}],
        )
        scaling = self.client("autoscaling", HOME)
        scaling.create_launch_configuration(
            LaunchConfigurationName="old", ImageId=self.made["image"], InstanceType="t3.micro"
        )
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="fleet",
            LaunchConfigurationName="old",
            MinSize=0,
            MaxSize=0,
            VPCZoneIdentifier=subnets[0],
        )

    def containers(self):
        ecs = self.client("ecs", HOME)
        ecs.create_cluster(clusterName="apps")
        ecs.register_task_definition(
            family="web",
            containerDefinitions=[
                {
                    "name": "web",
                    "image": "web:1",
                    "memory": 128,
                    "environment": [{"name": "TOKEN", "value": "swordfish"}],
                }
            ],
        )
        for family, user in [("host-root", "root"), ("host-user", "1000")]:
            # Only the second revision counts.
            for image in ("agent:1", "agent:2"):
                container = {"name": "agent", "image": image, "memory": 128, "user": user}
                made = ecs.register_task_definition(
                    family=family, networkMode="host", containerDefinitions=[container]
                )
                revision = made["taskDefinition"]
                self.label(f"task-{family}-{revision['revision']}", revision["taskDefinitionArn"])
        ecs.create_service(cluster="apps", serviceName="web", taskDefinition="web", desiredCount=0)
        self.client("eks", HOME).create_cluster(
            name="platform",
            roleArn=self.made["role-service"],
            resourcesVpcConfig={"subnetIds": [self.made["subnet-a"], self.made["subnet-b"]]},
        )
        self.client("ecr", HOME).create_repository(repositoryName="web")
        efs = self.client("efs", HOME)
        for name, encrypted in [("files-encrypted", True), ("files-plain", False)]:
            self.label(name, efs.create_file_system(CreationToken=name, Encrypted=encrypted)["FileSystemId"])

    def guards(self):
        iam = self.client("iam", HOME)
        self.label("group-empty", iam.create_group(GroupName="empty")["Group"]["GroupId"])
        plans = ["S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "RUNTIME_MONITORING"]
        detector = self.client("guardduty", HOME).create_detector(
            Enable=True, Features=guards.features(plans, ["EC2_AGENT_MANAGEMENT"])
        )
        self.label("detector", detector["DetectorId"])
        self.client("guardduty", HOME).create_sample_findings(
            DetectorId=detector["DetectorId"], FindingTypes=["UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B"]
        )
        config = self.client("config", HOME)
        config.put_configuration_recorder(
            ConfigurationRecorder={
                "name": "default",
                "roleARN": self.made["role-service"],
                "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
            }
        )
        config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": self.made["bucket-clean"]})
        config.start_configuration_recorder(ConfigurationRecorderName="default")

    def interfaces(self):
        """Names those that came with other things, by their state and VPC."""
        vpcs = {ident: name for name, ident in {**self.made, **self.labels}.items() if ident.startswith("vpc-")}
        for region in (HOME, OTHER):
            for number, one in enumerate(self.client("ec2", region).describe_network_interfaces()["NetworkInterfaces"]):
                name = f"interface-{one['Status']}-in-{vpcs[one['VpcId']]}-{number}"
                self.label(name, one["NetworkInterfaceId"])

    def everything(self):
        self.keys()
        self.trails()
        self.databases()
        self.functions()
        self.messages()
        self.networks()
        self.containers()
        self.guards()
        seed_operations.everything(self, HOME)
        seed_platform.everything(self, HOME)
        seed_access.everything(self, HOME, OTHER)
        seed_guards.everything(self, HOME, OTHER)
        self.interfaces()

    # -----------------------------------------------------------------------------------------------------------------

    def flip(self):
        self.client("s3control", HOME).put_public_access_block(
            AccountId=self.account,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        self.client("account", HOME).put_alternate_contact(
            AlternateContactType="SECURITY",
            Name="On call",
            Title="Security",
            EmailAddress="security@example.com",
            PhoneNumber="+1 555 0100",
        )
        self.client("cloudtrail", HOME).stop_logging(Name="everything")
        detector = self.made["detector"]
        self.client("guardduty", HOME).update_detector(DetectorId=detector, Enable=False)
        self.client("guardduty", OTHER).create_detector(Enable=True)
        self.client("securityhub", HOME).enable_security_hub(EnableDefaultStandards=False)
        self.client("organizations", HOME).create_organization(FeatureSet="ALL")
        seed_access.flip(self, HOME)


def main():
    endpoint, *flip = sys.argv[1:]
    seed = Seed(endpoint, json.load(sys.stdin))
    if flip:
        seed.flip()
    else:
        seed.everything()
    json.dump(seed.labels, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
