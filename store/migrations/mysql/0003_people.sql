-- Who works here: the mirror of the company's contacts as the app may see them.

CREATE TABLE members (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  userid          VARCHAR(128) NOT NULL,
  userid_fold     VARCHAR(128) NOT NULL,
  name            VARCHAR(128) NOT NULL,
  name_fold       VARCHAR(128) NOT NULL,
  position        VARCHAR(128) NOT NULL,
  main_department BIGINT NOT NULL,
  leader_userid   VARCHAR(128) NOT NULL,
  status          VARCHAR(16) NOT NULL,
  visible         BOOLEAN NOT NULL DEFAULT 0,
  synced_at       DATETIME(3),
  created_at      DATETIME(3) NOT NULL,
  updated_at      DATETIME(3) NOT NULL,
  version         BIGINT NOT NULL,
  UNIQUE (userid_fold)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX members_name ON members (name_fold);

CREATE INDEX members_leader ON members (leader_userid);

CREATE TABLE departments (
  id              BIGINT NOT NULL,
  parent_id       BIGINT NOT NULL,
  name            VARCHAR(128) NOT NULL,
  name_fold       VARCHAR(128) NOT NULL,
  sort_order      BIGINT NOT NULL,
  gone            BOOLEAN NOT NULL DEFAULT 0,
  updated_at      DATETIME(3) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX departments_name ON departments (name_fold);

CREATE TABLE memberships (
  member_id       BIGINT NOT NULL,
  department_id   BIGINT NOT NULL,
  is_leader       BOOLEAN NOT NULL DEFAULT 0,
  position        BIGINT NOT NULL,
  PRIMARY KEY (member_id, department_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX memberships_department ON memberships (department_id, is_leader);
