-- Who holds which role and permission beside the base set, what was forbidden,
-- and how that changed (guide S02, F-13).

CREATE TABLE role_bindings (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id   INTEGER NOT NULL,
  role        TEXT NOT NULL,
  object      TEXT NOT NULL,
  source      TEXT NOT NULL,
  state       TEXT NOT NULL,
  change_id   INTEGER NOT NULL,
  case_number TEXT NOT NULL,
  by_id       INTEGER NOT NULL,
  expires_at  DATETIME,
  created_at  DATETIME NOT NULL,
  ended_at    DATETIME,
  ended_by    INTEGER NOT NULL,
  ended_why   TEXT NOT NULL
);

CREATE INDEX role_bindings_member ON role_bindings (member_id, state);

CREATE INDEX role_bindings_role ON role_bindings (role, state, member_id);

CREATE INDEX role_bindings_change ON role_bindings (change_id);

CREATE TABLE permission_grants (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id   INTEGER NOT NULL,
  permission  TEXT NOT NULL,
  object      TEXT NOT NULL,
  starts_at   DATETIME NOT NULL,
  ends_at     DATETIME NOT NULL,
  case_number TEXT NOT NULL,
  reason      TEXT NOT NULL,
  by_id       INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  ended_at    DATETIME,
  ended_by    INTEGER NOT NULL,
  ended_why   TEXT NOT NULL
);

CREATE INDEX permission_grants_member ON permission_grants (member_id, ended_at);

CREATE INDEX permission_grants_permission ON permission_grants (permission, ended_at);

CREATE TABLE permission_denies (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id   INTEGER NOT NULL,
  permission  TEXT NOT NULL,
  object      TEXT NOT NULL,
  reason      TEXT NOT NULL,
  by_id       INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  ended_at    DATETIME,
  ended_by    INTEGER NOT NULL
);

CREATE INDEX permission_denies_member ON permission_denies (member_id, ended_at);

CREATE TABLE permission_changes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  number      TEXT NOT NULL,
  member_id   INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  reason      TEXT NOT NULL,
  event_key   TEXT NOT NULL,
  before_set  TEXT NOT NULL,
  after_set   TEXT NOT NULL,
  added       TEXT NOT NULL,
  removed     TEXT NOT NULL,
  kept        TEXT NOT NULL,
  state       TEXT NOT NULL,
  by_id       INTEGER NOT NULL,
  decided_by  INTEGER NOT NULL,
  decided_at  DATETIME,
  phase       INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  version     INTEGER NOT NULL
);

CREATE UNIQUE INDEX permission_changes_number ON permission_changes (number);

CREATE INDEX permission_changes_member ON permission_changes (member_id, id);

CREATE INDEX permission_changes_state ON permission_changes (state, id);
