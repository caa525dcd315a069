-- What chat remembers of each member's conversation, and what members sent
-- that was not text.

CREATE TABLE conversations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id  INTEGER  NOT NULL,
  app        TEXT     NOT NULL,
  state      TEXT     NOT NULL,
  greeted_at DATETIME,
  expires_at DATETIME,
  updated_at DATETIME NOT NULL,
  version    INTEGER  NOT NULL,
  UNIQUE (member_id, app)
);

CREATE INDEX conversations_expires ON conversations (expires_at);

CREATE TABLE attachments (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id  INTEGER  NOT NULL,
  member_id    INTEGER  NOT NULL,
  app          TEXT     NOT NULL,
  kind         TEXT     NOT NULL,
  media_id     TEXT     NOT NULL,
  name         TEXT     NOT NULL,
  url          TEXT     NOT NULL,
  description  TEXT     NOT NULL,
  latitude     DOUBLE   NOT NULL,
  longitude    DOUBLE   NOT NULL,
  subject_kind TEXT     NOT NULL,
  subject_id   INTEGER  NOT NULL,
  path         TEXT     NOT NULL,
  sha256       TEXT     NOT NULL,
  size         INTEGER  NOT NULL,
  created_at   DATETIME NOT NULL
);

CREATE INDEX attachments_subject ON attachments (subject_kind, subject_id, id);
