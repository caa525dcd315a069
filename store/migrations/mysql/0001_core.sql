-- What the backbone itself keeps: what came in, what was refused, which
-- numbers are used up, who did what, which processes run, which rules hold.
--
-- The twin of sqlite/0001_core.sql. Instants are DATETIME(3) in UTC. Every
-- table names its engine and collation, because the database's own default
-- would make 😀 equal 👍 and fold case-sensitive codes.

CREATE TABLE deliveries (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  delivery_key VARCHAR(190) NOT NULL UNIQUE,
  receiver     VARCHAR(64)  NOT NULL,
  app          VARCHAR(64)  NOT NULL,
  kind         VARCHAR(64)  NOT NULL,
  userid       VARCHAR(128) NOT NULL,
  raw          MEDIUMBLOB,
  event_at     DATETIME(3)  NOT NULL,
  received_at  DATETIME(3)  NOT NULL,
  state        VARCHAR(16)  NOT NULL,
  failure      VARCHAR(500) NOT NULL DEFAULT '',
  reply_kind   VARCHAR(16)  NOT NULL,
  reply        MEDIUMBLOB,
  answered     BOOLEAN      NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE numbers (
  prefix VARCHAR(16) NOT NULL,
  day    VARCHAR(8)  NOT NULL,
  last   BIGINT      NOT NULL,
  PRIMARY KEY (prefix, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE audit (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at           DATETIME(3)  NOT NULL,
  actor        BIGINT       NOT NULL,
  action       VARCHAR(64)  NOT NULL,
  subject_kind VARCHAR(32)  NOT NULL,
  subject_id   BIGINT       NOT NULL,
  source       VARCHAR(16)  NOT NULL,
  event_key    VARCHAR(190) NOT NULL,
  detail       MEDIUMTEXT   NOT NULL,
  hash         VARCHAR(64)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX audit_subject ON audit (subject_kind, subject_id, id);

CREATE TABLE audit_seals (
  id        BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  day       VARCHAR(8)  NOT NULL UNIQUE,
  last_id   BIGINT      NOT NULL,
  entries   BIGINT      NOT NULL,
  hash      VARCHAR(64) NOT NULL,
  sealed_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE refusals (
  day      VARCHAR(8)  NOT NULL,
  receiver VARCHAR(64) NOT NULL,
  reason   VARCHAR(64) NOT NULL,
  times    BIGINT      NOT NULL,
  last_at  DATETIME(3) NOT NULL,
  PRIMARY KEY (day, receiver, reason)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE replicas (
  id          VARCHAR(64)  NOT NULL PRIMARY KEY,
  name        VARCHAR(190) NOT NULL,
  spool_depth BIGINT       NOT NULL,
  skew_ms     BIGINT       NOT NULL,
  seen_at     DATETIME(3)  NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE rulebooks (
  version      BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  body         MEDIUMTEXT  NOT NULL,
  state        VARCHAR(16) NOT NULL,
  created_at   DATETIME(3) NOT NULL,
  effective_at DATETIME(3),
  approved_by  BIGINT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE settings (
  name       VARCHAR(190) NOT NULL PRIMARY KEY,
  value      MEDIUMTEXT   NOT NULL,
  updated_at DATETIME(3)  NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
