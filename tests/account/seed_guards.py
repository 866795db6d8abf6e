"""Fills the test account with what guards and bounds it: distributions, parameters, modules, Macie, Detective, quotas; `seed.py`
calls it.
"""

import guards


def everything(seed, home, other):
    distributions(seed, home)
    parameters(seed, home)
    modules(seed, home)
    seed.client("macie2", home).enable_macie()
    seed.client("macie2", home).update_automated_discovery_configuration(status="ENABLED")
    seed.client("macie2", other).enable_macie(status="PAUSED")
    seed.client("detective", home).create_graph()
    for region in (home, other):
        # Each region has a default VPC with a group at least: nothing is left.
        seed.client("service-quotas", region).request_service_quota_increase(
            ServiceCode="vpc", QuotaCode="L-E79EC296", DesiredValue=1
        )


def distributions(seed, home):
    front = seed.client("cloudfront", home)
    made = {
        "distribution-safe": guards.distribution(
            "safe",
            [guards.bucket("first", "first", "E1EXAMPLE"), guards.bucket("second", "second", "E1EXAMPLE"), guards.server("api", "api.example.com", "https-only")],
            "redirect-to-https",
            [guards.group("either", "first", "second")],
            f"arn:aws:acm:us-east-1:{seed.account}:certificate/12345678-1234-1234-1234-123456789012",
            Logging={"Enabled": True, "IncludeCookies": False, "Bucket": "logs.s3.amazonaws.com", "Prefix": ""},
            DefaultRootObject="index.html",
            WebACLId=f"arn:aws:wafv2:us-east-1:{seed.account}:global/webacl/site/a1b2c3d4-5678-90ab-cdef-example11111",
        ),
        "distribution-open": guards.distribution(
            "open",
            [guards.server("api", "api.example.com", "match-viewer", ["SSLv3", "TLSv1"]), guards.bucket("files", "files")],
            "allow-all",
        ),
    }
    for name, config in made.items():
        seed.label(name, front.create_distribution(DistributionConfig=config)["Distribution"]["Id"])


def parameters(seed, home):
    ssm = seed.client("ssm", home)
    for label, name, kind in [
        ("parameter-encrypted", "/shop/db-password", "SecureString"),
        ("parameter-plain", "/shop/api-token", "String"),
        ("parameter-harmless", "/shop/db-host", "String"),
    ]:
        ssm.put_parameter(Name=name, Value="x", Type=kind)
        seed.label(label, name)
    ssm.update_service_setting(SettingId="/ssm/documents/console/public-sharing-permission", SettingValue="Disable")
    ssm.update_service_setting(SettingId="/ssm/automation/customer-script-log-destination", SettingValue="CloudWatch")


def modules(seed, home):
    hsm = seed.client("cloudhsmv2", home)
    for label, zones, days in [("hsm-two-zones", "ab", 90), ("hsm-one-zone", "a", 7), ("hsm-empty", "", 90)]:
        cluster = hsm.create_cluster(
            HsmType="hsm2m.medium",
            SubnetIds=[seed.made["subnet-a"], seed.made["subnet-b"]],
            BackupRetentionPolicy={"Type": "DAYS", "Value": str(days)},
        )["Cluster"]["ClusterId"]
        for zone in zones:
            hsm.create_hsm(ClusterId=cluster, AvailabilityZone=f"{home}{zone}")
        seed.label(label, cluster)
