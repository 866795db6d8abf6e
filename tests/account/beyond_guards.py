"""What AWS answers and moto does not, of the services that guard and bound an account: Service Quotas, Macie, Detective,
CloudHSM, the settings of Systems Manager, and the lists of addresses of GuardDuty. Where moto has an answer of its own, it is
not AWS's: Macie that is off answers as if something were not found.
"""

import collections
import os
import uuid

# A fixed moment, so that two recordings differ in nothing of this.
MADE_AT = 1767323045.0
MADE_AT_TEXT = "2026-01-02T03:04:05.678Z"

# Services and their quotas, as far as the tests have them: code, name, what everyone is given.
# https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
QUOTAS = {
    "autoscaling": [("L-CDE20ADC", "Auto Scaling groups per region", 500), ("L-6B80B8FA", "Launch configurations per region", 200)],
    "dynamodb": [("L-F98FE922", "Maximum number of tables", 2500)],
    "ebs": [("L-309BACF6", "Snapshots per Region", 100000)],
    "ec2": [("L-0263D0A3", "EC2-VPC Elastic IPs", 5), ("L-3E6EC3A3", "VPN connections per region", 50)],
    "eks": [("L-1194D53C", "Clusters", 100)],
    "elasticloadbalancing": [
        ("L-53DA6B97", "Application Load Balancers per Region", 50),
        ("L-E9E9831D", "Classic Load Balancers per Region", 20),
        ("L-69A177A2", "Network Load Balancers per Region", 50),
        ("L-B22855CB", "Target Groups per Region", 3000),
    ],
    "kms": [("L-C2F1777E", "Customer Master Keys (CMKs)", 100000)],
    "rds": [
        ("L-952B80B8", "DB clusters", 40),
        ("L-7B6409FD", "DB instances", 40),
        ("L-48C6BF61", "DB subnet groups", 50),
        ("L-9B510759", "Manual DB cluster snapshots", 100),
        ("L-272F1212", "Manual DB instance snapshots", 100),
    ],
    "servicediscovery": [("L-0FE3F50E", "Namespaces per Region", 50)],
    "vpc": [
        ("L-A4707A72", "Internet gateways per Region", 5),
        ("L-DF5E4CA3", "Network interfaces per Region", 5000),
        ("L-407747CB", "Subnets per VPC", 200),
        ("L-E79EC296", "VPC security groups per Region", 2500),
        ("L-F678F1CE", "VPCs per Region", 5),
    ],
}

# What a setting of Systems Manager is until somebody changes it.
SETTINGS = {
    "/ssm/documents/console/public-sharing-permission": "Enable",
    "/ssm/automation/customer-script-log-destination": "None",
}


