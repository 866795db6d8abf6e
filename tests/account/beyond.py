"""What AWS answers and moto does not: the selections of AWS Backup and its settings, what the agents of Systems Manager
report of their machines, the findings of GuardDuty, the analyzers of IAM Access Analyzer, and the keys of CloudTrail, which
`PUT /-/facts` sets; and what is in `beyond_guards.py`.

Each operation takes the region, the request's path and its body, and gives the answer as the service's model has it. Ids
follow from names: another run makes the same.
"""

import collections
import datetime
import json
import os
import threading
import uuid

from beyond_guards import Guards

# A fixed moment, so that two recordings differ in nothing of this.
MADE_AT = 1767323045.0


class Beyond:
    def __init__(self):
        self.lock = threading.Lock()
        self.selections = collections.defaultdict(dict)
        self.opted_in = collections.defaultdict(lambda: dict.fromkeys(KINDS, True))
        self.findings = collections.defaultdict(dict)
        self.inventory = collections.defaultdict(dict)
        self.compliance = collections.defaultdict(dict)
        self.analyzers = collections.defaultdict(list)
        self.public_keys = {}
        self.operations = {
            "accessanalyzer:CreateAnalyzer": self.create_analyzer,
            "accessanalyzer:ListAnalyzers": self.list_analyzers,
            "backup:CreateBackupSelection": self.create_backup_selection,
            "backup:ListBackupSelections": self.list_backup_selections,
            "backup:GetBackupSelection": self.get_backup_selection,
            "backup:DescribeRegionSettings": self.describe_region_settings,
            "backup:UpdateRegionSettings": self.update_region_settings,
            "cloudtrail:ListPublicKeys": self.list_public_keys,
            "guardduty:CreateSampleFindings": self.create_sample_findings,
            "guardduty:ListFindings": self.list_findings,
            "guardduty:GetFindings": self.get_findings,
            "ssm:PutInventory": self.put_inventory,
            "ssm:GetInventory": self.get_inventory,
            "ssm:PutComplianceItems": self.put_compliance_items,
            "ssm:ListResourceComplianceSummaries": self.list_resource_compliance_summaries,
        } | Guards().operations

    def answer(self, name, region, path, body):
        """The answer to an operation that is known here, or its error (`Refused`)."""
        with self.lock:
            return self.operations[name](region, path, json.loads(body or b"{}"))

    # --- IAM Access Analyzer -----------------------------------------------------------------------------------------

    def create_analyzer(self, region, path, asked):
        arn = f"arn:aws:access-analyzer:{region}:{os.environ['MOTO_ACCOUNT_ID']}:analyzer/{asked['analyzerName']}"
        made = datetime.datetime.fromtimestamp(MADE_AT, datetime.timezone.utc)
        self.analyzers[region].append(
            {
                "arn": arn,
                "name": asked["analyzerName"],
                "type": asked["type"],
                "createdAt": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "status": "ACTIVE",
                "tags": asked.get("tags", {}),
            }
        )
        return {"arn": arn}

    def list_analyzers(self, region, path, _):
        return {"analyzers": self.analyzers[region]}

    # --- CloudTrail --------------------------------------------------------------------------------------------------

    def list_public_keys(self, region, path, asked):
        """The keys of a region that were in use at some moment of the time that is asked for, one a page."""
        keys = [
            key
            for key in self.public_keys.get(region, [])
            if key["ValidityStartTime"] <= asked["EndTime"] and asked["StartTime"] <= key["ValidityEndTime"]
        ]
        page = int(asked.get("NextToken", 0))
        more = {"NextToken": str(page + 1)} if page + 1 < len(keys) else {}
        return {"PublicKeyList": keys[page : page + 1]} | more

    # --- AWS Backup --------------------------------------------------------------------------------------------------

    def create_backup_selection(self, region, path, asked):
        plan = path.split("/")[3]
        selection = {"Resources": [], "NotResources": [], "ListOfTags": [], **asked["BackupSelection"]}
        conditions = dict.fromkeys(("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"), [])
        selection["Conditions"] = conditions | selection.get("Conditions", {})
        ident = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{plan} {selection['SelectionName']}"))
        made = {"BackupPlanId": plan, "SelectionId": ident, "CreationDate": MADE_AT}
        self.selections[region, plan][ident] = made | {"BackupSelection": selection}
        return made

    def list_backup_selections(self, region, path, _):
        made = self.selections[region, path.split("/")[3]].values()
        told = ("SelectionName", "IamRoleArn")
        return {
            "BackupSelectionsList": [
                {key: one[key] for key in ("BackupPlanId", "SelectionId", "CreationDate")}
                | {key: one["BackupSelection"][key] for key in told}
                for one in made
            ]
        }

    def get_backup_selection(self, region, path, _):
        pieces = path.split("/")
        return self.selections[region, pieces[3]][pieces[5]]

    def describe_region_settings(self, region, path, _):
        return {
            "ResourceTypeOptInPreference": self.opted_in[region],
            "ResourceTypeManagementPreference": {"DynamoDB": True, "EFS": True},
        }

    def update_region_settings(self, region, path, asked):
        self.opted_in[region] |= asked.get("ResourceTypeOptInPreference", {})
        return {}

    # --- GuardDuty ---------------------------------------------------------------------------------------------------

    def create_sample_findings(self, region, path, asked):
        """They are older than AWS's would be: one that was just made breaks no rule."""
        first_seen = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=12)
        for kind in asked["findingTypes"]:
            ident = uuid.uuid5(uuid.NAMESPACE_OID, f"{region} {kind}").hex
            self.findings[region, path.split("/")[2]][ident] = {
                "schemaVersion": "2.0",
                "accountId": os.environ["MOTO_ACCOUNT_ID"],
                "region": region,
                "partition": "aws",
                "id": ident,
                "arn": f"arn:aws:guardduty:{region}:{os.environ['MOTO_ACCOUNT_ID']}:detector/{path.split('/')[2]}/finding/{ident}",
                "type": kind,
                "title": f"[SAMPLE] {kind}",
                "severity": 8 if kind.startswith("UnauthorizedAccess") else 2,
                "resource": {"resourceType": "AccessKey"},
                "createdAt": first_seen.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "updatedAt": first_seen.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            }
        return {}

    def list_findings(self, region, path, asked):
        archived = asked["findingCriteria"]["criterion"]["service.archived"]["equals"]
        return {"findingIds": sorted(self.findings[region, path.split("/")[2]]) if archived == ["false"] else []}

    def get_findings(self, region, path, asked):
        known = self.findings[region, path.split("/")[2]]
        return {"findings": [known[ident] for ident in asked["findingIds"]]}

    # --- Systems Manager ---------------------------------------------------------------------------------------------

    def put_inventory(self, region, path, asked):
        for item in asked["Items"]:
            self.inventory[region].setdefault(asked["InstanceId"], {})[item["TypeName"]] = item
        return {"Message": "Inventory was added"}

    def get_inventory(self, region, path, _):
        return {"Entities": [{"Id": ident, "Data": data} for ident, data in sorted(self.inventory[region].items())]}

    def put_compliance_items(self, region, path, asked):
        items = asked["Items"]
        summaries = {}
        for status, summary in [("COMPLIANT", "Compliant"), ("NON_COMPLIANT", "NonCompliant")]:
            severities = collections.Counter(item["Severity"] for item in items if item["Status"] == status)
            summaries[f"{summary}Summary"] = {
                f"{summary}Count": severities.total(),
                "SeveritySummary": {f"{word.title()}Count": severities[word] for word in SEVERITIES},
            }
        open_items = [item["Severity"] for item in items if item["Status"] == "NON_COMPLIANT"]
        self.compliance[region][asked["ComplianceType"], asked["ResourceId"]] = {
            "ComplianceType": asked["ComplianceType"],
            "ResourceType": asked["ResourceType"],
            "ResourceId": asked["ResourceId"],
            "Status": "NON_COMPLIANT" if open_items else "COMPLIANT",
            "OverallSeverity": min(open_items, key=SEVERITIES.index, default="UNSPECIFIED"),
            "ExecutionSummary": asked["ExecutionSummary"],
            **summaries,
        }
        return {}

    def list_resource_compliance_summaries(self, region, path, asked):
        wanted = {value for one in asked["Filters"] if one["Key"] == "ComplianceType" for value in one["Values"]}
        known = sorted(self.compliance[region].items())
        return {"ResourceComplianceSummaryItems": [item for (kind, _), item in known if kind in wanted]}


# The types that AWS Backup knows by 2026, as it spells them, as far as the tests have them.
KINDS = ["Aurora", "DocumentDB", "DynamoDB", "EBS", "EC2", "EFS", "Neptune", "RDS", "S3"]

# The worst first.
SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNSPECIFIED"]
