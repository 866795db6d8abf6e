-- Times are milliseconds since 1970, UTC. An interval holds its start and does not hold its stop; without a stop it is
-- still open.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Accounts, regions, types, rules: words that occur everywhere.
CREATE TABLE word (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);

-- One type in one account and region. `last` is the time of the last look at it.
CREATE TABLE place (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES word (id),
    region INTEGER NOT NULL REFERENCES word (id),
    type INTEGER NOT NULL REFERENCES word (id),
    last INTEGER,
    UNIQUE (account, region, type)
);

-- Name and ARN are the last known ones: to find it by.
CREATE TABLE resource (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL REFERENCES place (id),
    resource_id TEXT NOT NULL,
    name TEXT,
    arn TEXT,
    UNIQUE (place, resource_id)
);
CREATE INDEX resource_id ON resource (resource_id);
CREATE INDEX resource_name ON resource (name) WHERE name IS NOT NULL;
CREATE INDEX resource_arn ON resource (arn) WHERE arn IS NOT NULL;

-- What AWS says of resources, once for each distinct content: the digest is of the canonical form, the body is JSON,
-- compressed by zlib.
CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    md5 BLOB NOT NULL,
    body BLOB NOT NULL
);

-- Other texts, once for each distinct one: what snapshots are of, what could not be read. JSON, compressed by zlib.
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL
);

-- Sets of facts that are not known, with the reasons. JSON in plain text, for the view.
CREATE TABLE unknown (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    body TEXT NOT NULL
);

-- What was the case with a resource from when to when: its content as last known, and what of it is not known at that
-- time. The content has been the same since `since`. `origin` holds what AWS Config itself said of the version, for
-- items that come from there.
CREATE TABLE span (
    resource INTEGER NOT NULL REFERENCES resource (id),
    start INTEGER NOT NULL,
    stop INTEGER,
    since INTEGER NOT NULL,
    content INTEGER NOT NULL REFERENCES content (id),
    unknown INTEGER REFERENCES unknown (id),
    origin TEXT,
    PRIMARY KEY (resource, start)
) WITHOUT ROWID;

-- Whether the list of a place was complete, from when to when; `gap` is the reason why not, as JSON.
CREATE TABLE listing (
    place INTEGER NOT NULL REFERENCES place (id),
    start INTEGER NOT NULL,
    stop INTEGER,
    gap TEXT,
    PRIMARY KEY (place, start)
) WITHOUT ROWID;

-- One look at accounts. `about`: what it was of; `coverage`: where it looked, and what it could not see there.
CREATE TABLE snapshot (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    captured_at TEXT NOT NULL,
    duration_ms INTEGER NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    about INTEGER NOT NULL REFERENCES document (id),
    requests INTEGER NOT NULL REFERENCES document (id),
    coverage INTEGER NOT NULL REFERENCES document (id),
    items INTEGER NOT NULL,
    gaps INTEGER NOT NULL
);
CREATE INDEX snapshot_time ON snapshot (time);

-- A set of rules as it was run: a document of JSON that lists the documents of the rules, with their parameters.
CREATE TABLE rule_set (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    rules INTEGER NOT NULL REFERENCES document (id)
);

-- That a snapshot was judged; `errors` is the document of the rules that broke.
CREATE TABLE judgement (
    snapshot INTEGER NOT NULL REFERENCES snapshot (id),
    rule_set INTEGER NOT NULL REFERENCES rule_set (id),
    errors INTEGER NOT NULL REFERENCES document (id),
    PRIMARY KEY (snapshot, rule_set)
) WITHOUT ROWID;

-- What a rule said of a resource from when to when. A resource with an empty id stands for a place of which it was not
-- known which resources there are. Annotation, gap and exemption (JSON) are words, as few are said often.
CREATE TABLE verdict (
    resource INTEGER NOT NULL REFERENCES resource (id),
    rule INTEGER NOT NULL REFERENCES word (id),
    key TEXT NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER,
    compliance INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    annotation INTEGER REFERENCES word (id),
    gap INTEGER REFERENCES word (id),
    exemption INTEGER REFERENCES word (id),
    PRIMARY KEY (resource, rule, key, start)
) WITHOUT ROWID;

-- Single versions from AWS Config: seen at this time, whatever else was looked at. Without a content the resource was
-- gone.
CREATE TABLE imported (
    resource INTEGER NOT NULL REFERENCES resource (id),
    time INTEGER NOT NULL,
    content INTEGER REFERENCES content (id),
    unknown INTEGER REFERENCES unknown (id),
    origin TEXT,
    PRIMARY KEY (resource, time)
) WITHOUT ROWID;

