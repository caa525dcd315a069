-- Members signed in to the pages /form/…, and what may be used only once there.

CREATE TABLE web_sessions (
  hash        VARCHAR(64) NOT NULL PRIMARY KEY,
  member_id   BIGINT      NOT NULL,
  app         VARCHAR(64) NOT NULL,
  created_at  DATETIME(3) NOT NULL,
  seen_at     DATETIME(3) NOT NULL,
  expires_at  DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX web_sessions_member ON web_sessions (member_id, created_at);

CREATE INDEX web_sessions_expires ON web_sessions (expires_at);

CREATE TABLE web_tokens (
  hash        VARCHAR(64)  NOT NULL PRIMARY KEY,
  leads_to    VARCHAR(512) NOT NULL,
  created_at  DATETIME(3)  NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX web_tokens_created ON web_tokens (created_at);
