-- The versions of approval processes, and what an approved leave arranges. The
-- indexes are those of reports and of the live view.

CREATE TABLE approval_templates (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  template_key    VARCHAR(32) NOT NULL,
  version         VARCHAR(32) NOT NULL,
  hash            VARCHAR(64) NOT NULL,
  definition      MEDIUMTEXT NOT NULL,
  rulebook        BIGINT NOT NULL,
  effective_at    DATETIME(3) NOT NULL,
  created_at      DATETIME(3) NOT NULL,
  UNIQUE (template_key, hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX approval_templates_effective ON approval_templates (template_key, effective_at, id);

CREATE TABLE leaves (
  request_id      BIGINT NOT NULL PRIMARY KEY,
  member_id       BIGINT NOT NULL,
  deputy_id       BIGINT NOT NULL,
  from_at         DATETIME(3) NOT NULL,
  until_at        DATETIME(3) NOT NULL,
  state           VARCHAR(16) NOT NULL,
  span            VARCHAR(64) NOT NULL,
  instead         VARCHAR(64) NOT NULL,
  created_at      DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX leaves_member ON leaves (member_id, until_at);

ALTER TABLE deputies ADD COLUMN request_id BIGINT NOT NULL DEFAULT 0;

CREATE INDEX deputies_request ON deputies (request_id);

CREATE INDEX requests_finished ON requests (finished_at, id);

CREATE INDEX requests_state ON requests (state, id);
