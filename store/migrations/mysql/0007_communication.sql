-- 沟通事项: what people ask and tell each other through the app, to whom, and
-- what became of it.

CREATE TABLE items (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number          VARCHAR(32) NOT NULL,
  kind            VARCHAR(16) NOT NULL,
  sender_id       BIGINT NOT NULL,
  app             VARCHAR(64) NOT NULL,
  importance      VARCHAR(16) NOT NULL,
  urgency         VARCHAR(16) NOT NULL,
  class           VARCHAR(16) NOT NULL,
  needs_reply     BOOLEAN NOT NULL DEFAULT 0,
  body            TEXT NOT NULL,
  topic           VARCHAR(64) NOT NULL,
  department      VARCHAR(128) NOT NULL,
  rule            VARCHAR(64) NOT NULL,
  rulebook        BIGINT NOT NULL,
  why             TEXT NOT NULL,
  state           VARCHAR(16) NOT NULL,
  phase           BIGINT NOT NULL,
  answered_at     DATETIME(3),
  closed_at       DATETIME(3),
  delivery_id     BIGINT NOT NULL,
  created_at      DATETIME(3) NOT NULL,
  version         BIGINT NOT NULL,
  UNIQUE (number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX items_sender ON items (sender_id, state, id);

CREATE INDEX items_created ON items (created_at);

CREATE TABLE item_parties (
  item_id         BIGINT NOT NULL,
  member_id       BIGINT NOT NULL,
  deputy_for      BIGINT NOT NULL,
  active          BOOLEAN NOT NULL DEFAULT 0,
  created_at      DATETIME(3) NOT NULL,
  PRIMARY KEY (item_id, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX item_parties_member ON item_parties (member_id, active, item_id);

CREATE TABLE item_entries (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  item_id         BIGINT NOT NULL,
  member_id       BIGINT NOT NULL,
  kind            VARCHAR(16) NOT NULL,
  text            TEXT NOT NULL,
  source          VARCHAR(16) NOT NULL,
  delivery_id     BIGINT NOT NULL,
  at              DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX item_entries_item ON item_entries (item_id, id);
