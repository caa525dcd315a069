-- Requests: what somebody applied for, the steps in which it is decided, who
-- may decide each, and what happened. A clock may have a limit of its own.

ALTER TABLE clocks ADD COLUMN work_limit TEXT NOT NULL DEFAULT '';

CREATE TABLE requests (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  number          TEXT NOT NULL,
  kind            TEXT NOT NULL,
  applicant_id    INTEGER NOT NULL,
  about_id        INTEGER NOT NULL,
  app             TEXT NOT NULL,
  title           TEXT NOT NULL,
  content         TEXT   NOT NULL,
  personal        TEXT   NOT NULL,
  data            TEXT   NOT NULL,
  state           TEXT NOT NULL,
  position        INTEGER NOT NULL,
  urged_at        DATETIME,
  finished_at     DATETIME,
  delivery_id     INTEGER NOT NULL,
  created_at      DATETIME NOT NULL,
  version         INTEGER NOT NULL,
  UNIQUE (number)
);

CREATE INDEX requests_applicant ON requests (applicant_id, state, id);

CREATE TABLE request_steps (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id      INTEGER NOT NULL,
  position        INTEGER NOT NULL,
  name            TEXT NOT NULL,
  whom            TEXT NOT NULL,
  command         TEXT NOT NULL,
  work_limit      TEXT NOT NULL,
  state           TEXT NOT NULL,
  reason          TEXT NOT NULL,
  phase           INTEGER NOT NULL,
  entered_at      DATETIME,
  decided_at      DATETIME,
  decided_by      INTEGER NOT NULL,
  opinion         TEXT   NOT NULL,
  UNIQUE (request_id, position)
);

CREATE TABLE request_deciders (
  step_id         INTEGER NOT NULL,
  member_id       INTEGER NOT NULL,
  request_id      INTEGER NOT NULL,
  deputy_for      INTEGER NOT NULL,
  state           TEXT NOT NULL,
  created_at      DATETIME NOT NULL,
  PRIMARY KEY (step_id, member_id)
);

CREATE INDEX request_deciders_member ON request_deciders (member_id, state, step_id);

CREATE INDEX request_deciders_deputy ON request_deciders (deputy_for, state);

CREATE INDEX request_deciders_request ON request_deciders (request_id, step_id);

CREATE TABLE request_entries (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id      INTEGER NOT NULL,
  step_id         INTEGER NOT NULL,
  member_id       INTEGER NOT NULL,
  kind            TEXT NOT NULL,
  text            TEXT   NOT NULL,
  source          TEXT NOT NULL,
  delivery_id     INTEGER NOT NULL,
  at              DATETIME NOT NULL
);

CREATE INDEX request_entries_request ON request_entries (request_id, id);
