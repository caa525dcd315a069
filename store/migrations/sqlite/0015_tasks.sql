-- 任务: what one member has to do by when, and how it came to its end.

CREATE TABLE tasks (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  number          TEXT NOT NULL,
  state           TEXT NOT NULL,
  owner_id        INTEGER NOT NULL,
  about_id        INTEGER NOT NULL,
  app             TEXT NOT NULL,
  title           TEXT NOT NULL,
  detail          TEXT NOT NULL,
  instead         TEXT NOT NULL,
  subject_kind    TEXT NOT NULL,
  subject_id      INTEGER NOT NULL,
  unique_key      TEXT,
  phase           INTEGER NOT NULL,
  work_limit      TEXT NOT NULL,
  due_at          DATETIME,
  ended_at        DATETIME,
  created_at      DATETIME NOT NULL,
  version         INTEGER NOT NULL,
  UNIQUE (number),
  UNIQUE (unique_key)
);

CREATE INDEX tasks_owner ON tasks (owner_id, state, id);

CREATE INDEX tasks_subject ON tasks (subject_kind, subject_id, id);

CREATE TABLE task_events (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id         INTEGER NOT NULL,
  kind            TEXT NOT NULL,
  from_state      TEXT NOT NULL,
  to_state        TEXT NOT NULL,
  member_id       INTEGER NOT NULL,
  text            TEXT NOT NULL,
  source          TEXT NOT NULL,
  delivery_id     INTEGER NOT NULL,
  at              DATETIME NOT NULL
);

CREATE INDEX task_events_task ON task_events (task_id, id);
