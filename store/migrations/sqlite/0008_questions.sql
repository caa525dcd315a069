-- Questions the app asked with buttons: what their cards show, and what became
-- of them.

CREATE TABLE questions (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id   INTEGER  NOT NULL,
  app         TEXT     NOT NULL,
  phase       INTEGER  NOT NULL,
  delivery_id INTEGER  NOT NULL,
  title       TEXT     NOT NULL,
  body        TEXT     NOT NULL,
  options     TEXT     NOT NULL,
  choice      TEXT     NOT NULL,
  closed_at   DATETIME,
  expires_at  DATETIME NOT NULL,
  created_at  DATETIME NOT NULL,
  UNIQUE (member_id, app, phase)
);

CREATE INDEX questions_created ON questions (created_at);
