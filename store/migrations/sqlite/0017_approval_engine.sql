-- The approval engine: cases made from templates, rounds after a return, kinds
-- of nodes, single votes, and who is told. Only additions with defaults.

ALTER TABLE requests ADD COLUMN engine TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN template_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN template_version TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN form TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN route TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN round INTEGER NOT NULL DEFAULT 1;
ALTER TABLE requests ADD COLUMN is_sensitive BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN straight_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN deviation TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN sp_no TEXT;
ALTER TABLE requests ADD COLUMN native_at DATETIME;

CREATE UNIQUE INDEX requests_sp_no ON requests (sp_no);

CREATE INDEX requests_kind ON requests (kind, state, id);

ALTER TABLE request_steps ADD COLUMN step_key TEXT NOT NULL DEFAULT '';
ALTER TABLE request_steps ADD COLUMN also TEXT NOT NULL DEFAULT '';
ALTER TABLE request_steps ADD COLUMN beside TEXT NOT NULL DEFAULT '';
ALTER TABLE request_steps ADD COLUMN mode TEXT NOT NULL DEFAULT 'any';
ALTER TABLE request_steps ADD COLUMN share INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request_steps ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE request_steps ADD COLUMN round INTEGER NOT NULL DEFAULT 1;
ALTER TABLE request_steps ADD COLUMN added_by INTEGER NOT NULL DEFAULT 0;

ALTER TABLE request_deciders ADD COLUMN decision TEXT NOT NULL DEFAULT '';
ALTER TABLE request_deciders ADD COLUMN opinion TEXT NOT NULL DEFAULT '';
ALTER TABLE request_deciders ADD COLUMN decided_at DATETIME;
ALTER TABLE request_deciders ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request_deciders ADD COLUMN added_by INTEGER NOT NULL DEFAULT 0;

ALTER TABLE request_entries ADD COLUMN detail TEXT NOT NULL DEFAULT '';

CREATE TABLE request_ccs (
  request_id      INTEGER NOT NULL,
  member_id       INTEGER NOT NULL,
  by_id           INTEGER NOT NULL,
  reason          TEXT NOT NULL,
  created_at      DATETIME NOT NULL,
  PRIMARY KEY (request_id, member_id)
);

CREATE INDEX request_ccs_member ON request_ccs (member_id, request_id);
