-- The supervision calendar: what the jobs of the calendar did in each period.

CREATE TABLE job_runs (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name            VARCHAR(64) NOT NULL,
  period          VARCHAR(16) NOT NULL,
  state           VARCHAR(16) NOT NULL,
  due_at          DATETIME(3) NOT NULL,
  ran_at          DATETIME(3),
  tries           BIGINT NOT NULL,
  missed          BIGINT NOT NULL,
  result          TEXT NOT NULL,
  UNIQUE (name, period)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX job_runs_due ON job_runs (due_at);
