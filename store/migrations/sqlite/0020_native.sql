-- What is known of requests that the built-in 审批 app decides: their number
-- there, what was read last, and how the submission of our own stands.

CREATE TABLE native_cases (
  request_id      INTEGER NOT NULL PRIMARY KEY,
  system          TEXT NOT NULL,
  ref             TEXT NOT NULL,
  template_id     TEXT NOT NULL,
  name            TEXT NOT NULL,
  digest          TEXT NOT NULL,
  comments        TEXT NOT NULL,
  submission      TEXT NOT NULL,
  creator         TEXT NOT NULL,
  body            TEXT NOT NULL,
  tries           INTEGER NOT NULL,
  tried_at        DATETIME,
  failure         TEXT NOT NULL
);

CREATE INDEX native_cases_submission ON native_cases (submission, template_id, request_id);

CREATE INDEX requests_native ON requests (engine, state, native_at, id);
