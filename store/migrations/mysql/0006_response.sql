-- Who owes whom an answer by when, and who stands in for whom.

CREATE TABLE clocks (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  subject_kind    VARCHAR(32) NOT NULL,
  subject_id      BIGINT NOT NULL,
  number          VARCHAR(32) NOT NULL,
  title           VARCHAR(190) NOT NULL,
  class           VARCHAR(16) NOT NULL,
  needs_reply     BOOLEAN NOT NULL DEFAULT 0,
  app             VARCHAR(64) NOT NULL,
  sender_id       BIGINT NOT NULL,
  receiver_id     BIGINT NOT NULL,
  deputy_for      BIGINT NOT NULL,
  state           VARCHAR(16) NOT NULL,
  level           BIGINT NOT NULL,
  timetable       TEXT NOT NULL,
  rule            VARCHAR(64) NOT NULL,
  rulebook        BIGINT NOT NULL,
  delivered_at    DATETIME(3),
  due_at          DATETIME(3),
  acked_at        DATETIME(3),
  replied_at      DATETIME(3),
  breached_at     DATETIME(3),
  ended_at        DATETIME(3),
  late_seconds    BIGINT NOT NULL,
  created_at      DATETIME(3) NOT NULL,
  version         BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX clocks_subject ON clocks (subject_kind, subject_id, id);

CREATE INDEX clocks_receiver ON clocks (receiver_id, state, id);

CREATE INDEX clocks_delivered ON clocks (delivered_at);

CREATE TABLE deputies (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id       BIGINT NOT NULL,
  deputy_id       BIGINT NOT NULL,
  from_at         DATETIME(3) NOT NULL,
  until_at        DATETIME(3) NOT NULL,
  entered_by      BIGINT NOT NULL,
  cancelled       BOOLEAN NOT NULL DEFAULT 0,
  created_at      DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX deputies_member ON deputies (member_id, until_at);
