-- The store of studies. Numbers of studies are the digits of their NCT ids.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE load (
  load_id      INTEGER PRIMARY KEY,
  sources      TEXT NOT NULL,            -- JSON list, as given
  fingerprint  TEXT NOT NULL,            -- names, sizes and times of the files: an unfinished load of the same is resumed
  is_full      INTEGER NOT NULL,
  code_version TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('running', 'finished', 'abandoned')),
  started_at   TEXT NOT NULL,
  finished_at  TEXT,
  taken        INTEGER NOT NULL DEFAULT 0,  -- pieces of the sources that are done
  added        INTEGER NOT NULL DEFAULT 0,
  updated      INTEGER NOT NULL DEFAULT 0,
  older        INTEGER NOT NULL DEFAULT 0,
  unchanged    INTEGER NOT NULL DEFAULT 0,
  rejected     INTEGER NOT NULL DEFAULT 0,
  missing      INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE study (
  nct_number    INTEGER PRIMARY KEY,
  version_id    INTEGER NOT NULL,        -- the current version
  seen_load     INTEGER NOT NULL,        -- the last load that contained the study
  missing_since INTEGER                  -- the full load that first did not, or NULL
);

CREATE TABLE version (
  version_id            INTEGER PRIMARY KEY,
  nct_number            INTEGER NOT NULL,
  text_hash             BLOB NOT NULL,   -- of the text without the day of the data
  last_update_post_date TEXT NOT NULL,   -- '' when the record has none
  data_date             TEXT NOT NULL,   -- the day of the registry's data that it was last seen in, '' when not told
  shape                 INTEGER NOT NULL, -- 0 converted from XML, 1 from the v1 JSON, 2 the registry's own
  size                  INTEGER NOT NULL,
  first_load            INTEGER NOT NULL,
  seen_load             INTEGER NOT NULL,
  seen_order            INTEGER NOT NULL, -- its place among the pieces of that load
  UNIQUE (nct_number, text_hash)
);

-- Apart from `version`, so that what is seen again can be noted without touching the records.
CREATE TABLE content (
  version_id    INTEGER PRIMARY KEY,
  dictionary_id INTEGER NOT NULL,        -- 0: none
  packed        BLOB NOT NULL            -- one zstd frame
);

CREATE TABLE dictionary (
  dictionary_id INTEGER PRIMARY KEY,
  content       BLOB NOT NULL
);

CREATE TABLE alias (
  alias_number INTEGER NOT NULL,
  nct_number   INTEGER NOT NULL,
  PRIMARY KEY (alias_number, nct_number)
) WITHOUT ROWID;
CREATE INDEX alias_by_study ON alias (nct_number);

CREATE TABLE problem (
  problem_id    INTEGER PRIMARY KEY,
  load_id       INTEGER NOT NULL,
  level         TEXT NOT NULL,
  code          TEXT NOT NULL,
  source        TEXT NOT NULL,
  member        TEXT NOT NULL,
  position      INTEGER,
  position_unit TEXT NOT NULL,
  nct_id        TEXT NOT NULL,
  path          TEXT NOT NULL,
  message       TEXT NOT NULL,
  excerpt       TEXT NOT NULL,
  count         INTEGER NOT NULL
);
CREATE INDEX problem_by_load ON problem (load_id, level, code);
-- What is only odd is counted once a load and path.
CREATE UNIQUE INDEX problem_counted ON problem (load_id, code, path) WHERE level = 'info';
