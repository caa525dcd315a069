-- Questions the app asked with buttons: what their cards show, and what became
-- of them.

CREATE TABLE questions (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id   BIGINT       NOT NULL,
  app         VARCHAR(64)  NOT NULL,
  phase       BIGINT       NOT NULL,
  delivery_id BIGINT       NOT NULL,
  title       VARCHAR(255) NOT NULL,
  body        TEXT         NOT NULL,
  options     TEXT         NOT NULL,
  choice      VARCHAR(255) NOT NULL,
  closed_at   DATETIME(3),
  expires_at  DATETIME(3)  NOT NULL,
  created_at  DATETIME(3)  NOT NULL,
  UNIQUE (member_id, app, phase)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX questions_created ON questions (created_at);
