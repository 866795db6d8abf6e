"""How the demonstration's shop runs what it has: its backups, its agents and patches, its way to the office, and HTTPS.
`demo.py` makes all of it, last.
"""

from seed_operations import managed_instance, patched


def backups(shop):
    backup = shop.at_home("backup")
    for vault in ["shop", "shop-locked"]:
        backup.create_backup_vault(BackupVaultName=vault)
    backup.put_backup_vault_lock_configuration(BackupVaultName="shop-locked", MinRetentionDays=30)
    plans = {}
    for name, rule in [
        (
            "nightly",
            {
                "RuleName": "every-night",
                "TargetBackupVaultName": "shop-locked",
                "ScheduleExpression": "cron(0 1 ? * * *)",
                "Lifecycle": {"DeleteAfterDays": 90},
            },
        ),
        (
            "weekly",
            {
                "RuleName": "on-sundays",
                "TargetBackupVaultName": "shop",
                "ScheduleExpression": "cron(0 3 ? * SUN *)",
                "Lifecycle": {"DeleteAfterDays": 60},
            },
        ),
    ]:
        plans[name] = backup.create_backup_plan(BackupPlan={"BackupPlanName": name, "Rules": [rule]})["BackupPlanId"]
        tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": name}
        backup.create_backup_selection(
            BackupPlanId=plans[name],
            BackupSelection={
                "SelectionName": "tagged",
                "IamRoleArn": shop.role,
                "ListOfTags": [tag],
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
    )
    for kind, name in [("db", "orders"), ("cluster", "analytics")]:
        rds.add_tags_to_resource(
            ResourceName=shop.arn("rds", f"{kind}:{name}"), Tags=[{"Key": "backup", "Value": "nightly"}]
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


def everything(shop):
    backups(shop)
    agents(shop)
    office(shop)
    https(shop)


DOCUMENT = """schemaVersion: "2.2"
description: Starts the web server anew
mainSteps:
  - action: aws:runShellScript
    name: restart
    inputs:
      runCommand: [systemctl restart web]
"""
