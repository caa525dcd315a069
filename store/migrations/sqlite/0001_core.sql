-- What the backbone itself keeps: what came in, what was refused, which
-- numbers are used up, who did what, which processes run, which rules hold.
--
-- Instants are DATETIME: here an integer of UTC milliseconds since 1970, which
-- the driver turns into time.Time and back because of the declared type (the
-- MySQL twin is DATETIME(3)). Both round-trip a UTC millisecond exactly and
-- cut what is finer. Booleans are BOOLEAN. Every statement ends with a
-- semicolon at the end of a line.

CREATE TABLE deliveries (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_key TEXT     NOT NULL UNIQUE,
  receiver     TEXT     NOT NULL,
  app          TEXT     NOT NULL,
  kind         TEXT     NOT NULL,
  userid       TEXT     NOT NULL,
  raw          BLOB,
  event_at     DATETIME NOT NULL,
  received_at  DATETIME NOT NULL,
  state        TEXT     NOT NULL,
  failure      TEXT     NOT NULL DEFAULT '',
  reply_kind   TEXT     NOT NULL,
  reply        BLOB,
  answered     BOOLEAN  NOT NULL DEFAULT 0
);

CREATE TABLE numbers (
  prefix TEXT    NOT NULL,
  day    TEXT    NOT NULL,
  last   INTEGER NOT NULL,
  PRIMARY KEY (prefix, day)
);

CREATE TABLE audit (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  at           DATETIME NOT NULL,
  actor        INTEGER  NOT NULL,
  action       TEXT     NOT NULL,
  subject_kind TEXT     NOT NULL,
  subject_id   INTEGER  NOT NULL,
  source       TEXT     NOT NULL,
  event_key    TEXT     NOT NULL,
  detail       TEXT     NOT NULL,
  hash         TEXT
);

CREATE INDEX audit_subject ON audit (subject_kind, subject_id, id);

CREATE TABLE audit_seals (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  day       TEXT     NOT NULL UNIQUE,
  last_id   INTEGER  NOT NULL,
  entries   INTEGER  NOT NULL,
  hash      TEXT     NOT NULL,
  sealed_at DATETIME NOT NULL
);

CREATE TABLE refusals (
  day      TEXT     NOT NULL,
  receiver TEXT     NOT NULL,
  reason   TEXT     NOT NULL,
  times    INTEGER  NOT NULL,
  last_at  DATETIME NOT NULL,
  PRIMARY KEY (day, receiver, reason)
);

CREATE TABLE replicas (
  id          TEXT     NOT NULL PRIMARY KEY,
  name        TEXT     NOT NULL,
  spool_depth INTEGER  NOT NULL,
  skew_ms     INTEGER  NOT NULL,
  seen_at     DATETIME NOT NULL
);

CREATE TABLE rulebooks (
  version      INTEGER PRIMARY KEY AUTOINCREMENT,
  body         TEXT     NOT NULL,
  state        TEXT     NOT NULL,
  created_at   DATETIME NOT NULL,
  effective_at DATETIME,
  approved_by  INTEGER
);

CREATE TABLE settings (
  name       TEXT     NOT NULL PRIMARY KEY,
  value      TEXT     NOT NULL,
  updated_at DATETIME NOT NULL
);
