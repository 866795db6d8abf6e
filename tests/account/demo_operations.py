"""How the demonstration's shop runs what it has: its backups, its agents and patches, its way to the office, HTTPS, and
who looks after its access. `demo.py` makes all of it, last.
"""

from seed import OTHER
from seed_access import upload_certificate
from seed_operations import managed_instance, patched


def backups(shop):
    # One plan in each region: what is told of a plan's selections is one listing.
    backup_plan(
        shop,
        shop.at_home("backup"),
        "nightly",
        {
            "RuleName": "every-night",
            "ScheduleExpression": "cron(0 1 ? * * *)",
            "Lifecycle": {"DeleteAfterDays": 90},
        },
    )
    backup_plan(
        shop,
        shop.client("backup", OTHER),
        "weekly",
        {
            "RuleName": "on-sundays",
            "ScheduleExpression": "cron(0 3 ? * SUN *)",
            "Lifecycle": {"DeleteAfterDays": 60},
        },
    )
    ec2 = shop.at_home("ec2")
    named = [{"Name": "tag:Name", "Values": ["web-1"]}, {"Name": "instance-state-name", "Values": ["running"]}]
    web = ec2.describe_instances(Filters=named)["Reservations"][0]["Instances"][0]["InstanceId"]
    volume = ec2.describe_volumes(Filters=[{"Name": "tag:Name", "Values": ["web-1-data"]}])["Volumes"][0]["VolumeId"]
    ec2.create_tags(Resources=[web, volume], Tags=[{"Key": "backup", "Value": "nightly"}])
    rds = shop.at_home("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="analytics-1",
        DBClusterIdentifier="analytics",
        DBInstanceClass="db.r6g.large",
        Engine="aurora-postgresql",
        PubliclyAccessible=False,
    )
    for kind, name in [("db", "orders"), ("cluster", "analytics")]:
        rds.add_tags_to_resource(
            ResourceName=shop.arn("rds", f"{kind}:{name}"), Tags=[{"Key": "backup", "Value": "nightly"}]
        )


def backup_plan(shop, backup, name, rule):
    backup.create_backup_vault(BackupVaultName="shop")
    backup.put_backup_vault_lock_configuration(BackupVaultName="shop", MinRetentionDays=30)
    plan = backup.create_backup_plan(
        BackupPlan={"BackupPlanName": name, "Rules": [rule | {"TargetBackupVaultName": "shop"}]}
    )
    tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": name}
    backup.create_backup_selection(
        BackupPlanId=plan["BackupPlanId"],
        BackupSelection={"SelectionName": "tagged", "IamRoleArn": shop.role, "ListOfTags": [tag]},
    )


def agents(shop):
    ssm = shop.at_home("ssm")
    machines = {}
    for reservation in shop.at_home("ec2").describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
            machines[tags.get("Name")] = instance["InstanceId"]
    for name, status in [("web-1", "Active"), ("web-2", "Active"), ("bastion", "Stopped")]:
        managed_instance(ssm, machines[name], status)
    patched(ssm, "Patch", machines["web-1"], [("CRITICAL", "COMPLIANT"), ("MEDIUM", "COMPLIANT")])
    patched(ssm, "Patch", machines["web-2"], [("CRITICAL", "NON_COMPLIANT"), ("MEDIUM", "COMPLIANT")])
    patched(ssm, "Association", machines["web-1"], [("UNSPECIFIED", "COMPLIANT")])
    patched(ssm, "Association", machines["web-2"], [("UNSPECIFIED", "NON_COMPLIANT")])
    for name in ["restart-web", "onboard-a-partner"]:
        ssm.create_document(Name=name, Content=DOCUMENT, DocumentType="Command", DocumentFormat="YAML")
    ssm.modify_document_permission(Name="onboard-a-partner", PermissionType="Share", AccountIdsToAdd=["all"])


def office(shop):
    ec2 = shop.at_home("ec2")
    customer = ec2.create_customer_gateway(BgpAsn=65000, PublicIp="198.51.100.20", Type="ipsec.1")
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")
    ec2.create_vpn_connection(
        Type="ipsec.1",
        CustomerGatewayId=customer["CustomerGateway"]["CustomerGatewayId"],
        VpnGatewayId=gateway["VpnGateway"]["VpnGatewayId"],
    )


def https(shop):
    elbv2 = shop.at_home("elbv2")
    balancer = elbv2.describe_load_balancers(Names=["shop"])["LoadBalancers"][0]["LoadBalancerArn"]
    target = elbv2.describe_target_groups(Names=["shop-web"])["TargetGroups"][0]["TargetGroupArn"]
    certificate = shop.at_home("acm").list_certificates()["CertificateSummaryList"][0]["CertificateArn"]
    elbv2.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target}],
    )

    # Abroad there is nothing but TLS.
    ec2, elbv2 = shop.client("ec2", OTHER), shop.client("elbv2", OTHER)
    subnet = ec2.describe_subnets()["Subnets"][0]
    acm = shop.client("acm", OTHER)
    certificate = acm.request_certificate(DomainName="eu.shop.example.com", ValidationMethod="DNS")["CertificateArn"]
    balancer = elbv2.create_load_balancer(Name="shop-eu", Type="network", Subnets=[subnet["SubnetId"]])
    target = elbv2.create_target_group(Name="shop-eu", Protocol="TCP", Port=8443, VpcId=subnet["VpcId"])
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="TLS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target["TargetGroups"][0]["TargetGroupArn"]}],
    )


def access(shop):
    # Nobody has looked after what was there before ACM, and nobody watches the second region.
    iam = shop.at_home("iam")
    upload_certificate(iam, "shop-2023", days=-510)
    iam.attach_group_policy(GroupName="operators", PolicyArn="arn:aws:iam::aws:policy/AWSSupportAccess")
    shop.at_home("accessanalyzer").create_analyzer(analyzerName="external", type="ACCOUNT")


def everything(shop):
    backups(shop)
    agents(shop)
    office(shop)
    https(shop)
    access(shop)


DOCUMENT = """schemaVersion: "2.2"
description: Starts the web server anew
mainSteps:
  - action: aws:runShellScript
    name: restart
    inputs:
      runCommand: [systemctl restart web]
"""
