"""What guards and bounds the demonstration's shop: what stands before its site, the modules with its keys, what watches it, and how
much it may have. `demo.py` makes all of it.
"""

import guards


def front(shop):
    cloudfront = shop.at_home("cloudfront")
    certificate = shop.arn("acm", "certificate/12345678-1234-1234-1234-123456789012", "us-east-1")
    site = guards.distribution(
        "shop",
        [guards.bucket("assets", "shop-assets", "E2QWRUHEXAMPLE"), guards.server("api", "api.shop.example.com", "https-only")],
        "redirect-to-https",
        certificate=certificate,
        Logging={"Enabled": True, "IncludeCookies": False, "Bucket": "shop-logs.s3.amazonaws.com", "Prefix": "site/"},
        DefaultRootObject="index.html",
    )
    old = guards.distribution("old-shop", [guards.server("old", "old.shop.example.com", "match-viewer", ["TLSv1"])], "allow-all")
    for config, tags in [(site, [{"Key": "team", "Value": "shop"}]), (old, [])]:
        cloudfront.create_distribution_with_tags(
            DistributionConfigWithTags={"DistributionConfig": config, "Tags": {"Items": tags}}
        )


def secrets(shop):
    ssm = shop.at_home("ssm")
    for name, kind in [("/shop/db-password", "SecureString"), ("/shop/payment-api-token", "String"), ("/shop/db-host", "String")]:
        ssm.put_parameter(Name=name, Value="x", Type=kind, Tags=[{"Key": "team", "Value": "shop"}])


def modules(shop):
    hsm = shop.at_home("cloudhsmv2")
    cluster = hsm.create_cluster(
        HsmType="hsm2m.medium", SubnetIds=shop.subnets[:2], TagList=[{"Key": "team", "Value": "payments"}]
    )["Cluster"]
    hsm.create_hsm(ClusterId=cluster["ClusterId"], AvailabilityZone=min(cluster["SubnetMapping"]))


def watching(shop):
    guard = shop.at_home("guardduty")
    detector = guard.list_detectors()["DetectorIds"][0]
    guard.update_detector(DetectorId=detector, Enable=True, Features=guards.features(["S3_DATA_EVENTS", "RDS_LOGIN_EVENTS", "RUNTIME_MONITORING"]))
    shop.at_home("macie2").enable_macie()
    shop.at_home("detective").create_graph()


def everything(shop):
    front(shop)
    secrets(shop)
    modules(shop)
    watching(shop)
    # An account that is young has less than others.
    shop.at_home("service-quotas").request_service_quota_increase(
        ServiceCode="rds", QuotaCode="L-7B6409FD", DesiredValue=3
    )
