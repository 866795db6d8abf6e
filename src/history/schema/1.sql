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

-- One type in one account and region. `first` and `last` are the times of the first and the last look at it.
CREATE TABLE place (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES word (id),
    region INTEGER NOT NULL REFERENCES word (id),
    type INTEGER NOT NULL REFERENCES word (id),
    first INTEGER NOT NULL,
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
