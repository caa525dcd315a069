-- The approval engine: cases made from templates, rounds after a return, kinds
-- of nodes, single votes, and who is told. Only additions with defaults.

ALTER TABLE requests ADD COLUMN engine VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN template_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN template_version VARCHAR(32) NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN form MEDIUMTEXT NOT NULL DEFAULT ('');
ALTER TABLE requests ADD COLUMN route MEDIUMTEXT NOT NULL DEFAULT ('');
ALTER TABLE requests ADD COLUMN round BIGINT NOT NULL DEFAULT 1;
ALTER TABLE requests ADD COLUMN is_sensitive BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN straight_step BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN deviation TEXT NOT NULL DEFAULT ('');
ALTER TABLE requests ADD COLUMN sp_no VARCHAR(64);
ALTER TABLE requests ADD COLUMN native_at DATETIME(3);

CREATE UNIQUE INDEX requests_sp_no ON requests (sp_no);

CREATE INDEX requests_kind ON requests (kind, state, id);

ALTER TABLE request_steps MODIFY COLUMN whom VARCHAR(1024) NOT NULL;
ALTER TABLE request_steps ADD COLUMN step_key VARCHAR(64) NOT NULL DEFAULT '';
ALTER TABLE request_steps ADD COLUMN also TEXT NOT NULL DEFAULT ('');
ALTER TABLE request_steps ADD COLUMN beside TEXT NOT NULL DEFAULT ('');
ALTER TABLE request_steps ADD COLUMN mode VARCHAR(16) NOT NULL DEFAULT 'any';
ALTER TABLE request_steps ADD COLUMN share BIGINT NOT NULL DEFAULT 0;
ALTER TABLE request_steps ADD COLUMN origin VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE request_steps ADD COLUMN round BIGINT NOT NULL DEFAULT 1;
ALTER TABLE request_steps ADD COLUMN added_by BIGINT NOT NULL DEFAULT 0;

ALTER TABLE request_deciders ADD COLUMN decision VARCHAR(16) NOT NULL DEFAULT '';
ALTER TABLE request_deciders ADD COLUMN opinion TEXT NOT NULL DEFAULT ('');
ALTER TABLE request_deciders ADD COLUMN decided_at DATETIME(3);
ALTER TABLE request_deciders ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
ALTER TABLE request_deciders ADD COLUMN added_by BIGINT NOT NULL DEFAULT 0;

ALTER TABLE request_entries ADD COLUMN detail TEXT NOT NULL DEFAULT ('');

CREATE TABLE request_ccs (
  request_id      BIGINT NOT NULL,
  member_id       BIGINT NOT NULL,
  by_id           BIGINT NOT NULL,
  reason          VARCHAR(255) NOT NULL,
  created_at      DATETIME(3) NOT NULL,
  PRIMARY KEY (request_id, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX request_ccs_member ON request_ccs (member_id, request_id);
