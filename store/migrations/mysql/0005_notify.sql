-- What the app tells people: the ledger of messages, their recipients, the
-- cards with their response codes, and how fast each member was written to.

CREATE TABLE sent_messages (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  app             VARCHAR(64) NOT NULL,
  purpose         VARCHAR(32) NOT NULL,
  subject_kind    VARCHAR(32) NOT NULL,
  subject_id      BIGINT NOT NULL,
  text            TEXT NOT NULL,
  card_kind       VARCHAR(32) NOT NULL,
  card_id         BIGINT NOT NULL,
  important       BOOLEAN NOT NULL DEFAULT 0,
  asks            BOOLEAN NOT NULL DEFAULT 0,
  prompt          BOOLEAN NOT NULL DEFAULT 0,
  unique_key      VARCHAR(190),
  state           VARCHAR(16) NOT NULL,
  body            MEDIUMBLOB,
  tried_since     DATETIME(3),
  digest_id       BIGINT NOT NULL,
  msg_id          VARCHAR(190) NOT NULL,
  error_code      BIGINT NOT NULL,
  created_at      DATETIME(3) NOT NULL,
  sent_at         DATETIME(3),
  UNIQUE (unique_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX sent_messages_subject ON sent_messages (subject_kind, subject_id, id);

CREATE TABLE sent_recipients (
  message_id      BIGINT NOT NULL,
  member_id       BIGINT NOT NULL,
  user_id         VARCHAR(128) NOT NULL,
  state           VARCHAR(16) NOT NULL,
  PRIMARY KEY (message_id, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX sent_recipients_member ON sent_recipients (member_id, message_id);

CREATE TABLE cards (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  app             VARCHAR(64) NOT NULL,
  task_id         VARCHAR(128) NOT NULL,
  message_id      BIGINT NOT NULL,
  kind            VARCHAR(32) NOT NULL,
  subject_kind    VARCHAR(32) NOT NULL,
  subject_id      BIGINT NOT NULL,
  phase           BIGINT NOT NULL,
  open            BOOLEAN NOT NULL DEFAULT 0,
  dirty           BOOLEAN NOT NULL DEFAULT 0,
  created_at      DATETIME(3) NOT NULL,
  UNIQUE (app, task_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX cards_subject ON cards (subject_kind, subject_id, id);

CREATE TABLE card_codes (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  card_id         BIGINT NOT NULL,
  code            VARCHAR(190) NOT NULL,
  got_at          DATETIME(3) NOT NULL,
  spent_at        DATETIME(3)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX card_codes_card ON card_codes (card_id, spent_at, id);

CREATE TABLE paces (
  app             VARCHAR(64) NOT NULL,
  member_id       BIGINT NOT NULL,
  recent          TEXT NOT NULL,
  PRIMARY KEY (app, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
