-- 沟通事项: what people ask and tell each other through the app, to whom, and
-- what became of it.

CREATE TABLE items (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  number          TEXT NOT NULL,
  kind            TEXT NOT NULL,
  sender_id       INTEGER NOT NULL,
  app             TEXT NOT NULL,
  importance      TEXT NOT NULL,
  urgency         TEXT NOT NULL,
  class           TEXT NOT NULL,
  needs_reply     BOOLEAN NOT NULL DEFAULT 0,
  body            TEXT   NOT NULL,
  topic           TEXT NOT NULL,
  department      TEXT NOT NULL,
  rule            TEXT NOT NULL,
  rulebook        INTEGER NOT NULL,
  why             TEXT   NOT NULL,
  state           TEXT NOT NULL,
  phase           INTEGER NOT NULL,
  answered_at     DATETIME,
  closed_at       DATETIME,
  delivery_id     INTEGER NOT NULL,
  created_at      DATETIME NOT NULL,
  version         INTEGER NOT NULL,
  UNIQUE (number)
);

CREATE INDEX items_sender ON items (sender_id, state, id);

CREATE INDEX items_created ON items (created_at);

CREATE TABLE item_parties (
  item_id         INTEGER NOT NULL,
  member_id       INTEGER NOT NULL,
  deputy_for      INTEGER NOT NULL,
  active          BOOLEAN NOT NULL DEFAULT 0,
  created_at      DATETIME NOT NULL,
  PRIMARY KEY (item_id, member_id)
);

CREATE INDEX item_parties_member ON item_parties (member_id, active, item_id);

CREATE TABLE item_entries (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  item_id         INTEGER NOT NULL,
  member_id       INTEGER NOT NULL,
  kind            TEXT NOT NULL,
  text            TEXT   NOT NULL,
  source          TEXT NOT NULL,
  delivery_id     INTEGER NOT NULL,
  at              DATETIME NOT NULL
);

CREATE INDEX item_entries_item ON item_entries (item_id, id);
