-- Who works here: the mirror of the company's contacts as the app may see them.

CREATE TABLE members (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  userid          TEXT NOT NULL,
  userid_fold     TEXT NOT NULL,
  name            TEXT NOT NULL,
  name_fold       TEXT NOT NULL,
  position        TEXT NOT NULL,
  main_department INTEGER NOT NULL,
  leader_userid   TEXT NOT NULL,
  status          TEXT NOT NULL,
  visible         BOOLEAN NOT NULL DEFAULT 0,
  synced_at       DATETIME,
  created_at      DATETIME NOT NULL,
  updated_at      DATETIME NOT NULL,
  version         INTEGER NOT NULL,
  UNIQUE (userid_fold)
);

CREATE INDEX members_name ON members (name_fold);

CREATE INDEX members_leader ON members (leader_userid);

CREATE TABLE departments (
  id              INTEGER NOT NULL,
  parent_id       INTEGER NOT NULL,
  name            TEXT NOT NULL,
  name_fold       TEXT NOT NULL,
  sort_order      INTEGER NOT NULL,
  gone            BOOLEAN NOT NULL DEFAULT 0,
  updated_at      DATETIME NOT NULL,
  PRIMARY KEY (id)
);

CREATE INDEX departments_name ON departments (name_fold);

CREATE TABLE memberships (
  member_id       INTEGER NOT NULL,
  department_id   INTEGER NOT NULL,
  is_leader       BOOLEAN NOT NULL DEFAULT 0,
  position        INTEGER NOT NULL,
  PRIMARY KEY (member_id, department_id)
);

CREATE INDEX memberships_department ON memberships (department_id, is_leader);
