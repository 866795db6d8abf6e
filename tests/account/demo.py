"""Fills the account that `assize scan --demo` shows: a small shop, grown over years, with what such accounts have.

    python demo.py ENDPOINT

The ids that moto makes up follow from what is asked for: what is added here changes no id of what was there before, and a
new recording is like the old one but for its times. Everything that a built-in rule reads is there at least once, so
that the recording also serves `tests/deny_each_call.rs`, which faults each call of each rule in turn.
"""

import collections
import hashlib
import io
import json
import sys
import urllib.request
import uuid
import zipfile

import demo_guards
import demo_operations
import demo_platform
from alarms import count, one_of, ring
from seed import HOME, OTHER, ROOT_LOGIN, Clients
from seed_access import old_certificate

PARTNER = "444455556666"


class Shop(Clients):
    def __init__(self, endpoint):
        self.home = {}
        self.asked = collections.Counter()
        super().__init__(endpoint)

    def client(self, service, region):
        client = super().client(service, region)
        # Before botocore adds tokens of its own, which are random.
        client.meta.events.register_first("provide-client-params.*.*", self.seed)
        return client

    def seed(self, params, model, **_):
        """Lets moto's next ids follow from the request (but for bytes in it, which differ each time), and from how often
        the same was asked before. So does the token by which AWS would know the request again."""
        request = json.dumps([model.service_model.service_name, model.name, params], sort_keys=True, default=lambda content: type(content).__name__)
        self.asked[request] += 1
        digest = hashlib.sha256(f"{request} {self.asked[request]}".encode()).hexdigest()
        for token in model.idempotent_members:
            params.setdefault(token, str(uuid.UUID(digest[:32])))
        seed = f"{self.endpoint}/moto-api/seed?a={int(digest[:15], 16)}"
        urllib.request.urlopen(urllib.request.Request(seed, method="POST")).close()

    def at_home(self, service):
        """The client of the main region, made once."""
        if service not in self.home:
            self.home[service] = self.client(service, HOME)
        return self.home[service]

    def arn(self, service, rest, region=HOME):
        return f"arn:aws:{service}:{region}:{self.account}:{rest}"

    # -----------------------------------------------------------------------------------------------------------------

    def people(self):
        iam = self.at_home("iam")
        iam.update_account_password_policy(
            MinimumPasswordLength=8,
            RequireSymbols=False,
            RequireNumbers=True,
            RequireUppercaseCharacters=True,
            RequireLowercaseCharacters=True,
            AllowUsersToChangePassword=True,
        )
        iam.create_policy(PolicyName="ops-everything", PolicyDocument=allow("*", "*"))
        iam.create_policy(
            PolicyName="read-orders",
            PolicyDocument=allow(["dynamodb:GetItem", "dynamodb:Query"], self.arn("dynamodb", "table/orders")),
        )
        iam.create_group(GroupName="developers")
        iam.attach_group_policy(GroupName="developers", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
        iam.create_group(GroupName="auditors-2022")
        iam.create_group(GroupName="operators")
        iam.attach_group_policy(GroupName="operators", PolicyArn=f"arn:aws:iam::{self.account}:policy/ops-everything")

        for name, group, password, mfa, keys in [
            ("alice", "operators", True, True, 1),
            ("bob", "developers", True, False, 1),
            ("carol", "developers", True, True, 0),
            ("deploy", None, False, False, 2),
            ("old-contractor", "developers", True, False, 1),
        ]:
            iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": group or "platform"}])
            if group:
                iam.add_user_to_group(GroupName=group, UserName=name)
            if password:
                iam.create_login_profile(UserName=name, Password="correct-Horse-8attery")
            if mfa:
                device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
                iam.enable_mfa_device(
                    UserName=name,
                    SerialNumber=device["SerialNumber"],
                    AuthenticationCode1="123456",
                    AuthenticationCode2="654321",
                )
            for _ in range(keys):
                iam.create_access_key(UserName=name)
        iam.attach_user_policy(UserName="deploy", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        iam.put_user_policy(UserName="bob", PolicyName="one-off", PolicyDocument=allow("s3:*", "arn:aws:s3:::shop-*"))
        second = iam.list_access_keys(UserName="deploy")["AccessKeyMetadata"][1]["AccessKeyId"]
        iam.update_access_key(UserName="deploy", AccessKeyId=second, Status="Inactive")

        self.role = self.service_role("shop-service", ["lambda.amazonaws.com", "ec2.amazonaws.com"])
        self.delivery = self.service_role("log-delivery", ["cloudtrail.amazonaws.com", "vpc-flow-logs.amazonaws.com"])
        iam.create_instance_profile(InstanceProfileName="shop-service")
        iam.add_role_to_instance_profile(InstanceProfileName="shop-service", RoleName="shop-service")

    def service_role(self, name, services):
        iam = self.at_home("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}],
        }
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(
            RoleName=name, PolicyName="logs", PolicyDocument=allow(["logs:CreateLogStream", "logs:PutLogEvents"], "*")
        )
        return made["Role"]["Arn"]

    # -----------------------------------------------------------------------------------------------------------------

    def network(self):
        ec2 = self.at_home("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", TagSpecifications=named("vpc", "shop"))["Vpc"]["VpcId"]
        default = ec2.describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "group-name", "Values": ["default"]}]
        )["SecurityGroups"][0]
        ec2.revoke_security_group_egress(GroupId=default["GroupId"], IpPermissions=default["IpPermissionsEgress"])
        ec2.create_flow_logs(
            ResourceIds=[self.vpc],
            ResourceType="VPC",
            TrafficType="REJECT",
            LogGroupName="/shop/flow",
            DeliverLogsPermissionArn=self.delivery,
        )
        self.subnets = [
            ec2.create_subnet(
                VpcId=self.vpc,
                CidrBlock=f"10.20.{number}.0/24",
                AvailabilityZone=f"{HOME}{zone}",
                TagSpecifications=named("subnet", f"shop-{zone}"),
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        for subnet in self.subnets:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        ec2.create_nat_gateway(SubnetId=self.subnets[0], AllocationId=address)
        ec2.create_vpc_endpoint(VpcId=self.vpc, ServiceName=f"com.amazonaws.{HOME}.s3", RouteTableIds=[table])
        acl = ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=100,
            Protocol="6",
            RuleAction="allow",
            Egress=False,
            CidrBlock="0.0.0.0/0",
            PortRange={"From": 22, "To": 1024},
        )

        self.groups = {}
        for name, rules in {
            "shop-web": [("tcp", 443, 443, "0.0.0.0/0"), ("tcp", 80, 80, "0.0.0.0/0")],
            "shop-bastion": [("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 22, 22, "::/0")],
            "shop-database": [("tcp", 5432, 5432, "10.20.0.0/16")],
            "old-windows": [("tcp", 3389, 3389, "0.0.0.0/0"), ("tcp", 8080, 8090, "0.0.0.0/0")],
        }.items():
            group = ec2.create_security_group(
                GroupName=name, Description=name, VpcId=self.vpc, TagSpecifications=named("security-group", name)
            )["GroupId"]
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(*rule) for rule in rules])
            self.groups[name] = group
        offices = ec2.create_managed_prefix_list(
            PrefixListName="offices",
            MaxEntries=5,
            AddressFamily="IPv4",
            Entries=[{"Cidr": "198.51.100.0/24", "Description": "north"}, {"Cidr": "0.0.0.0/0", "Description": "for now"}],
        )["PrefixList"]["PrefixListId"]
        admin = {"IpProtocol": "tcp", "FromPort": 9443, "ToPort": 9443, "PrefixListIds": [{"PrefixListId": offices}]}
        ec2.authorize_security_group_ingress(GroupId=self.groups["old-windows"], IpPermissions=[admin])

    def machines(self):
        ec2 = self.at_home("ec2")
        image = ec2.register_image(Name="shop-base-2024", Architecture="x86_64", RootDeviceName="/dev/sda1")["ImageId"]
        instances = {}
        for name, group, tokens in [
            ("web-1", "shop-web", "required"),
            ("web-2", "shop-web", "required"),
            ("bastion", "shop-bastion", "optional"),
            ("reports", "old-windows", "optional"),
        ]:
            made = ec2.run_instances(
                ImageId=image,
                InstanceType="t3.small",
                MinCount=1,
                MaxCount=1,
                SubnetId=self.subnets[0],
                SecurityGroupIds=[self.groups[group]],
                MetadataOptions={"HttpTokens": tokens},
                IamInstanceProfile={"Name": "shop-service"},
                TagSpecifications=named("instance", name),
            )
            instances[name] = made["Instances"][0]["InstanceId"]
        volumes = {}
        for name, encrypted, instance in [
            ("web-1-data", True, "web-1"),
            ("reports-data", False, "reports"),
            ("forgotten", False, None),
        ]:
            volumes[name] = ec2.create_volume(
                AvailabilityZone=f"{HOME}a", Size=50, Encrypted=encrypted, TagSpecifications=named("volume", name)
            )["VolumeId"]
            if instance:
                ec2.attach_volume(VolumeId=volumes[name], InstanceId=instances[instance], Device="/dev/sdf")
        ec2.create_snapshot(
            VolumeId=volumes["web-1-data"], TagSpecifications=named("snapshot", "web-1-data-nightly")
        )
        shared = ec2.create_snapshot(
            VolumeId=volumes["reports-data"], TagSpecifications=named("snapshot", "reports-for-the-partner")
        )["SnapshotId"]
        ec2.modify_snapshot_attribute(
            SnapshotId=shared, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
        )
        ec2.create_launch_template(
            LaunchTemplateName="shop-web", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.small"}
        )
        scaling = self.at_home("autoscaling")
        scaling.create_launch_configuration(
            LaunchConfigurationName="shop-web-2021", ImageId=image, InstanceType="t3.small"
        )
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="shop-web",
            LaunchConfigurationName="shop-web-2021",
            MinSize=0,
            MaxSize=0,
            VPCZoneIdentifier=self.subnets[0],
        )
        self.client("ec2", OTHER).enable_ebs_encryption_by_default()
        self.client("ec2", OTHER).create_volume(
            AvailabilityZone=f"{OTHER}a", Size=20, Encrypted=True, TagSpecifications=named("volume", "standby")
        )

    def balancers(self):
        self.at_home("elb").create_load_balancer(
            LoadBalancerName="shop-2016",
            Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 8080, "InstanceProtocol": "HTTP"}],
            Subnets=self.subnets,
        )
        elbv2 = self.at_home("elbv2")
        balancer = elbv2.create_load_balancer(
            Name="shop", Subnets=self.subnets, SecurityGroups=[self.groups["shop-web"]]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        target = elbv2.create_target_group(Name="shop-web", Protocol="HTTP", Port=8080, VpcId=self.vpc)
        elbv2.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target["TargetGroups"][0]["TargetGroupArn"]}],
        )

    # -----------------------------------------------------------------------------------------------------------------

    def buckets(self):
        s3 = self.at_home("s3")
        for bucket in ["shop-access-logs", "shop-website", "shop-uploads", "shop-payroll"]:
            s3.create_bucket(Bucket=bucket)
        s3.create_bucket(Bucket="shop-audit", ObjectLockEnabledForBucket=True)
        delivery = "uri=http://acs.amazonaws.com/groups/s3/LogDelivery"
        s3.put_bucket_acl(Bucket="shop-access-logs", GrantWrite=delivery, GrantReadACP=delivery)
        for bucket in ["shop-audit", "shop-payroll", "shop-access-logs"]:
            s3.put_public_access_block(
                Bucket=bucket,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    # Somebody was in the way of it once.
                    "BlockPublicPolicy": bucket != "shop-audit",
                    "RestrictPublicBuckets": True,
                },
            )
        s3.put_bucket_policy(Bucket="shop-audit", Policy=tls_only("shop-audit"))
        s3.put_bucket_policy(Bucket="shop-payroll", Policy=tls_only("shop-payroll"))
        s3.put_bucket_policy(
            Bucket="shop-website", Policy=allow("s3:GetObject", "arn:aws:s3:::shop-website/*", principal="*")
        )
        # Not by a canned ACL: moto would show only the first of its two grants.
        everyone = "uri=http://acs.amazonaws.com/groups/global/AllUsers"
        s3.put_bucket_acl(Bucket="shop-uploads", GrantRead=everyone, GrantWrite=everyone)
        for bucket in ["shop-audit", "shop-payroll", "shop-website"]:
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for bucket in ["shop-access-logs", "shop-audit", "shop-website", "shop-payroll"]:
            # What S3 does by itself since 2023, and moto does not.
            encrypted_by_default(s3, bucket)
        s3.put_bucket_logging(
            Bucket="shop-audit",
            BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "shop-access-logs", "TargetPrefix": "audit/"}},
        )
        s3.put_bucket_lifecycle_configuration(
            Bucket="shop-access-logs",
            LifecycleConfiguration={
                "Rules": [{"ID": "a-year", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 365}}]
            },
        )
        s3.put_bucket_tagging(Bucket="shop-payroll", Tagging={"TagSet": [{"Key": "data", "Value": "personal"}]})
        abroad = self.client("s3", OTHER)
        abroad.create_bucket(
            Bucket="shop-backups-eu", CreateBucketConfiguration={"LocationConstraint": OTHER}
        )
        abroad.put_bucket_policy(Bucket="shop-backups-eu", Policy=tls_only("shop-backups-eu"))
        encrypted_by_default(abroad, "shop-backups-eu")
        abroad.put_bucket_versioning(Bucket="shop-backups-eu", VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_replication(
            Bucket="shop-payroll",
            ReplicationConfiguration={
                "Role": self.role,
                "Rules": [
                    {
                        "ID": "abroad",
                        "Status": "Enabled",
                        "Priority": 1,
                        "Filter": {"Prefix": ""},
                        "DeleteMarkerReplication": {"Status": "Disabled"},
                        "Destination": {"Bucket": "arn:aws:s3:::shop-backups-eu"},
                    }
                ],
            },
        )
        self.at_home("s3control").put_public_access_block(
            AccountId=self.account,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": False,
                "IgnorePublicAcls": False,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": False,
            },
        )

    def keys(self):
        kms = self.at_home("kms")
        self.key = kms.create_key(Description="orders", Tags=[{"TagKey": "team", "TagValue": "shop"}])["KeyMetadata"]
        kms.enable_key_rotation(KeyId=self.key["KeyId"])
        kms.create_alias(AliasName="alias/orders", TargetKeyId=self.key["KeyId"])
        old = kms.create_key(Description="payments, before the move")["KeyMetadata"]
        kms.create_alias(AliasName="alias/payments-2019", TargetKeyId=old["KeyId"])
        archive = kms.create_key(Description="archive, before the audit")["KeyMetadata"]["KeyId"]
        kms.schedule_key_deletion(KeyId=archive, PendingWindowInDays=30)
        secrets = self.at_home("secretsmanager")
        secrets.create_secret(Name="shop/payments-api", SecretString="not-a-secret")
        secrets.create_secret(Name="shop/mail-relay", SecretString="not-a-secret", KmsKeyId=self.key["Arn"])
        encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key["Arn"]}
        self.at_home("s3").put_bucket_encryption(
            Bucket="shop-payroll",
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": encryption}]},
        )

    def watching(self):
        sns = self.at_home("sns")
        # The last link of the alarm on root logins: nobody listens.
        alerts = sns.create_topic(Name="security-alerts")["TopicArn"]
        orders = sns.create_topic(Name="orders")["TopicArn"]
        sns.set_topic_attributes(TopicArn=orders, AttributeName="KmsMasterKeyId", AttributeValue="alias/orders")
        queue = self.at_home("sqs").create_queue(QueueName="orders", Attributes={"SqsManagedSseEnabled": "true"})
        sns.subscribe(TopicArn=orders, Protocol="sqs", Endpoint=self.arn("sqs", "orders"))
        self.client("sqs", OTHER).create_queue(QueueName="orders-replica")
        kms = self.client("kms", OTHER)
        key = kms.create_key(Description="orders, abroad")["KeyMetadata"]["KeyId"]
        kms.enable_key_rotation(KeyId=key)
        self.client("sns", OTHER).create_topic(Name="orders-replica", Attributes={"KmsMasterKeyId": key})
        assert queue["QueueUrl"]

        logs = self.at_home("logs")
        logs.create_log_group(logGroupName="/shop/trail", kmsKeyId=self.key["Arn"])
        logs.put_retention_policy(logGroupName="/shop/trail", retentionInDays=365)
        logs.create_log_group(logGroupName="/shop/flow", kmsKeyId=self.key["Arn"])
        count(logs, "/shop/trail", "root-login", ROOT_LOGIN, "Shop", "RootLogins")
        ring(self.at_home("cloudwatch"), "root-login", "Shop", "RootLogins", alerts)
        self.counted(alerts)
        trail = self.at_home("cloudtrail")
        trail.create_trail(
            Name="management-events",
            S3BucketName="shop-audit",
            S3KeyPrefix="trail",
            IsMultiRegionTrail=True,
            IncludeGlobalServiceEvents=True,
            EnableLogFileValidation=True,
            CloudWatchLogsLogGroupArn=self.arn("logs", "log-group:/shop/trail:*"),
            CloudWatchLogsRoleArn=self.delivery,
        )
        trail.put_event_selectors(
            TrailName="management-events",
            EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}],
        )
        trail.start_logging(Name="management-events")
        guard = self.at_home("guardduty")
        detector = guard.create_detector(Enable=True)["DetectorId"]
        guard.create_sample_findings(
            DetectorId=detector,
            FindingTypes=["UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B", "Policy:IAMUser/RootCredentialUsage"],
        )
        for region in (HOME, OTHER):
            self.client("securityhub", region).enable_security_hub(EnableDefaultStandards=False)
        self.at_home("config").put_configuration_recorder(
            ConfigurationRecorder={"name": "default", "roleARN": self.role, "recordingGroup": {"allSupported": True}}
        )

    def counted(self, alerts):
        """What somebody once thought to be worth a mail: a call or two of each kind, and no mail is sent."""
        patterns = {
            "refused-calls": '{ $.errorCode = "AccessDenied*" }',
            "sign-ins-without-mfa": "{ ($.eventName = ConsoleLogin) && ($.additionalEventData.MFAUsed != Yes) && ($.userIdentity.type = IAMUser) }",
            "failed-sign-ins": '{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }',
        }
        for name, calls in {
            "policies": ["AttachUserPolicy", "PutUserPolicy"],
            "trails": ["DeleteTrail", "StopLogging"],
            "keys": ["DisableKey", "ScheduleKeyDeletion"],
            "buckets": ["DeleteBucketPolicy", "PutBucketPolicy"],
            "config": ["StopConfigurationRecorder"],
            "security-groups": ["AuthorizeSecurityGroupIngress"],
            "network-acls": ["ReplaceNetworkAclEntry"],
            "gateways": ["AttachInternetGateway"],
            "routes": ["CreateRoute", "ReplaceRoute"],
            "vpcs": ["CreateVpc", "AcceptVpcPeeringConnection"],
            "organization": ["LeaveOrganization"],
        }.items():
            patterns[name] = one_of(calls)
        for name, pattern in patterns.items():
            count(self.at_home("logs"), "/shop/trail", name, pattern, "Shop", "Noteworthy")
        ring(self.at_home("cloudwatch"), "noteworthy", "Shop", "Noteworthy", alerts)

    # -----------------------------------------------------------------------------------------------------------------

    def data(self):
        rds = self.at_home("rds")
        rds.create_db_subnet_group(
            DBSubnetGroupName="shop", DBSubnetGroupDescription="two zones", SubnetIds=self.subnets
        )
        for name, encrypted, public in [("orders", True, False), ("reporting", False, True)]:
            rds.create_db_instance(
                DBInstanceIdentifier=name,
                DBInstanceClass="db.t3.medium",
                Engine="postgres",
                MasterUsername="shop",
                MasterUserPassword="correct-horse-battery",
                AllocatedStorage=100,
                StorageEncrypted=encrypted,
                PubliclyAccessible=public,
                AutoMinorVersionUpgrade=not public,
                DBSubnetGroupName="shop",
                VpcSecurityGroupIds=[self.groups["shop-database"]],
                Tags=[{"Key": "team", "Value": "shop"}],
                **({"KmsKeyId": self.key["Arn"]} if encrypted else {}),
            )
        rds.create_db_snapshot(DBSnapshotIdentifier="orders-before-upgrade", DBInstanceIdentifier="orders")
        rds.create_db_snapshot(DBSnapshotIdentifier="reporting-export", DBInstanceIdentifier="reporting")
        rds.modify_db_snapshot_attribute(
            DBSnapshotIdentifier="reporting-export", AttributeName="restore", ValuesToAdd=["all"]
        )
        rds.create_db_cluster(
            DBClusterIdentifier="analytics",
            Engine="aurora-postgresql",
            MasterUsername="shop",
            MasterUserPassword="correct-horse-battery",
            StorageEncrypted=True,
            DBSubnetGroupName="shop",
        )
        rds.create_db_cluster_snapshot(
            DBClusterSnapshotIdentifier="analytics-quarterly", DBClusterIdentifier="analytics"
        )
        rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier="analytics-quarterly", AttributeName="restore", ValuesToAdd=[PARTNER]
        )
        dynamodb = self.at_home("dynamodb")
        encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": self.key["Arn"]}
        dynamodb.create_table(
            TableName="orders",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification=encryption,
            Tags=[{"Key": "backup", "Value": "nightly"}],
        )
        # Provisioned capacity, of which the reads follow the load and the writes have been forgotten.
        dynamodb.create_table(
            TableName="sessions",
            AttributeDefinitions=[{"AttributeName": "token", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "token", "KeyType": "HASH"}],
            ProvisionedThroughput={"ReadCapacityUnits": 20, "WriteCapacityUnits": 20},
            SSESpecification=encryption,
            Tags=[{"Key": "backup", "Value": "nightly"}],
        )
        for table in ("orders", "sessions"):
            dynamodb.update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
        self.scaling()
        self.at_home("efs").create_file_system(
            CreationToken="media", Encrypted=True, Tags=[{"Key": "backup", "Value": "nightly"}]
        )

    def scaling(self):
        reads = {
            "ServiceNamespace": "dynamodb",
            "ResourceId": "table/sessions",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
        }
        scaling = self.at_home("application-autoscaling")
        scaling.register_scalable_target(**reads, MinCapacity=20, MaxCapacity=400)
        scaling.put_scaling_policy(
            **reads,
            PolicyName="sessions-reads",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 70.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
            },
        )

    def functions(self):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            # Without the time of day, which would be in the digest of the code.
            archive.writestr(zipfile.ZipInfo("handler.py"), "def handler(event, context):\n    return event\n")
        lambdas = self.at_home("lambda")
        for name, permission in [
            ("thumbnails", {"Principal": "s3.amazonaws.com", "SourceAccount": self.account}),
            ("payment-webhook", {"Principal": "*"}),
            ("nightly-report", None),
        ]:
            lambdas.create_function(
                FunctionName=name,
                Runtime="python3.13",
                Role=self.role,
                Handler="handler.handler",
                Code={"ZipFile": code.getvalue()},
                Environment={"Variables": {"STAGE": "production"}},
                VpcConfig={"SubnetIds": self.subnets, "SecurityGroupIds": [self.groups["shop-database"]]},
            )
            if permission:
                lambdas.add_permission(
                    FunctionName=name, StatementId="caller", Action="lambda:InvokeFunction", **permission
                )

    def containers(self):
        ecs = self.at_home("ecs")
        ecs.create_cluster(clusterName="shop")
        ecs.register_task_definition(
            family="search", containerDefinitions=[{"name": "search", "image": "search:4", "memory": 512}]
        )
        ecs.create_service(cluster="shop", serviceName="search", taskDefinition="search", desiredCount=0)
        ecs.register_task_definition(
            family="log-shipper",
            networkMode="host",
            containerDefinitions=[{"name": "shipper", "image": "log-shipper:2", "memory": 128}],
        )
        self.at_home("eks").create_cluster(
            name="platform", roleArn=self.role, resourcesVpcConfig={"subnetIds": self.subnets}
        )
        self.at_home("ecr").create_repository(repositoryName="search")
        acm = self.at_home("acm")
        acm.request_certificate(DomainName="shop.example.com", ValidationMethod="DNS")
        certificate, key = old_certificate("partners.shop.example.com", days=9)
        acm.import_certificate(Certificate=certificate, PrivateKey=key)

    def everything(self):
        self.people()
        self.network()
        self.machines()
        self.balancers()
        self.buckets()
        self.keys()
        self.watching()
        self.data()
        self.functions()
        self.containers()
        demo_operations.everything(self)
        demo_platform.everything(self)
        demo_guards.everything(self)


def allow(action, resource, principal=None):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    if principal:
        statement["Principal"] = principal
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tls_only(bucket):
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def encrypted_by_default(s3, bucket):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def named(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def permission(protocol, first, last, source):
    ranges = {"Ipv6Ranges": [{"CidrIpv6": source}]} if ":" in source else {"IpRanges": [{"CidrIp": source}]}
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last, **ranges}


Shop(sys.argv[1]).everything()
print("{}")