-- The CloudTrail events that were found for a change of a resource: `time` is when the change was seen, `body` the event
-- as JSON.
CREATE TABLE related_event (
    resource INTEGER NOT NULL REFERENCES resource (id),
    time INTEGER NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (resource, time, event)
) WITHOUT ROWID;

-- What waits to be delivered, in its order: a message (JSON) for a channel, or a file for the bucket with the messages that
-- are sent once it is there.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    name TEXT,
    body BLOB
);

-- The views: what others may rely on. Times as in AWS Config's items.

CREATE VIEW snapshots AS
SELECT s.id, s.captured_at, s.items, s.gaps,
    (SELECT lower(hex(r.digest)) FROM judgement j JOIN rule_set r ON r.id = j.rule_set WHERE j.snapshot = s.id
        ORDER BY j.rule_set DESC LIMIT 1) AS rule_set
FROM snapshot s;

CREATE VIEW versions AS
SELECT a.text AS account_id, g.text AS region, t.text AS resource_type, r.resource_id, r.name, r.arn,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.start / 1000.0, 'unixepoch') AS valid_from,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.stop / 1000.0, 'unixepoch') AS valid_to,
    lower(hex(c.digest)) AS digest, lower(hex(c.md5)) AS md5, c.body
FROM span s JOIN resource r ON r.id = s.resource JOIN place p ON p.id = r.place
    JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
    JOIN content c ON c.id = s.content;

CREATE VIEW items AS
SELECT account_id, region, resource_type, resource_id, name, arn, valid_from, digest, md5, body
FROM versions WHERE valid_to IS NULL;

CREATE VIEW evaluations AS
SELECT w.text AS rule, a.text AS account_id, g.text AS region, t.text AS resource_type, r.resource_id, v.key,
    CASE v.compliance WHEN 0 THEN 'COMPLIANT' WHEN 1 THEN 'NON_COMPLIANT' WHEN 2 THEN 'NOT_APPLICABLE'
        ELSE 'INSUFFICIENT_DATA' END AS compliance_type,
    CASE v.severity WHEN 0 THEN 'informational' WHEN 1 THEN 'low' WHEN 2 THEN 'medium' WHEN 3 THEN 'high'
        ELSE 'critical' END AS severity,
    n.text AS annotation, json_extract(m.text, '$.state') AS exemption,
    strftime('%Y-%m-%dT%H:%M:%fZ', v.start / 1000.0, 'unixepoch') AS valid_from,
    strftime('%Y-%m-%dT%H:%M:%fZ', v.stop / 1000.0, 'unixepoch') AS valid_to
FROM verdict v JOIN resource r ON r.id = v.resource JOIN place p ON p.id = r.place
    JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
    JOIN word w ON w.id = v.rule LEFT JOIN word n ON n.id = v.annotation
    LEFT JOIN word m ON m.id = v.exemption;

CREATE VIEW gaps AS
SELECT a.text AS account_id, g.text AS region, t.text AS resource_type, NULL AS resource_id, NULL AS path,
    json_extract(l.gap, '$.operation') AS operation, json_extract(l.gap, '$.action') AS action,
    json_extract(l.gap, '$.code') AS code, json_extract(l.gap, '$.message') AS message,
    strftime('%Y-%m-%dT%H:%M:%fZ', l.start / 1000.0, 'unixepoch') AS valid_from,
    strftime('%Y-%m-%dT%H:%M:%fZ', l.stop / 1000.0, 'unixepoch') AS valid_to
FROM listing l JOIN place p ON p.id = l.place
    JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
WHERE l.gap IS NOT NULL
UNION ALL
SELECT DISTINCT a.text, g.text, t.text, r.resource_id, iif(kind.key = 'links', '/relationships', e.key),
    json_extract(e.value, '$.operation'), json_extract(e.value, '$.action'),
    json_extract(e.value, '$.code'), json_extract(e.value, '$.message'),
    strftime('%Y-%m-%dT%H:%M:%fZ', s.start / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', s.stop / 1000.0, 'unixepoch')
FROM span s JOIN unknown u ON u.id = s.unknown, json_each(u.body) kind, json_each(kind.value) e
    JOIN resource r ON r.id = s.resource JOIN place p ON p.id = r.place
    JOIN word a ON a.id = p.account JOIN word g ON g.id = p.region JOIN word t ON t.id = p.type
WHERE json_extract(e.value, '$.code') NOT IN ('NotCollected', 'NotRecorded');
