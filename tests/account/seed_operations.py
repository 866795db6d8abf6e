"""Fills the test account with what its machines, databases and load balancers are run with; `seed.py` calls it."""


def managed_instance(ssm, instance, status):
    """An agent reports: by a call that agents alone make, in its form that anyone can."""
    information = {
        "AgentType": "amazon-ssm-agent",
        "AgentVersion": "3.3.987.0",
        "ComputerName": f"{instance}.ec2.internal",
        "InstanceId": instance,
        "InstanceStatus": status,
        "PlatformName": "Amazon Linux",
        "PlatformType": "Linux",
        "PlatformVersion": "2023",
        "ResourceType": "EC2Instance",
    }
    ssm.put_inventory(
        InstanceId=instance,
        Items=[
            {
                "TypeName": "AWS:InstanceInformation",
                "SchemaVersion": "1.0",
                "CaptureTime": "2026-01-02T03:04:05Z",
                "Content": [information],
            }
        ],
    )


def patched(ssm, kind, instance, items):
    """What was found on an instance: severities and states of patches, or of associations."""
    ssm.put_compliance_items(
        ResourceId=instance,
        ResourceType="ManagedInstance",
        ComplianceType=kind,
        ExecutionSummary={"ExecutionTime": 1767323045, "ExecutionType": "Command"},
        Items=[
            {"Id": f"item-{number}", "Severity": severity, "Status": status}
            for number, (severity, status) in enumerate(items)
        ],
    )


def backups(seed, home):
    backup = seed.client("backup", home)
    backup.create_backup_vault(BackupVaultName="vault")
    for name, schedule, days in [
        ("plan-daily", "cron(0 1 ? * * *)", 35),
        ("plan-weekly", "cron(0 1 ? * SUN *)", 365),
        ("plan-short", "cron(0 1 ? * * *)", 34),
    ]:
        rule = {
            "RuleName": "rule",
            "TargetBackupVaultName": "vault",
            "ScheduleExpression": schedule,
            "Lifecycle": {"DeleteAfterDays": days},
        }
        made = backup.create_backup_plan(BackupPlan={"BackupPlanName": name, "Rules": [rule]})
        seed.label(name, made["BackupPlanId"])
    by_name = {
        "Resources": [f"arn:aws:ec2:*:*:instance/{seed.made['instance-imdsv2']}", "arn:aws:rds:*:*:db:db-safe"],
    }
    by_tag = {"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "Name", "ConditionValue": "volume-encrypted"}]}
    # A region that has not opted in to a type takes in what is named, and leaves out what is tagged.
    not_opted_in = {"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "Name", "ConditionValue": "db-open"}]}
    for name, chosen in [("named", by_name), ("tagged", by_tag), ("not-opted-in", not_opted_in)]:
        backup.create_backup_selection(
            BackupPlanId=seed.labels["plan-daily"],
            BackupSelection={"SelectionName": name, "IamRoleArn": seed.made["role-service"], **chosen},
        )
    backup.update_region_settings(ResourceTypeOptInPreference={"RDS": False})


def agents(seed, home):
    ssm = seed.client("ssm", home)
    safe, other = seed.made["instance-imdsv2"], seed.made["instance-imdsv1"]
    managed_instance(ssm, safe, "Active")
    managed_instance(ssm, other, "Stopped")
    for kind in ["Patch", "Association"]:
        patched(ssm, kind, safe, [("HIGH", "COMPLIANT")])
        patched(ssm, kind, other, [("HIGH", "COMPLIANT"), ("LOW", "NON_COMPLIANT")])
    seed.label("compliance-safe", f"AWS::SSM::ManagedInstanceInventory/{safe}")
    seed.label("compliance-open", f"AWS::SSM::ManagedInstanceInventory/{other}")
    for name, accounts in [("document-own", []), ("document-shared", ["444455556666"]), ("document-public", ["all"])]:
        ssm.create_document(Name=name, Content=DOCUMENT, DocumentType="Command", DocumentFormat="YAML")
        if accounts:
            ssm.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToAdd=accounts)
        seed.label(name, name)


def ways_in(seed, home):
    ec2 = seed.client("ec2", home)
    customer = ec2.create_customer_gateway(BgpAsn=65000, PublicIp="198.51.100.20", Type="ipsec.1")
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")
    made = ec2.create_vpn_connection(
        Type="ipsec.1",
        CustomerGatewayId=customer["CustomerGateway"]["CustomerGatewayId"],
        VpnGatewayId=gateway["VpnGateway"]["VpnGatewayId"],
    )
    seed.label("vpn", made["VpnConnection"]["VpnConnectionId"])
    ec2.modify_subnet_attribute(SubnetId=seed.made["subnet-alone"], MapPublicIpOnLaunch={"Value": True})
    outside = [{"Name": "route.destination-cidr-block", "Values": ["0.0.0.0/0"]}]
    (table,) = ec2.describe_route_tables(Filters=outside)["RouteTables"]
    seed.label("table-public", table["RouteTableId"])


def balancers(seed, home):
    subnets = [seed.made["subnet-a"], seed.made["subnet-b"]]
    elb = seed.client("elb", home)
    certificates = seed.client("acm", home).list_certificates()["CertificateSummaryList"]
    certificate = certificates[0]["CertificateArn"]
    elb.create_load_balancer(
        LoadBalancerName="classic-safe",
        Listeners=[
            {
                "Protocol": "HTTPS",
                "LoadBalancerPort": 443,
                "InstancePort": 8080,
                "InstanceProtocol": "HTTP",
                "SSLCertificateId": certificate,
            }
        ],
        Subnets=subnets,
    )
    elb.modify_load_balancer_attributes(
        LoadBalancerName="classic-safe",
        LoadBalancerAttributes={
            "CrossZoneLoadBalancing": {"Enabled": True},
            "AccessLog": {"Enabled": True, "S3BucketName": seed.made["bucket-logs"], "EmitInterval": 5},
        },
    )
    elbv2 = seed.client("elbv2", home)
    made = elbv2.create_load_balancer(Name="front-safe", Subnets=subnets, SecurityGroups=[seed.made["sg-web"]])
    safe = made["LoadBalancers"][0]["LoadBalancerArn"]
    elbv2.create_listener(
        LoadBalancerArn=safe,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
    )
    elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=safe,
        Attributes=[
            {"Key": "deletion_protection.enabled", "Value": "true"},
            {"Key": "access_logs.s3.enabled", "Value": "true"},
            {"Key": "access_logs.s3.bucket", "Value": seed.made["bucket-logs"]},
        ],
    )
    waf = seed.client("wafv2", home)
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "front"}
    acl = waf.create_web_acl(
        Name="front-safe", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen, Rules=[]
    )
    waf.associate_web_acl(WebACLArn=acl["Summary"]["ARN"], ResourceArn=safe)
    seed.label("acl-front-silent", acl["Summary"]["Id"])
    network = elbv2.create_load_balancer(Name="network", Type="network", Subnets=subnets)
    front = elbv2.describe_load_balancers(Names=["front"])
    for name, ident in [
        ("classic", "classic"),
        ("classic-safe", "classic-safe"),
        ("front", front["LoadBalancers"][0]["LoadBalancerArn"]),
        ("front-safe", safe),
        ("network", network["LoadBalancers"][0]["LoadBalancerArn"]),
    ]:
        seed.label(f"balancer-{name}", ident)


