-- What the app tells people: the ledger of messages, their recipients, the
-- cards with their response codes, and how fast each member was written to.

CREATE TABLE sent_messages (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  app             TEXT NOT NULL,
  purpose         TEXT NOT NULL,
  subject_kind    TEXT NOT NULL,
  subject_id      INTEGER NOT NULL,
  text            TEXT   NOT NULL,
  card_kind       TEXT NOT NULL,
  card_id         INTEGER NOT NULL,
  important       BOOLEAN NOT NULL DEFAULT 0,
  asks            BOOLEAN NOT NULL DEFAULT 0,
  prompt          BOOLEAN NOT NULL DEFAULT 0,
  unique_key      TEXT,
  state           TEXT NOT NULL,
  body            BLOB,
  tried_since     DATETIME,
  digest_id       INTEGER NOT NULL,
  msg_id          TEXT NOT NULL,
  error_code      INTEGER NOT NULL,
  created_at      DATETIME NOT NULL,
  sent_at         DATETIME,
  UNIQUE (unique_key)
);

CREATE INDEX sent_messages_subject ON sent_messages (subject_kind, subject_id, id);

CREATE TABLE sent_recipients (
  message_id      INTEGER NOT NULL,
  member_id       INTEGER NOT NULL,
  user_id         TEXT NOT NULL,
  state           TEXT NOT NULL,
  PRIMARY KEY (message_id, member_id)
);

CREATE INDEX sent_recipients_member ON sent_recipients (member_id, message_id);

CREATE TABLE cards (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  app             TEXT NOT NULL,
  task_id         TEXT NOT NULL,
  message_id      INTEGER NOT NULL,
  kind            TEXT NOT NULL,
  subject_kind    TEXT NOT NULL,
  subject_id      INTEGER NOT NULL,
  phase           INTEGER NOT NULL,
  open            BOOLEAN NOT NULL DEFAULT 0,
  dirty           BOOLEAN NOT NULL DEFAULT 0,
  created_at      DATETIME NOT NULL,
  UNIQUE (app, task_id)
);

CREATE INDEX cards_subject ON cards (subject_kind, subject_id, id);

CREATE TABLE card_codes (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  card_id         INTEGER NOT NULL,
  code            TEXT NOT NULL,
  got_at          DATETIME NOT NULL,
  spent_at        DATETIME
);

CREATE INDEX card_codes_card ON card_codes (card_id, spent_at, id);

CREATE TABLE paces (
  app             TEXT NOT NULL,
  member_id       INTEGER NOT NULL,
  recent          TEXT   NOT NULL,
  PRIMARY KEY (app, member_id)
);
