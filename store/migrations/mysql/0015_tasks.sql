-- 任务: what one member has to do by when, and how it came to its end.

CREATE TABLE tasks (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number          VARCHAR(32) NOT NULL,
  state           VARCHAR(16) NOT NULL,
  owner_id        BIGINT NOT NULL,
  about_id        BIGINT NOT NULL,
  app             VARCHAR(64) NOT NULL,
  title           VARCHAR(190) NOT NULL,
  detail          TEXT NOT NULL,
  instead         VARCHAR(190) NOT NULL,
  subject_kind    VARCHAR(32) NOT NULL,
  subject_id      BIGINT NOT NULL,
  unique_key      VARCHAR(190),
  phase           BIGINT NOT NULL,
  work_limit      VARCHAR(32) NOT NULL,
  due_at          DATETIME(3),
  ended_at        DATETIME(3),
  created_at      DATETIME(3) NOT NULL,
  version         BIGINT NOT NULL,
  UNIQUE (number),
  UNIQUE (unique_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX tasks_owner ON tasks (owner_id, state, id);

CREATE INDEX tasks_subject ON tasks (subject_kind, subject_id, id);

CREATE TABLE task_events (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  task_id         BIGINT NOT NULL,
  kind            VARCHAR(16) NOT NULL,
  from_state      VARCHAR(16) NOT NULL,
  to_state        VARCHAR(16) NOT NULL,
  member_id       BIGINT NOT NULL,
  text            TEXT NOT NULL,
  source          VARCHAR(16) NOT NULL,
  delivery_id     BIGINT NOT NULL,
  at              DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX task_events_task ON task_events (task_id, id);
