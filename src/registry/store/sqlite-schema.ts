// The tables of the SQLite engine, as the steps that lead from an empty file to now. A step that has
// been released is never edited: what follows is a further step.

/** Step n leads from `user_version` n to n + 1. */
export const STEPS: readonly string[] = [
  `
  CREATE TABLE peers (
    id           INTEGER PRIMARY KEY,
    contract     TEXT NOT NULL CHECK (contract IN ('native', 'exercise')),
    peer_id      TEXT UNIQUE,
    ip_address   TEXT NOT NULL,
    port         INTEGER NOT NULL,
    display_name TEXT,
    revision     INTEGER NOT NULL DEFAULT 0,
    expires_at   INTEGER,              -- null: no lease, the registry probes
    names        INTEGER NOT NULL DEFAULT 0,
    UNIQUE (contract, ip_address, port)
  ) STRICT;

  CREATE TABLE names (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    folded TEXT NOT NULL               -- for search: see search-text.ts
  ) STRICT;

  CREATE TABLE offers (
    name     INTEGER NOT NULL REFERENCES names (id) ON DELETE CASCADE,
    peer     INTEGER NOT NULL REFERENCES peers (id) ON DELETE CASCADE,
    size     INTEGER,                  -- null: not told
    modified INTEGER,
    PRIMARY KEY (name, peer)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX offers_by_peer ON offers (peer);
  `,
  `
  -- 32 bytes; null: not told
  ALTER TABLE offers ADD COLUMN root BLOB CHECK (length(root) = 32);

  -- With all that is counted of a content, one of which may have very many names.
  CREATE INDEX offers_by_root ON offers (root, peer, size) WHERE root IS NOT NULL;
  `,
  `
  -- What a native peer holds under no name: a downloader, wholly (complete = 1) or in part.
  CREATE TABLE holdings (
    peer     INTEGER NOT NULL REFERENCES peers (id) ON DELETE CASCADE,
    root     BLOB NOT NULL CHECK (length(root) = 32),
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    PRIMARY KEY (peer, root)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX holdings_by_root ON holdings (root, peer, complete);
  `,
  `
  -- The last segment: folded names have no other way to be found by how it begins.
  ALTER TABLE names ADD COLUMN leaf TEXT
    GENERATED ALWAYS AS (substr(folded, 1 + length(rtrim(folded, replace(folded, '/', ''))))) VIRTUAL;
  CREATE INDEX names_by_leaf ON names (leaf);

  -- Which names hold three characters in a row; no positions and no texts, those are in names.
  CREATE VIRTUAL TABLE grams USING fts5 (
    folded, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
  );

  -- Names that are not in grams yet: that costs more than all else of a registration, and can wait.
  CREATE TABLE ungrammed (id INTEGER PRIMARY KEY) STRICT;
  INSERT INTO ungrammed (id) SELECT id FROM names;

  CREATE TRIGGER names_come AFTER INSERT ON names BEGIN
    INSERT INTO ungrammed (id) VALUES (new.id);
  END;
  CREATE TRIGGER names_go AFTER DELETE ON names BEGIN
    DELETE FROM grams WHERE rowid = old.id AND NOT EXISTS (SELECT 1 FROM ungrammed WHERE id = old.id);
    DELETE FROM ungrammed WHERE id = old.id;
  END;
  `,
  `
  -- What changed, for those who follow (see Change); only the latest are kept.
  CREATE TABLE changes (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    change TEXT NOT NULL
  ) STRICT;

  -- Whether it has been told that a lease has ended.
  ALTER TABLE peers ADD COLUMN is_gone INTEGER NOT NULL DEFAULT 0 CHECK (is_gone IN (0, 1));
  `,
  `
  -- What is made once and kept: 'network' says whether it is open or private, the others are secrets.
  CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- What was here before there were private networks is an open one.
  INSERT INTO secrets (name, value) SELECT 'network', CAST('open' AS BLOB) WHERE EXISTS (SELECT 1 FROM peers);

  -- Who may come into a private network; of what they show only the digest.
  CREATE TABLE keys (
    id      TEXT PRIMARY KEY,
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    name    TEXT NOT NULL,
    role    TEXT NOT NULL CHECK (role IN ('reader', 'member', 'admin')),
    created INTEGER NOT NULL,
    expires INTEGER                    -- null: never
  ) STRICT, WITHOUT ROWID;

  -- What signs tickets: the latest; those before it are known until their last ticket has ended.
  CREATE TABLE ticket_keys (
    kid     TEXT PRIMARY KEY,
    pem     TEXT NOT NULL,
    created INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    entry TEXT NOT NULL
  ) STRICT;

  -- With which key a peer came; null: in an open network.
  ALTER TABLE peers ADD COLUMN key TEXT;
  CREATE INDEX peers_by_key ON peers (key) WHERE key IS NOT NULL;
  `,
  `
  -- What administrators took off the network: names, roots in hex digits, peer ids.
  CREATE TABLE removals (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL CHECK (kind IN ('name', 'content', 'peer')),
    subject TEXT NOT NULL,
    reason  TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at      INTEGER NOT NULL,
    UNIQUE (subject, kind)
  ) STRICT;
  `,
  `
  -- What names are found by, each a tree of its own that is filled in order (see sqlite-settling.ts). Foreign keys
  -- are not looked after while steps are taken: what refers to names refers to the table that takes its place.
  CREATE TABLE by_name (name TEXT PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO by_name (name, id) SELECT name, id FROM names ORDER BY name;
  CREATE TABLE by_leaf (leaf TEXT, id INTEGER, PRIMARY KEY (leaf, id)) STRICT, WITHOUT ROWID;
  INSERT INTO by_leaf (leaf, id) SELECT leaf, id FROM names ORDER BY leaf, id;

  -- With all that is counted of a content, one of which may have very many names.
  CREATE TABLE by_root (
    root BLOB,
    peer INTEGER,
    name INTEGER,
    size INTEGER,
    PRIMARY KEY (root, peer, name)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO by_root (root, peer, name, size)
    SELECT root, peer, name, size FROM offers WHERE root IS NOT NULL ORDER BY root, peer, name;
  DROP INDEX offers_by_root;

  CREATE TABLE renamed (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL,
    folded TEXT NOT NULL,
    leaf   TEXT GENERATED ALWAYS AS (substr(folded, 1 + length(rtrim(folded, replace(folded, '/', ''))))) VIRTUAL
  ) STRICT;
  INSERT INTO renamed (id, name, folded) SELECT id, name, folded FROM names ORDER BY id;
  DROP TABLE names;
  ALTER TABLE renamed RENAME TO names;
  CREATE TRIGGER names_go AFTER DELETE ON names BEGIN
    DELETE FROM grams WHERE rowid = old.id AND NOT EXISTS (SELECT 1 FROM ungrammed WHERE id = old.id);
    DELETE FROM ungrammed WHERE id = old.id;
    DELETE FROM by_name WHERE name = old.name;
    DELETE FROM by_leaf WHERE leaf = old.leaf AND id = old.id;
  END;
  CREATE TRIGGER offers_go AFTER DELETE ON offers WHEN old.root IS NOT NULL BEGIN
    DELETE FROM by_root WHERE root = old.root AND peer = old.peer AND name = old.name;
  END;
  CREATE TRIGGER offers_change AFTER UPDATE OF root, size ON offers WHEN old.root IS NOT NULL BEGIN
    DELETE FROM by_root WHERE root = old.root AND peer = old.peer AND name = old.name;
  END;

  -- Offers that came, and are possibly not in those trees yet, or not their names.
  CREATE TABLE recent (
    seq  INTEGER PRIMARY KEY,
    name INTEGER NOT NULL,
    peer INTEGER NOT NULL
  ) STRICT;
  `,
];
