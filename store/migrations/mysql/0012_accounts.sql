-- 账号申请: accounts that people applied for, to be opened, changed or stopped, and
-- what became of them (guide G2-4.2(1)).

CREATE TABLE account_applications (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number          VARCHAR(32) NOT NULL,
  kind            VARCHAR(16) NOT NULL,
  state           VARCHAR(16) NOT NULL,
  phase           BIGINT NOT NULL,
  request_id      BIGINT NOT NULL,
  applicant_id    BIGINT NOT NULL,
  app             VARCHAR(64) NOT NULL,
  member_id       BIGINT NOT NULL,
  name            VARCHAR(128) NOT NULL,
  name_fold       VARCHAR(128) NOT NULL,
  department_id   BIGINT NOT NULL,
  position        VARCHAR(128) NOT NULL,
  superior_id     BIGINT NOT NULL,
  category        VARCHAR(64) NOT NULL,
  apps            TEXT NOT NULL,
  userid          VARCHAR(64) NOT NULL,
  userid_fold     VARCHAR(64) NOT NULL,
  reason          TEXT NOT NULL,
  effective_at    DATETIME(3) NOT NULL,
  approved_at     DATETIME(3),
  opened_at       DATETIME(3),
  ended_at        DATETIME(3),
  created_at      DATETIME(3) NOT NULL,
  version         BIGINT NOT NULL,
  UNIQUE (number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX account_applications_state ON account_applications (state, kind, id);

CREATE INDEX account_applications_name ON account_applications (name_fold, state);

CREATE INDEX account_applications_userid ON account_applications (userid_fold, state);

CREATE INDEX account_applications_member ON account_applications (member_id, state);

CREATE INDEX account_applications_request ON account_applications (request_id);

CREATE INDEX account_applications_applicant ON account_applications (applicant_id, state);

CREATE INDEX account_applications_ended ON account_applications (ended_at, id);

CREATE TABLE account_arrivals (
  member_id       BIGINT NOT NULL,
  joined_at       DATETIME(3) NOT NULL,
  application_id  BIGINT NOT NULL,
  welcomed_at     DATETIME(3),
  PRIMARY KEY (member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE members ADD COLUMN stopped_at DATETIME(3);