def fleets(seed, home):
    scaling = seed.client("autoscaling", home)
    scaling.create_launch_configuration(
        LaunchConfigurationName="public",
        ImageId=seed.made["image"],
        InstanceType="t3.micro",
        AssociatePublicIpAddress=True,
    )
    for name, check in [("fleet-safe", "ELB"), ("fleet-blind", "EC2")]:
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchConfigurationName="public",
            MinSize=0,
            MaxSize=0,
            VPCZoneIdentifier=seed.made["subnet-a"],
            LoadBalancerNames=["classic"],
            HealthCheckType=check,
        )
    for group in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
        seed.label(f"group-{group['AutoScalingGroupName']}", group["AutoScalingGroupARN"])
    for launch in scaling.describe_launch_configurations()["LaunchConfigurations"]:
        seed.label(f"launch-{launch['LaunchConfigurationName']}", launch["LaunchConfigurationARN"])


def databases(seed, home):
    rds = seed.client("rds", home)
    rds.modify_db_instance(
        DBInstanceIdentifier="db-safe",
        BackupRetentionPeriod=7,
        MultiAZ=True,
        DeletionProtection=True,
        CloudwatchLogsExportConfiguration={"EnableLogTypes": ["postgresql", "upgrade"]},
    )


def everything(seed, home):
    backups(seed, home)
    agents(seed, home)
    ways_in(seed, home)
    balancers(seed, home)
    fleets(seed, home)
    databases(seed, home)


DOCUMENT = """schemaVersion: "2.2"
description: Does nothing
mainSteps:
  - action: aws:runShellScript
    name: nothing
    inputs:
      runCommand: ["true"]
"""
