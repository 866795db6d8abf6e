"""Loads an export into a table of the form that AWS documents for AWS Config's files in Athena, and says what it holds.

The table is the one of AWS's article on AWS Config and Athena: `fileversion`, `configsnapshotid` and `configurationitems`,
an array of structs. Athena's STRING over a JSON object is the object's text, and its JSON reader takes one document a line;
both are the same here.
"""

import json
import sys

import duckdb

ITEM = {
    "configurationItemVersion": "VARCHAR",
    "configurationItemCaptureTime": "VARCHAR",
    "configurationStateId": "BIGINT",
    "awsAccountId": "VARCHAR",
    "configurationItemStatus": "VARCHAR",
    "resourceType": "VARCHAR",
    "resourceId": "VARCHAR",
    "resourceName": "VARCHAR",
    "ARN": "VARCHAR",
    "awsRegion": "VARCHAR",
    "availabilityZone": "VARCHAR",
    "configurationStateMd5Hash": "VARCHAR",
    "configuration": "VARCHAR",
    "supplementaryConfiguration": "MAP(VARCHAR, VARCHAR)",
    "tags": "MAP(VARCHAR, VARCHAR)",
    "resourceCreationTime": "VARCHAR",
}


def main(folder, layout):
    members = ", ".join(f'"{name}" {kind}' for name, kind in ITEM.items())
    database = duckdb.connect()
    if layout == "aws-config":
        columns = f"{{fileVersion: 'VARCHAR', configSnapshotId: 'VARCHAR', configurationItems: 'STRUCT({members})[]'}}"
        ending, rows = "json.gz", "SELECT filename, fileVersion, configSnapshotId, unnest(configurationItems) AS item FROM files"
    else:
        columns = "{" + ", ".join(f"\"{name}\": '{kind}'" for name, kind in ITEM.items()) + "}"
        names = ", ".join(f'"{name}" := "{name}"' for name in ITEM)
        ending, rows = "jsonl.gz", f"SELECT filename, NULL AS fileVersion, NULL AS configSnapshotId, struct_pack({names}) AS item FROM files"
    database.execute(
        f"CREATE TABLE files AS SELECT * FROM read_json('{folder}/AWSLogs/*/Config/*/*/*/*/*/*.{ending}', "
        f"format = 'newline_delimited', filename = true, hive_partitioning = false, columns = {columns})"
    )
    database.execute(f"CREATE VIEW items AS {rows}")
    found = database.execute(
        "SELECT item.resourceType, item.resourceId, item.awsRegion, item.awsAccountId, item.configurationItemStatus, "
        "item.configurationItemCaptureTime, item.configurationStateId, item.configuration, item.tags, "
        "item.supplementaryConfiguration, fileVersion, configSnapshotId, filename FROM items ORDER BY ALL"
    ).fetchall()
    names = [column[0] for column in database.description or []]
    json.dump([dict(zip(names, row)) for row in found], sys.stdout)


main(*sys.argv[1:])
