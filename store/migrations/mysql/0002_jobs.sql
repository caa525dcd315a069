-- Durable jobs: what a transaction leaves to be done after it. See job.go.
--
-- wake_at is when something happens to the row by itself; state says what, and
-- on which clock: waiting: it falls due (business time); retry: its pause ends
-- (machine time); running: its lease ends (machine time); done and cancelled:
-- it is deleted (business time). NULL: nothing does.

CREATE TABLE jobs (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind         VARCHAR(64)  NOT NULL,
  args         TEXT         NOT NULL,
  state        VARCHAR(16)  NOT NULL,
  run_at       DATETIME(3)  NOT NULL,
  wake_at      DATETIME(3),
  attempt      BIGINT       NOT NULL DEFAULT 0,
  max_attempts BIGINT       NOT NULL,
  snoozes      BIGINT       NOT NULL DEFAULT 0,
  order_key    VARCHAR(190) NOT NULL DEFAULT '',
  order_head   VARCHAR(190),
  order_tail   VARCHAR(190),
  entered      BIGINT       NOT NULL DEFAULT 0,
  unique_key   VARCHAR(190) NOT NULL DEFAULT '',
  unique_slot  VARCHAR(190),
  once         BOOLEAN      NOT NULL DEFAULT 0,
  rerun_at     DATETIME(3),
  rerun_args   TEXT,
  token        BIGINT       NOT NULL DEFAULT 0,
  owner        VARCHAR(190) NOT NULL DEFAULT '',
  last_error   VARCHAR(500) NOT NULL DEFAULT '',
  created_at   DATETIME(3)  NOT NULL,
  finished_at  DATETIME(3)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE UNIQUE INDEX jobs_unique ON jobs (kind, unique_slot);

CREATE UNIQUE INDEX jobs_head ON jobs (order_head);

CREATE INDEX jobs_tail ON jobs (order_tail, entered, run_at, id);

CREATE INDEX jobs_wake ON jobs (state, wake_at, id);
