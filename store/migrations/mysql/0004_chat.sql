-- What chat remembers of each member's conversation, and what members sent
-- that was not text.

CREATE TABLE conversations (
  id         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id  BIGINT      NOT NULL,
  app        VARCHAR(64) NOT NULL,
  state      MEDIUMTEXT  NOT NULL,
  greeted_at DATETIME(3),
  expires_at DATETIME(3),
  updated_at DATETIME(3) NOT NULL,
  version    BIGINT      NOT NULL,
  UNIQUE (member_id, app)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX conversations_expires ON conversations (expires_at);

CREATE TABLE attachments (
  id           BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
  delivery_id  BIGINT        NOT NULL,
  member_id    BIGINT        NOT NULL,
  app          VARCHAR(64)   NOT NULL,
  kind         VARCHAR(32)   NOT NULL,
  media_id     VARCHAR(512)  NOT NULL,
  name         VARCHAR(500)  NOT NULL,
  url          VARCHAR(2048) NOT NULL,
  description  VARCHAR(2000) NOT NULL,
  latitude     DOUBLE        NOT NULL,
  longitude    DOUBLE        NOT NULL,
  subject_kind VARCHAR(32)   NOT NULL,
  subject_id   BIGINT        NOT NULL,
  path         VARCHAR(500)  NOT NULL,
  sha256       VARCHAR(64)   NOT NULL,
  size         BIGINT        NOT NULL,
  created_at   DATETIME(3)   NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX attachments_subject ON attachments (subject_kind, subject_id, id);
