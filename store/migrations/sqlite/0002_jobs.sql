-- Durable jobs: what a transaction leaves to be done after it. See job.go.
--
-- wake_at is when something happens to the row by itself; state says what, and
-- on which clock: waiting: it falls due (business time); retry: its pause ends
-- (machine time); running: its lease ends (machine time); done and cancelled:
-- it is deleted (business time). NULL: nothing does.

CREATE TABLE jobs (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  kind         TEXT     NOT NULL,
  args         TEXT     NOT NULL,
  state        TEXT     NOT NULL,
  run_at       DATETIME NOT NULL,
  wake_at      DATETIME,
  attempt      INTEGER  NOT NULL DEFAULT 0,
  max_attempts INTEGER  NOT NULL,
  snoozes      INTEGER  NOT NULL DEFAULT 0,
  order_key    TEXT     NOT NULL DEFAULT '',
  order_head   TEXT,
  order_tail   TEXT,
  entered      INTEGER  NOT NULL DEFAULT 0,
  unique_key   TEXT     NOT NULL DEFAULT '',
  unique_slot  TEXT,
  once         BOOLEAN  NOT NULL DEFAULT 0,
  rerun_at     DATETIME,
  rerun_args   TEXT,
  token        INTEGER  NOT NULL DEFAULT 0,
  owner        TEXT     NOT NULL DEFAULT '',
  last_error   TEXT     NOT NULL DEFAULT '',
  created_at   DATETIME NOT NULL,
  finished_at  DATETIME
);

CREATE UNIQUE INDEX jobs_unique ON jobs (kind, unique_slot);

CREATE UNIQUE INDEX jobs_head ON jobs (order_head);

CREATE INDEX jobs_tail ON jobs (order_tail, entered, run_at, id);

CREATE INDEX jobs_wake ON jobs (state, wake_at, id);
