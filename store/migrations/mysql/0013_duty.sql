-- 岗位职责与责任矩阵: which post answers for which node of a process, in
-- editions that are kept, and who has looked at his own duties.

CREATE TABLE matrices (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  process     VARCHAR(16) NOT NULL,
  title       VARCHAR(128) NOT NULL,
  edition     BIGINT NOT NULL,
  saved_by    BIGINT NOT NULL,
  saved_at    DATETIME(3) NOT NULL,
  created_at  DATETIME(3) NOT NULL,
  version     BIGINT NOT NULL,
  UNIQUE (process)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE matrix_editions (
  matrix_id   BIGINT NOT NULL,
  edition     BIGINT NOT NULL,
  title       VARCHAR(128) NOT NULL,
  note        TEXT NOT NULL,
  saved_by    BIGINT NOT NULL,
  saved_at    DATETIME(3) NOT NULL,
  PRIMARY KEY (matrix_id, edition)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE matrix_nodes (
  matrix_id   BIGINT NOT NULL,
  edition     BIGINT NOT NULL,
  node        BIGINT NOT NULL,
  name        VARCHAR(128) NOT NULL,
  key_node    BOOLEAN NOT NULL DEFAULT 0,
  risk        BOOLEAN NOT NULL DEFAULT 0,
  input       TEXT NOT NULL,
  output      TEXT NOT NULL,
  time_limit  VARCHAR(64) NOT NULL,
  PRIMARY KEY (matrix_id, edition, node)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE matrix_posts (
  matrix_id     BIGINT NOT NULL,
  edition       BIGINT NOT NULL,
  post          BIGINT NOT NULL,
  name          VARCHAR(128) NOT NULL,
  name_fold     VARCHAR(128) NOT NULL,
  department_id BIGINT NOT NULL,
  duty          TEXT NOT NULL,
  authority     TEXT NOT NULL,
  PRIMARY KEY (matrix_id, edition, post)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX matrix_posts_name ON matrix_posts (name_fold, matrix_id, edition);

CREATE TABLE matrix_cells (
  matrix_id   BIGINT NOT NULL,
  edition     BIGINT NOT NULL,
  node        BIGINT NOT NULL,
  post        BIGINT NOT NULL,
  letter      VARCHAR(1) NOT NULL,
  PRIMARY KEY (matrix_id, edition, node, post, letter)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE matrix_drafts (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id   BIGINT NOT NULL,
  process     VARCHAR(16) NOT NULL,
  body        MEDIUMTEXT NOT NULL,
  touched_at  DATETIME(3) NOT NULL,
  UNIQUE (member_id, process)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX matrix_drafts_touched ON matrix_drafts (touched_at);

CREATE TABLE duty_views (
  member_id   BIGINT NOT NULL,
  views       BIGINT NOT NULL,
  last_at     DATETIME(3) NOT NULL,
  PRIMARY KEY (member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
