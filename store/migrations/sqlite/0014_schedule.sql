-- The supervision calendar: what the jobs of the calendar did in each period.

CREATE TABLE job_runs (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  name            TEXT NOT NULL,
  period          TEXT NOT NULL,
  state           TEXT NOT NULL,
  due_at          DATETIME NOT NULL,
  ran_at          DATETIME,
  tries           INTEGER NOT NULL,
  missed          INTEGER NOT NULL,
  result          TEXT NOT NULL,
  UNIQUE (name, period)
);

CREATE INDEX job_runs_due ON job_runs (due_at);
