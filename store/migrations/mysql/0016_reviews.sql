-- The quarterly review of roles and permissions, and when permissions were used.

CREATE TABLE reviews (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number          VARCHAR(32) NOT NULL,
  quarter         VARCHAR(16) NOT NULL,
  state           VARCHAR(16) NOT NULL,
  app             VARCHAR(64) NOT NULL,
  phase           BIGINT NOT NULL,
  due_at          DATETIME(3) NOT NULL,
  overdue_at      DATETIME(3),
  completed_at    DATETIME(3),
  created_at      DATETIME(3) NOT NULL,
  version         BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE UNIQUE INDEX reviews_number ON reviews (number);

CREATE UNIQUE INDEX reviews_quarter ON reviews (quarter);

CREATE TABLE review_rows (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  review_id       BIGINT NOT NULL,
  number          VARCHAR(32) NOT NULL,
  kind            VARCHAR(16) NOT NULL,
  role            VARCHAR(64) NOT NULL,
  title           VARCHAR(64) NOT NULL,
  holders         BIGINT NOT NULL,
  findings        BIGINT NOT NULL,
  uses            TEXT NOT NULL,
  proposal        VARCHAR(64) NOT NULL,
  result          VARCHAR(16) NOT NULL,
  measure         VARCHAR(255) NOT NULL,
  marked_by       BIGINT NOT NULL,
  marked_at       DATETIME(3),
  created_at      DATETIME(3) NOT NULL,
  version         BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE UNIQUE INDEX review_rows_number ON review_rows (number);

CREATE UNIQUE INDEX review_rows_role ON review_rows (review_id, kind, role);

CREATE TABLE review_findings (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  row_id          BIGINT NOT NULL,
  kind            VARCHAR(16) NOT NULL,
  member_id       BIGINT NOT NULL,
  text            VARCHAR(255) NOT NULL,
  holding_kind    VARCHAR(16) NOT NULL,
  holding_id      BIGINT NOT NULL,
  unique_key      VARCHAR(190) NOT NULL,
  state           VARCHAR(16) NOT NULL,
  change_id       BIGINT NOT NULL,
  created_at      DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE UNIQUE INDEX review_findings_unique ON review_findings (row_id, unique_key);

CREATE INDEX review_findings_state ON review_findings (row_id, state, id);

CREATE INDEX review_findings_change ON review_findings (change_id);

CREATE TABLE permission_uses (
  member_id       BIGINT NOT NULL,
  permission      VARCHAR(128) NOT NULL,
  used_at         DATETIME(3) NOT NULL,
  PRIMARY KEY (member_id, permission)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
