-- Members signed in to the pages /form/…, and what may be used only once there.

CREATE TABLE web_sessions (
  hash        TEXT NOT NULL PRIMARY KEY,
  member_id   INTEGER NOT NULL,
  app         TEXT NOT NULL,
  created_at  DATETIME NOT NULL,
  seen_at     DATETIME NOT NULL,
  expires_at  DATETIME NOT NULL
);

CREATE INDEX web_sessions_member ON web_sessions (member_id, created_at);

CREATE INDEX web_sessions_expires ON web_sessions (expires_at);

CREATE TABLE web_tokens (
  hash        TEXT NOT NULL PRIMARY KEY,
  leads_to    TEXT NOT NULL,
  created_at  DATETIME NOT NULL
);

CREATE INDEX web_tokens_created ON web_tokens (created_at);
