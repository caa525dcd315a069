-- What the contacts tell: when people came and left, every event as it came,
-- tags, posts given by hand, and what is handed over when somebody goes.

ALTER TABLE members ADD COLUMN joined_at DATETIME(3);
ALTER TABLE members ADD COLUMN left_at DATETIME(3);
ALTER TABLE members ADD COLUMN seen_at DATETIME(3);
ALTER TABLE members ADD COLUMN suspended_at DATETIME(3);

UPDATE members SET joined_at = created_at WHERE status <> 'provisional';

UPDATE members SET left_at = updated_at WHERE status = 'left';

CREATE INDEX members_position ON members (position);

CREATE INDEX members_status ON members (status);

CREATE INDEX members_suspended ON members (suspended_at);

CREATE INDEX memberships_leader ON memberships (is_leader);

CREATE TABLE contact_events (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  delivery_id     BIGINT NOT NULL,
  event_key       VARCHAR(190) NOT NULL,
  change_type     VARCHAR(32) NOT NULL,
  userid          VARCHAR(128) NOT NULL,
  userid_fold     VARCHAR(128) NOT NULL,
  new_userid_fold VARCHAR(128) NOT NULL,
  member_id       BIGINT NOT NULL,
  object_id       BIGINT NOT NULL,
  detail          TEXT NOT NULL,
  at              DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX contact_events_userid ON contact_events (userid_fold, id);

CREATE INDEX contact_events_member ON contact_events (member_id, id);

CREATE INDEX contact_events_at ON contact_events (at, id);

CREATE TABLE contact_checks (
  userid_fold     VARCHAR(128) NOT NULL,
  userid          VARCHAR(128) NOT NULL,
  event_key       VARCHAR(190) NOT NULL,
  created_at      DATETIME(3) NOT NULL,
  PRIMARY KEY (userid_fold)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE contact_compares (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  baseline        BOOLEAN NOT NULL DEFAULT 0,
  again           BOOLEAN NOT NULL DEFAULT 0,
  state           VARCHAR(16) NOT NULL,
  phase           VARCHAR(16) NOT NULL,
  after_id        BIGINT NOT NULL,
  departments     BIGINT NOT NULL,
  members         BIGINT NOT NULL,
  changed         BIGINT NOT NULL,
  joined          BIGINT NOT NULL,
  checked         BIGINT NOT NULL,
  gone            BIGINT NOT NULL,
  started_at      DATETIME(3) NOT NULL,
  ended_at        DATETIME(3),
  failure         VARCHAR(500) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tags (
  id              BIGINT NOT NULL,
  name            VARCHAR(128) NOT NULL,
  name_fold       VARCHAR(128) NOT NULL,
  updated_at      DATETIME(3) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tag_members (
  tag_id          BIGINT NOT NULL,
  userid_fold     VARCHAR(128) NOT NULL,
  PRIMARY KEY (tag_id, userid_fold)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX tag_members_userid ON tag_members (userid_fold);

CREATE TABLE tag_departments (
  tag_id          BIGINT NOT NULL,
  department_id   BIGINT NOT NULL,
  PRIMARY KEY (tag_id, department_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE post_holdings (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id       BIGINT NOT NULL,
  post            VARCHAR(128) NOT NULL,
  department      BIGINT NOT NULL,
  source          VARCHAR(16) NOT NULL,
  since           DATETIME(3) NOT NULL,
  ended_at        DATETIME(3)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX post_holdings_member ON post_holdings (member_id, ended_at);

CREATE INDEX post_holdings_post ON post_holdings (post, ended_at);

CREATE TABLE hand_overs (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number          VARCHAR(32) NOT NULL,
  member_id       BIGINT NOT NULL,
  to_id           BIGINT NOT NULL,
  reason          VARCHAR(16) NOT NULL,
  state           VARCHAR(16) NOT NULL,
  event_key       VARCHAR(190) NOT NULL,
  old_department  BIGINT NOT NULL,
  new_department  BIGINT NOT NULL,
  created_at      DATETIME(3) NOT NULL,
  ended_at        DATETIME(3),
  version         BIGINT NOT NULL,
  UNIQUE (number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX hand_overs_member ON hand_overs (member_id, state);

CREATE INDEX hand_overs_state ON hand_overs (state, id);

CREATE INDEX hand_overs_to ON hand_overs (to_id, state, id);

CREATE TABLE hand_over_works (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  hand_over_id    BIGINT NOT NULL,
  domain          VARCHAR(32) NOT NULL,
  subject_kind    VARCHAR(32) NOT NULL,
  subject_id      BIGINT NOT NULL,
  number          VARCHAR(32) NOT NULL,
  title           VARCHAR(300) NOT NULL,
  to_id           BIGINT NOT NULL,
  state           VARCHAR(16) NOT NULL,
  at              DATETIME(3) NOT NULL,
  UNIQUE (hand_over_id, subject_kind, subject_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX hand_over_works_at ON hand_over_works (at, id);

-- A company that was read before has its baseline: who is new from now on joins.
INSERT INTO settings (name, value, updated_at)
  SELECT 'people.baseline', 'true', MAX(updated_at) FROM members WHERE synced_at IS NOT NULL HAVING COUNT(*) > 0;
