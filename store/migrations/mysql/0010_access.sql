-- Who holds which role and permission beside the base set, what was forbidden,
-- and how that changed (guide S02, F-13).

CREATE TABLE role_bindings (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id   BIGINT NOT NULL,
  role        VARCHAR(64) NOT NULL,
  object      VARCHAR(64) NOT NULL,
  source      VARCHAR(16) NOT NULL,
  state       VARCHAR(16) NOT NULL,
  change_id   BIGINT NOT NULL,
  case_number VARCHAR(64) NOT NULL,
  by_id       BIGINT NOT NULL,
  expires_at  DATETIME(3),
  created_at  DATETIME(3) NOT NULL,
  ended_at    DATETIME(3),
  ended_by    BIGINT NOT NULL,
  ended_why   VARCHAR(255) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX role_bindings_member ON role_bindings (member_id, state);

CREATE INDEX role_bindings_role ON role_bindings (role, state, member_id);

CREATE INDEX role_bindings_change ON role_bindings (change_id);

CREATE TABLE permission_grants (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id   BIGINT NOT NULL,
  permission  VARCHAR(128) NOT NULL,
  object      VARCHAR(64) NOT NULL,
  starts_at   DATETIME(3) NOT NULL,
  ends_at     DATETIME(3) NOT NULL,
  case_number VARCHAR(64) NOT NULL,
  reason      VARCHAR(255) NOT NULL,
  by_id       BIGINT NOT NULL,
  created_at  DATETIME(3) NOT NULL,
  ended_at    DATETIME(3),
  ended_by    BIGINT NOT NULL,
  ended_why   VARCHAR(255) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX permission_grants_member ON permission_grants (member_id, ended_at);

CREATE INDEX permission_grants_permission ON permission_grants (permission, ended_at);

CREATE TABLE permission_denies (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id   BIGINT NOT NULL,
  permission  VARCHAR(128) NOT NULL,
  object      VARCHAR(64) NOT NULL,
  reason      VARCHAR(255) NOT NULL,
  by_id       BIGINT NOT NULL,
  created_at  DATETIME(3) NOT NULL,
  ended_at    DATETIME(3),
  ended_by    BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX permission_denies_member ON permission_denies (member_id, ended_at);

CREATE TABLE permission_changes (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number      VARCHAR(32) NOT NULL,
  member_id   BIGINT NOT NULL,
  kind        VARCHAR(16) NOT NULL,
  reason      VARCHAR(255) NOT NULL,
  event_key   VARCHAR(190) NOT NULL,
  before_set  MEDIUMTEXT NOT NULL,
  after_set   MEDIUMTEXT NOT NULL,
  added       MEDIUMTEXT NOT NULL,
  removed     MEDIUMTEXT NOT NULL,
  kept        MEDIUMTEXT NOT NULL,
  state       VARCHAR(16) NOT NULL,
  by_id       BIGINT NOT NULL,
  decided_by  BIGINT NOT NULL,
  decided_at  DATETIME(3),
  phase       BIGINT NOT NULL,
  created_at  DATETIME(3) NOT NULL,
  version     BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE UNIQUE INDEX permission_changes_number ON permission_changes (number);

CREATE INDEX permission_changes_member ON permission_changes (member_id, id);

CREATE INDEX permission_changes_state ON permission_changes (state, id);
