-- What is known of requests that the built-in 审批 app decides: their number
-- there, what was read last, and how the submission of our own stands.

CREATE TABLE native_cases (
  request_id      BIGINT NOT NULL PRIMARY KEY,
  system          VARCHAR(16) NOT NULL,
  ref             VARCHAR(256) NOT NULL,
  template_id     VARCHAR(256) NOT NULL,
  name            VARCHAR(128) NOT NULL,
  digest          VARCHAR(64) NOT NULL,
  comments        TEXT NOT NULL,
  submission      VARCHAR(16) NOT NULL,
  creator         VARCHAR(64) NOT NULL,
  body            MEDIUMTEXT NOT NULL,
  tries           BIGINT NOT NULL,
  tried_at        DATETIME(3),
  failure         TEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX native_cases_submission ON native_cases (submission, template_id, request_id);

CREATE INDEX requests_native ON requests (engine, state, native_at, id);
