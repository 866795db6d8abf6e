"""What guards and bounds an account, in the forms that the test account and the demonstration have in common: distributions of
CloudFront, and the protection plans of GuardDuty.
"""


def features(enabled, managed=()):
    """All plans of GuardDuty, as a detector tells of them: some on, and some agents brought by GuardDuty itself."""
    plans = {
        "S3_DATA_EVENTS": [],
        "EKS_AUDIT_LOGS": [],
        "EBS_MALWARE_PROTECTION": [],
        "RDS_LOGIN_EVENTS": [],
        "LAMBDA_NETWORK_LOGS": [],
        "EKS_RUNTIME_MONITORING": ["EKS_ADDON_MANAGEMENT"],
        "RUNTIME_MONITORING": ["EKS_ADDON_MANAGEMENT", "EC2_AGENT_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT"],
    }

    def status(on):
        return "ENABLED" if on else "DISABLED"

    return [
        {
            "Name": name,
            "Status": status(name in enabled),
            "AdditionalConfiguration": [{"Name": agent, "Status": status(agent in managed)} for agent in agents],
        }
        for name, agents in plans.items()
    ]


def bucket(ident, name, control=""):
    """An origin that is a bucket."""
    return {
        "Id": ident,
        "DomainName": f"{name}.s3.us-east-1.amazonaws.com",
        "OriginAccessControlId": control,
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }


def server(ident, domain, policy, protocols=("TLSv1.2",), control=""):
    """An origin that is a server of one's own."""
    return {
        "Id": ident,
        "DomainName": domain,
        "OriginAccessControlId": control,
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": policy,
            "OriginSslProtocols": {"Quantity": len(protocols), "Items": list(protocols)},
        },
    }


def distribution(name, origins, viewers, groups=(), certificate=None, **more):
    """The configuration of a distribution; requests go to the first origin. (moto takes no group for it, as AWS does.)"""
    own = {"CloudFrontDefaultCertificate": False, "ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
    return {
        "CallerReference": name,
        "Comment": name,
        "Enabled": True,
        "Origins": {"Quantity": len(origins), "Items": origins},
        "DefaultCacheBehavior": {
            "TargetOriginId": origins[0]["Id"],
            "ViewerProtocolPolicy": viewers,
            "TrustedSigners": {"Enabled": False, "Quantity": 0},
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            "MinTTL": 0,
        },
        "OriginGroups": {"Quantity": len(groups), "Items": list(groups)},
        "ViewerCertificate": own if certificate else {"CloudFrontDefaultCertificate": True},
        **more,
    }


def group(ident, *origins):
    """Origins of which the second answers when the first fails."""
    return {
        "Id": ident,
        "FailoverCriteria": {"StatusCodes": {"Quantity": 1, "Items": [503]}},
        "Members": {"Quantity": len(origins), "Items": [{"OriginId": one} for one in origins]},
    }