class Refused(Exception):
    """An error of the service: its code, its words and the status."""

    def __init__(self, code, message, status):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Guards:
    def __init__(self):
        self.given = {}
        self.macie = {}
        self.discovery = {}
        self.graphs = collections.defaultdict(list)
        self.clusters = collections.defaultdict(list)
        self.settings = {}
        self.operations = {
            "service-quotas:ListServices": self.list_services,
            "service-quotas:ListAWSDefaultServiceQuotas": self.list_default_quotas,
            "service-quotas:GetServiceQuota": self.get_quota,
            "service-quotas:RequestServiceQuotaIncrease": self.request_quota_increase,
            "macie2:EnableMacie": self.enable_macie,
            "macie2:GetMacieSession": self.get_macie_session,
            "macie2:GetAdministratorAccount": self.get_administrator_account,
            "macie2:UpdateAutomatedDiscoveryConfiguration": self.update_discovery,
            "macie2:GetAutomatedDiscoveryConfiguration": self.get_discovery,
            "detective:CreateGraph": self.create_graph,
            "detective:ListGraphs": self.list_graphs,
            "detective:ListInvitations": lambda *_: {"Invitations": []},
            "detective:ListTagsForResource": lambda *_: {"Tags": {}},
            "cloudhsmv2:CreateCluster": self.create_cluster,
            "cloudhsmv2:CreateHsm": self.create_hsm,
            "cloudhsmv2:DescribeClusters": self.describe_clusters,
            "cloudhsmv2:DescribeBackups": self.describe_backups,
            "guardduty:ListIPSets": lambda *_: {"ipSetIds": []},
            "guardduty:ListThreatIntelSets": lambda *_: {"threatIntelSetIds": []},
            "ssm:GetServiceSetting": self.get_service_setting,
            "ssm:UpdateServiceSetting": self.update_service_setting,
        }

    # --- Service Quotas ----------------------------------------------------------------------------------------------

    def list_services(self, region, path, _):
        return {"Services": [{"ServiceCode": code, "ServiceName": code.upper()} for code in QUOTAS]}

    def list_default_quotas(self, region, path, asked):
        return {"Quotas": [quota(asked["ServiceCode"], *one) for one in QUOTAS[asked["ServiceCode"]]]}

    def get_quota(self, region, path, asked):
        """Of the quotas of VPCs an account is always told what it has been given; of the others, only if they were raised."""
        service, code = asked["ServiceCode"], asked["QuotaCode"]
        _, name, default = next(one for one in QUOTAS[service] if one[0] == code)
        given = self.given.get((region, code), default if service == "vpc" else None)
        if given is None:
            raise Refused("NoSuchResourceException", "The request failed because the specified quota does not exist.", 400)
        return {"Quota": quota(service, code, name, given)}

    def request_quota_increase(self, region, path, asked):
        self.given[region, asked["QuotaCode"]] = asked["DesiredValue"]
        return {"RequestedQuota": {"ServiceCode": asked["ServiceCode"], "QuotaCode": asked["QuotaCode"], "Status": "APPROVED"}}

    # --- Macie -------------------------------------------------------------------------------------------------------

    def enable_macie(self, region, path, asked):
        self.macie[region] = asked.get("status", "ENABLED")
        return {}

    def session(self, region):
        if region not in self.macie:
            raise Refused("AccessDeniedException", "Macie is not enabled.", 403)
        return self.macie[region]

    def get_macie_session(self, region, path, _):
        role = f"arn:aws:iam::{os.environ['MOTO_ACCOUNT_ID']}:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"
        return {
            "createdAt": MADE_AT_TEXT,
            "findingPublishingFrequency": "FIFTEEN_MINUTES",
            "serviceRole": role,
            "status": self.session(region),
            "updatedAt": MADE_AT_TEXT,
        }

    def get_administrator_account(self, region, path, _):
        self.session(region)
        return {}

    def update_discovery(self, region, path, asked):
        self.session(region)
        self.discovery[region] = asked["status"]
        return {}

    def get_discovery(self, region, path, _):
        self.session(region)
        return {"status": self.discovery.get(region, "DISABLED"), "autoEnableOrganizationMembers": "NONE"}

    # --- Detective ---------------------------------------------------------------------------------------------------

    def create_graph(self, region, path, _):
        ident = uuid.uuid5(uuid.NAMESPACE_OID, f"graph {region}").hex
        arn = f"arn:aws:detective:{region}:{os.environ['MOTO_ACCOUNT_ID']}:graph:{ident}"
        self.graphs[region].append({"Arn": arn, "CreatedTime": MADE_AT_TEXT})
        return {"GraphArn": arn}

    def list_graphs(self, region, path, _):
        return {"GraphList": self.graphs[region]}

    # --- CloudHSM ----------------------------------------------------------------------------------------------------

    def create_cluster(self, region, path, asked):
        """A cluster that is in use at once."""
        ident = f"cluster-{uuid.uuid5(uuid.NAMESPACE_OID, f'{region} {len(self.clusters[region])}').hex[:11]}"
        cluster = {
            "ClusterId": ident,
            "BackupPolicy": "DEFAULT",
            "BackupRetentionPolicy": asked.get("BackupRetentionPolicy", {"Type": "DAYS", "Value": "90"}),
            "CreateTimestamp": MADE_AT,
            "Hsms": [],
            "HsmType": asked["HsmType"],
            "State": "ACTIVE",
            "SubnetMapping": {f"{region}{zone}": subnet for zone, subnet in zip("abc", asked["SubnetIds"])},
            "NetworkType": "IPV4",
            "Mode": "FIPS",
            "TagList": asked.get("TagList", []),
        }
        self.clusters[region].append(cluster)
        return {"Cluster": cluster}

    def create_hsm(self, region, path, asked):
        cluster = next(one for one in self.clusters[region] if one["ClusterId"] == asked["ClusterId"])
        zone = asked["AvailabilityZone"]
        hsm = {
            "AvailabilityZone": zone,
            "ClusterId": cluster["ClusterId"],
            "SubnetId": cluster["SubnetMapping"][zone],
            "HsmId": f"hsm-{uuid.uuid5(uuid.NAMESPACE_OID, cluster['ClusterId'] + zone).hex[:11]}",
            "State": "ACTIVE",
        }
        cluster["Hsms"].append(hsm)
        return {"Hsm": hsm}

    def describe_clusters(self, region, path, _):
        return {"Clusters": self.clusters[region]}

    def describe_backups(self, region, path, _):
        """One of each cluster that has had a module."""
        backups = []
        for cluster in self.clusters[region]:
            if cluster["Hsms"]:
                ident = cluster["ClusterId"].replace("cluster", "backup")
                backups.append(
                    {
                        "BackupId": ident,
                        "BackupArn": f"arn:aws:cloudhsm:{region}:{os.environ['MOTO_ACCOUNT_ID']}:backup/{ident}",
                        "BackupState": "READY",
                        "ClusterId": cluster["ClusterId"],
                        "CreateTimestamp": MADE_AT,
                        "NeverExpires": False,
                        "TagList": [],
                    }
                )
        return {"Backups": backups}

    # --- Systems Manager ---------------------------------------------------------------------------------------------

    def get_service_setting(self, region, path, asked):
        setting = asked["SettingId"]
        changed = self.settings.get((region, setting))
        return {
            "ServiceSetting": {
                "SettingId": setting,
                "SettingValue": changed or SETTINGS[setting],
                "LastModifiedUser": "System",
                "Status": "Customized" if changed else "Default",
            }
        }

    def update_service_setting(self, region, path, asked):
        self.settings[region, asked["SettingId"]] = asked["SettingValue"]
        return {}


def quota(service, code, name, value):
    return {
        "ServiceCode": service,
        "ServiceName": service.upper(),
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
