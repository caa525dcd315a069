-- Who owes whom an answer by when, and who stands in for whom.

CREATE TABLE clocks (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  subject_kind    TEXT NOT NULL,
  subject_id      INTEGER NOT NULL,
  number          TEXT NOT NULL,
  title           TEXT NOT NULL,
  class           TEXT NOT NULL,
  needs_reply     BOOLEAN NOT NULL DEFAULT 0,
  app             TEXT NOT NULL,
  sender_id       INTEGER NOT NULL,
  receiver_id     INTEGER NOT NULL,
  deputy_for      INTEGER NOT NULL,
  state           TEXT NOT NULL,
  level           INTEGER NOT NULL,
  timetable       TEXT   NOT NULL,
  rule            TEXT NOT NULL,
  rulebook        INTEGER NOT NULL,
  delivered_at    DATETIME,
  due_at          DATETIME,
  acked_at        DATETIME,
  replied_at      DATETIME,
  breached_at     DATETIME,
  ended_at        DATETIME,
  late_seconds    INTEGER NOT NULL,
  created_at      DATETIME NOT NULL,
  version         INTEGER NOT NULL
);

CREATE INDEX clocks_subject ON clocks (subject_kind, subject_id, id);

CREATE INDEX clocks_receiver ON clocks (receiver_id, state, id);

CREATE INDEX clocks_delivered ON clocks (delivered_at);

CREATE TABLE deputies (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id       INTEGER NOT NULL,
  deputy_id       INTEGER NOT NULL,
  from_at         DATETIME NOT NULL,
  until_at        DATETIME NOT NULL,
  entered_by      INTEGER NOT NULL,
  cancelled       BOOLEAN NOT NULL DEFAULT 0,
  created_at      DATETIME NOT NULL
);

CREATE INDEX deputies_member ON deputies (member_id, until_at);
