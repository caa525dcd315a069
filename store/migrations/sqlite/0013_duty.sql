-- 岗位职责与责任矩阵: which post answers for which node of a process, in
-- editions that are kept, and who has looked at his own duties.

CREATE TABLE matrices (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  process     TEXT     NOT NULL,
  title       TEXT     NOT NULL,
  edition     INTEGER  NOT NULL,
  saved_by    INTEGER  NOT NULL,
  saved_at    DATETIME NOT NULL,
  created_at  DATETIME NOT NULL,
  version     INTEGER  NOT NULL,
  UNIQUE (process)
);

CREATE TABLE matrix_editions (
  matrix_id   INTEGER  NOT NULL,
  edition     INTEGER  NOT NULL,
  title       TEXT     NOT NULL,
  note        TEXT     NOT NULL,
  saved_by    INTEGER  NOT NULL,
  saved_at    DATETIME NOT NULL,
  PRIMARY KEY (matrix_id, edition)
);

CREATE TABLE matrix_nodes (
  matrix_id   INTEGER NOT NULL,
  edition     INTEGER NOT NULL,
  node        INTEGER NOT NULL,
  name        TEXT    NOT NULL,
  key_node    BOOLEAN NOT NULL DEFAULT 0,
  risk        BOOLEAN NOT NULL DEFAULT 0,
  input       TEXT    NOT NULL,
  output      TEXT    NOT NULL,
  time_limit  TEXT    NOT NULL,
  PRIMARY KEY (matrix_id, edition, node)
);

CREATE TABLE matrix_posts (
  matrix_id     INTEGER NOT NULL,
  edition       INTEGER NOT NULL,
  post          INTEGER NOT NULL,
  name          TEXT    NOT NULL,
  name_fold     TEXT    NOT NULL,
  department_id INTEGER NOT NULL,
  duty          TEXT    NOT NULL,
  authority     TEXT    NOT NULL,
  PRIMARY KEY (matrix_id, edition, post)
);

CREATE INDEX matrix_posts_name ON matrix_posts (name_fold, matrix_id, edition);

CREATE TABLE matrix_cells (
  matrix_id   INTEGER NOT NULL,
  edition     INTEGER NOT NULL,
  node        INTEGER NOT NULL,
  post        INTEGER NOT NULL,
  letter      TEXT    NOT NULL,
  PRIMARY KEY (matrix_id, edition, node, post, letter)
);

CREATE TABLE matrix_drafts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id   INTEGER  NOT NULL,
  process     TEXT     NOT NULL,
  body        TEXT     NOT NULL,
  touched_at  DATETIME NOT NULL,
  UNIQUE (member_id, process)
);

CREATE INDEX matrix_drafts_touched ON matrix_drafts (touched_at);

CREATE TABLE duty_views (
  member_id   INTEGER  NOT NULL,
  views       INTEGER  NOT NULL,
  last_at     DATETIME NOT NULL,
  PRIMARY KEY (member_id)
);
