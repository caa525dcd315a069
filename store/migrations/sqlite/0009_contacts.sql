-- What the contacts tell: when people came and left, every event as it came,
-- tags, posts given by hand, and what is handed over when somebody goes.

ALTER TABLE members ADD COLUMN joined_at DATETIME;
ALTER TABLE members ADD COLUMN left_at DATETIME;
ALTER TABLE members ADD COLUMN seen_at DATETIME;
ALTER TABLE members ADD COLUMN suspended_at DATETIME;

UPDATE members SET joined_at = created_at WHERE status <> 'provisional';

UPDATE members SET left_at = updated_at WHERE status = 'left';

CREATE INDEX members_position ON members (position);

CREATE INDEX members_status ON members (status);

CREATE INDEX members_suspended ON members (suspended_at);

CREATE INDEX memberships_leader ON memberships (is_leader);

CREATE TABLE contact_events (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id     INTEGER NOT NULL,
  event_key       TEXT NOT NULL,
  change_type     TEXT NOT NULL,
  userid          TEXT NOT NULL,
  userid_fold     TEXT NOT NULL,
  new_userid_fold TEXT NOT NULL,
  member_id       INTEGER NOT NULL,
  object_id       INTEGER NOT NULL,
  detail          TEXT NOT NULL,
  at              DATETIME NOT NULL
);

CREATE INDEX contact_events_userid ON contact_events (userid_fold, id);

CREATE INDEX contact_events_member ON contact_events (member_id, id);

CREATE INDEX contact_events_at ON contact_events (at, id);

CREATE TABLE contact_checks (
  userid_fold     TEXT NOT NULL,
  userid          TEXT NOT NULL,
  event_key       TEXT NOT NULL,
  created_at      DATETIME NOT NULL,
  PRIMARY KEY (userid_fold)
);

CREATE TABLE contact_compares (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  baseline        BOOLEAN NOT NULL DEFAULT 0,
  again           BOOLEAN NOT NULL DEFAULT 0,
  state           TEXT NOT NULL,
  phase           TEXT NOT NULL,
  after_id        INTEGER NOT NULL,
  departments     INTEGER NOT NULL,
  members         INTEGER NOT NULL,
  changed         INTEGER NOT NULL,
  joined          INTEGER NOT NULL,
  checked         INTEGER NOT NULL,
  gone            INTEGER NOT NULL,
  started_at      DATETIME NOT NULL,
  ended_at        DATETIME,
  failure         TEXT NOT NULL
);

CREATE TABLE tags (
  id              INTEGER NOT NULL,
  name            TEXT NOT NULL,
  name_fold       TEXT NOT NULL,
  updated_at      DATETIME NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE tag_members (
  tag_id          INTEGER NOT NULL,
  userid_fold     TEXT NOT NULL,
  PRIMARY KEY (tag_id, userid_fold)
);

CREATE INDEX tag_members_userid ON tag_members (userid_fold);

CREATE TABLE tag_departments (
  tag_id          INTEGER NOT NULL,
  department_id   INTEGER NOT NULL,
  PRIMARY KEY (tag_id, department_id)
);

CREATE TABLE post_holdings (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id       INTEGER NOT NULL,
  post            TEXT NOT NULL,
  department      INTEGER NOT NULL,
  source          TEXT NOT NULL,
  since           DATETIME NOT NULL,
  ended_at        DATETIME
);

CREATE INDEX post_holdings_member ON post_holdings (member_id, ended_at);

CREATE INDEX post_holdings_post ON post_holdings (post, ended_at);

CREATE TABLE hand_overs (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  number          TEXT NOT NULL,
  member_id       INTEGER NOT NULL,
  to_id           INTEGER NOT NULL,
  reason          TEXT NOT NULL,
  state           TEXT NOT NULL,
  event_key       TEXT NOT NULL,
  old_department  INTEGER NOT NULL,
  new_department  INTEGER NOT NULL,
  created_at      DATETIME NOT NULL,
  ended_at        DATETIME,
  version         INTEGER NOT NULL,
  UNIQUE (number)
);

CREATE INDEX hand_overs_member ON hand_overs (member_id, state);

CREATE INDEX hand_overs_state ON hand_overs (state, id);

CREATE INDEX hand_overs_to ON hand_overs (to_id, state, id);

CREATE TABLE hand_over_works (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  hand_over_id    INTEGER NOT NULL,
  domain          TEXT NOT NULL,
  subject_kind    TEXT NOT NULL,
  subject_id      INTEGER NOT NULL,
  number          TEXT NOT NULL,
  title           TEXT NOT NULL,
  to_id           INTEGER NOT NULL,
  state           TEXT NOT NULL,
  at              DATETIME NOT NULL,
  UNIQUE (hand_over_id, subject_kind, subject_id)
);

CREATE INDEX hand_over_works_at ON hand_over_works (at, id);

-- A company that was read before has its baseline: who is new from now on joins.
INSERT INTO settings (name, value, updated_at)
  SELECT 'people.baseline', 'true', MAX(updated_at) FROM members WHERE synced_at IS NOT NULL HAVING COUNT(*) > 0;
