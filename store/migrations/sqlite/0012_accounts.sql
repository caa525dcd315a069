-- 账号申请: accounts that people applied for, to be opened, changed or stopped, and
-- what became of them (guide G2-4.2(1)).

CREATE TABLE account_applications (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  number          TEXT NOT NULL,
  kind            TEXT NOT NULL,
  state           TEXT NOT NULL,
  phase           INTEGER NOT NULL,
  request_id      INTEGER NOT NULL,
  applicant_id    INTEGER NOT NULL,
  app             TEXT NOT NULL,
  member_id       INTEGER NOT NULL,
  name            TEXT NOT NULL,
  name_fold       TEXT NOT NULL,
  department_id   INTEGER NOT NULL,
  position        TEXT NOT NULL,
  superior_id     INTEGER NOT NULL,
  category        TEXT NOT NULL,
  apps            TEXT   NOT NULL,
  userid          TEXT NOT NULL,
  userid_fold     TEXT NOT NULL,
  reason          TEXT   NOT NULL,
  effective_at    DATETIME NOT NULL,
  approved_at     DATETIME,
  opened_at       DATETIME,
  ended_at        DATETIME,
  created_at      DATETIME NOT NULL,
  version         INTEGER NOT NULL,
  UNIQUE (number)
);

CREATE INDEX account_applications_state ON account_applications (state, kind, id);

CREATE INDEX account_applications_name ON account_applications (name_fold, state);

CREATE INDEX account_applications_userid ON account_applications (userid_fold, state);

CREATE INDEX account_applications_member ON account_applications (member_id, state);

CREATE INDEX account_applications_request ON account_applications (request_id);

CREATE INDEX account_applications_applicant ON account_applications (applicant_id, state);

CREATE INDEX account_applications_ended ON account_applications (ended_at, id);

CREATE TABLE account_arrivals (
  member_id       INTEGER NOT NULL,
  joined_at       DATETIME NOT NULL,
  application_id  INTEGER NOT NULL,
  welcomed_at     DATETIME,
  PRIMARY KEY (member_id)
);

ALTER TABLE members ADD COLUMN stopped_at DATETIME;
