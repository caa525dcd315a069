-- The versions of approval processes, and what an approved leave arranges. The
-- indexes are those of reports and of the live view.

CREATE TABLE approval_templates (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  template_key    TEXT NOT NULL,
  version         TEXT NOT NULL,
  hash            TEXT NOT NULL,
  definition      TEXT NOT NULL,
  rulebook        INTEGER NOT NULL,
  effective_at    DATETIME NOT NULL,
  created_at      DATETIME NOT NULL,
  UNIQUE (template_key, hash)
);

CREATE INDEX approval_templates_effective ON approval_templates (template_key, effective_at, id);

CREATE TABLE leaves (
  request_id      INTEGER NOT NULL PRIMARY KEY,
  member_id       INTEGER NOT NULL,
  deputy_id       INTEGER NOT NULL,
  from_at         DATETIME NOT NULL,
  until_at        DATETIME NOT NULL,
  state           TEXT NOT NULL,
  span            TEXT NOT NULL,
  instead         TEXT NOT NULL,
  created_at      DATETIME NOT NULL
);

CREATE INDEX leaves_member ON leaves (member_id, until_at);

ALTER TABLE deputies ADD COLUMN request_id INTEGER NOT NULL DEFAULT 0;

CREATE INDEX deputies_request ON deputies (request_id);

CREATE INDEX requests_finished ON requests (finished_at, id);

CREATE INDEX requests_state ON requests (state, id);
