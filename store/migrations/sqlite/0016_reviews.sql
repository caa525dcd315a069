-- The quarterly review of roles and permissions, and when permissions were used.

CREATE TABLE reviews (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  number          TEXT NOT NULL,
  quarter         TEXT NOT NULL,
  state           TEXT NOT NULL,
  app             TEXT NOT NULL,
  phase           INTEGER NOT NULL,
  due_at          DATETIME NOT NULL,
  overdue_at      DATETIME,
  completed_at    DATETIME,
  created_at      DATETIME NOT NULL,
  version         INTEGER NOT NULL
);

CREATE UNIQUE INDEX reviews_number ON reviews (number);

CREATE UNIQUE INDEX reviews_quarter ON reviews (quarter);

CREATE TABLE review_rows (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  review_id       INTEGER NOT NULL,
  number          TEXT NOT NULL,
  kind            TEXT NOT NULL,
  role            TEXT NOT NULL,
  title           TEXT NOT NULL,
  holders         INTEGER NOT NULL,
  findings        INTEGER NOT NULL,
  uses            TEXT NOT NULL,
  proposal        TEXT NOT NULL,
  result          TEXT NOT NULL,
  measure         TEXT NOT NULL,
  marked_by       INTEGER NOT NULL,
  marked_at       DATETIME,
  created_at      DATETIME NOT NULL,
  version         INTEGER NOT NULL
);

CREATE UNIQUE INDEX review_rows_number ON review_rows (number);

CREATE UNIQUE INDEX review_rows_role ON review_rows (review_id, kind, role);

CREATE TABLE review_findings (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  row_id          INTEGER NOT NULL,
  kind            TEXT NOT NULL,
  member_id       INTEGER NOT NULL,
  text            TEXT NOT NULL,
  holding_kind    TEXT NOT NULL,
  holding_id      INTEGER NOT NULL,
  unique_key      TEXT NOT NULL,
  state           TEXT NOT NULL,
  change_id       INTEGER NOT NULL,
  created_at      DATETIME NOT NULL
);

CREATE UNIQUE INDEX review_findings_unique ON review_findings (row_id, unique_key);

CREATE INDEX review_findings_state ON review_findings (row_id, state, id);

CREATE INDEX review_findings_change ON review_findings (change_id);

CREATE TABLE permission_uses (
  member_id       INTEGER NOT NULL,
  permission      TEXT NOT NULL,
  used_at         DATETIME NOT NULL,
  PRIMARY KEY (member_id, permission)
);
