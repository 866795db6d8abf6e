-- What waits to be delivered, in its order: a message (JSON) for a channel, or a file for the bucket with the messages that
-- are sent once it is there.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    name TEXT,
    body BLOB
);
