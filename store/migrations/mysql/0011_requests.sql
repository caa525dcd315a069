-- Requests: what somebody applied for, the steps in which it is decided, who
-- may decide each, and what happened. A clock may have a limit of its own.

ALTER TABLE clocks ADD COLUMN work_limit VARCHAR(32) NOT NULL DEFAULT '';

CREATE TABLE requests (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number          VARCHAR(32) NOT NULL,
  kind            VARCHAR(32) NOT NULL,
  applicant_id    BIGINT NOT NULL,
  about_id        BIGINT NOT NULL,
  app             VARCHAR(64) NOT NULL,
  title           VARCHAR(255) NOT NULL,
  content         TEXT NOT NULL,
  personal        TEXT NOT NULL,
  data            TEXT NOT NULL,
  state           VARCHAR(16) NOT NULL,
  position        BIGINT NOT NULL,
  urged_at        DATETIME(3),
  finished_at     DATETIME(3),
  delivery_id     BIGINT NOT NULL,
  created_at      DATETIME(3) NOT NULL,
  version         BIGINT NOT NULL,
  UNIQUE (number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX requests_applicant ON requests (applicant_id, state, id);

CREATE TABLE request_steps (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  request_id      BIGINT NOT NULL,
  position        BIGINT NOT NULL,
  name            VARCHAR(64) NOT NULL,
  whom            VARCHAR(128) NOT NULL,
  command         VARCHAR(64) NOT NULL,
  work_limit      VARCHAR(32) NOT NULL,
  state           VARCHAR(16) NOT NULL,
  reason          VARCHAR(255) NOT NULL,
  phase           BIGINT NOT NULL,
  entered_at      DATETIME(3),
  decided_at      DATETIME(3),
  decided_by      BIGINT NOT NULL,
  opinion         TEXT NOT NULL,
  UNIQUE (request_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE request_deciders (
  step_id         BIGINT NOT NULL,
  member_id       BIGINT NOT NULL,
  request_id      BIGINT NOT NULL,
  deputy_for      BIGINT NOT NULL,
  state           VARCHAR(16) NOT NULL,
  created_at      DATETIME(3) NOT NULL,
  PRIMARY KEY (step_id, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX request_deciders_member ON request_deciders (member_id, state, step_id);

CREATE INDEX request_deciders_deputy ON request_deciders (deputy_for, state);

CREATE INDEX request_deciders_request ON request_deciders (request_id, step_id);

CREATE TABLE request_entries (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  request_id      BIGINT NOT NULL,
  step_id         BIGINT NOT NULL,
  member_id       BIGINT NOT NULL,
  kind            VARCHAR(32) NOT NULL,
  text            TEXT NOT NULL,
  source          VARCHAR(16) NOT NULL,
  delivery_id     BIGINT NOT NULL,
  at              DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX request_entries_request ON request_entries (request_id, id);
