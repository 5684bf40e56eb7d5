// Every SQL text of the engine, named by what it is for. Keys are BLOBs of UTF-8, so that SQLite's byte order is the order
// of keys and lone surrogates cannot fold two keys into one. `value` is the last column: what stands before it is read
// without touching the overflow pages of a large value.

const INFO = "id, revision, created_at, modified_at, expires_at, content_type, form, checksum, length(value) as size";
const ENTRY = `${INFO}, value`;

/**
 * What a store is created with: format 1, which MIGRATIONS then bring up to date. A stored format, to the letter but for blanks: a store
 * whose definitions are others is refused as damaged. What is to be otherwise takes another migration.
 */
export const SCHEMA = [
  // One row: what must be known to go on where the last commit ended.
  `create table state (
     id integer primary key check (id = 1),
     incarnation text not null,
     revision integer not null,
     sequence integer not null,
     entries integer not null,
     highest_instant integer not null,
     is_clean integer not null
   ) strict`,
  // With a rowid, so that values lie apart from the tree that is searched (docs/adr/0006).
  `create table entries (
     id integer primary key,
     key blob not null unique,
     revision integer not null,
     created_at integer not null,
     modified_at integer not null,
     expires_at integer,
     form integer not null,
     checksum integer not null,
     content_type text not null,
     value blob not null
   ) strict`,
  // Partial: entries that never end cost nothing.
  `create index entries_by_end on entries (expires_at) where expires_at is not null`,
  `create table changes (
     sequence integer primary key,
     revision integer not null,
     kind integer not null,
     logged_at integer not null,
     key blob not null
   ) strict`,
] as const;

/** What brings a store of one format to the next, by the format that it brings about. As SCHEMA, to the letter. */
export const MIGRATIONS: Readonly<Record<number, readonly string[]>> = {
  2: [
    "alter table state add column records integer not null default 0",
    "alter table state add column record_bytes integer not null default 0",
    `create table idempotency_records (
       sequence integer primary key,
       id blob not null unique,
       fingerprint blob not null,
       asked_at integer not null,
       checksum integer not null,
       done text not null
     ) strict`,
  ],
  3: [
    `create table tokens (
       sequence integer primary key,
       id text not null unique,
       checksum integer not null,
       record text not null
     ) strict`,
  ],
  // What they are to be is reckoned by sealState() and sealChanges().
  4: [
    "alter table state add column checksum integer not null default 0",
    "alter table changes add column checksum integer not null default 0",
  ],
};

export const SQL = {
  createState: `
    insert into state (id, incarnation, revision, sequence, entries, highest_instant, is_clean)
    values (1, ?, 0, 0, 0, ?, 1)`,
  readState: `
    select incarnation, revision, sequence, entries, records, record_bytes, highest_instant, is_clean, checksum
    from state
    where id = 1`,
  writeState: `
    update state
    set revision = ?, sequence = ?, entries = ?, records = ?, record_bytes = ?, highest_instant = ?, checksum = ?
    where id = 1`,
  sealState: `
    update state
    set checksum = ?
    where id = 1`,
  markClean: `
    update state
    set is_clean = ?
    where id = 1`,

  oneInfo: `
    select ${INFO}
    from entries
    where key = ?`,
  oneEntry: `
    select ${ENTRY}
    from entries
    where key = ?`,
  insertEntry: `
    insert into entries (key, revision, created_at, modified_at, expires_at, form, checksum, content_type, value)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  // By the id that was just read, which spares a search of the keys and the question whether there is a conflict.
  updateEntry: `
    update entries
    set revision = ?, created_at = ?, modified_at = ?, expires_at = ?, form = ?, checksum = ?, content_type = ?, value = ?
    where id = ?`,
  touchEntry: `
    update entries
    set expires_at = ?, checksum = ?
    where id = ?`,
  deleteEntry: `
    delete from entries
    where id = ?`,
  // By rowid, so that the row's own key is compared, and not what the index of keys has for it.
  hasKey: `
    select 1 as found
    from entries
    where id = ? and +key = ?`,
  entryOfId: `
    select key, ${ENTRY}
    from entries
    where id = ?`,
  endedIds: `
    select id
    from entries
    where expires_at is not null and expires_at <= ?
    order by expires_at
    limit ?`,
  // It follows from the rows alone.
  rebuildEnds: `
    reindex entries_by_end`,
  countEnded: `
    select count(*) as ended
    from entries
    where expires_at is not null and expires_at <= ?`,

  keysForward: `
    select id, key, expires_at
    from entries
    where key >= ? and key < ?
    order by key
    limit ?`,
  keysBackward: `
    select key, expires_at
    from entries
    where key >= ? and key < ?
    order by key desc
    limit ?`,
  infosForward: `
    select key, ${INFO}
    from entries
    where key >= ? and key < ?
    order by key
    limit ?`,
  infosBackward: `
    select key, ${INFO}
    from entries
    where key >= ? and key < ?
    order by key desc
    limit ?`,
  entriesForward: `
    select key, ${ENTRY}
    from entries
    where key >= ? and key < ?
    order by key
    limit ?`,
  entriesBackward: `
    select key, ${ENTRY}
    from entries
    where key >= ? and key < ?
    order by key desc
    limit ?`,

  logChange: `
    insert into changes (sequence, revision, kind, logged_at, key, checksum)
    values (?, ?, ?, ?, ?, ?)`,
  sealChange: `
    update changes
    set checksum = ?
    where sequence = ?`,
  changesAfter: `
    select sequence, revision, kind, logged_at, key, checksum
    from changes
    where sequence > ? and sequence <= ?
    order by sequence
    limit ?`,
  oldestChanges: `
    select sequence, logged_at
    from changes
    order by sequence
    limit ?`,
  trimChanges: `
    delete from changes
    where sequence <= ?`,
  dropChanges: `
    delete from changes`,
  dropChangesBeyond: `
    delete from changes
    where sequence > ?`,

  oneRecord: `
    select sequence, fingerprint, asked_at, checksum, done
    from idempotency_records
    where id = ?`,
  insertRecord: `
    insert into idempotency_records (id, fingerprint, asked_at, checksum, done)
    values (?, ?, ?, ?, ?)`,
  dropRecord: `
    delete from idempotency_records
    where sequence = ?`,
  oldestRecords: `
    select sequence, asked_at, octet_length(done) as size
    from idempotency_records
    order by sequence
    limit ?`,
  trimRecords: `
    delete from idempotency_records
    where sequence <= ?`,
  recordsAfter: `
    select sequence, fingerprint, asked_at, checksum, done
    from idempotency_records
    where sequence > ?
    order by sequence
    limit ?`,

  everyToken: `
    select id, checksum, record
    from tokens
    order by sequence`,
  putToken: `
    insert into tokens (id, checksum, record)
    values (?, ?, ?)
    on conflict (id) do update
    set checksum = excluded.checksum, record = excluded.record`,
  dropToken: `
    delete from tokens
    where id = ?`,
} as const;

/** Of copies, their checks and their way back: they read everything on connections of their own, and nobody waits for them. */
export const COPY_SQL = {
  schema: `
    select type, name, sql
    from sqlite_schema
    where sql is not null and name not like 'sqlite\\_%' escape '\\'
    order by rowid`,
  wholeSchema: `
    select type, name, tbl_name, sql
    from sqlite_schema
    where tbl_name <> 'backup'
    order by type, name`,
  tables: `
    select name, wr as without_rowid
    from pragma_table_list
    where schema = 'main' and type = 'table' and name not like 'sqlite\\_%' escape '\\'
    order by name`,
  everyEntry: `
    select key, ${ENTRY}
    from entries
    order by key`,
  entriesAfter: `
    select key, ${ENTRY}
    from entries
    where key > ?
    order by key`,
  // Columns that every format has.
  readLife: `
    select incarnation, revision, entries, highest_instant
    from state
    where id = 1`,
  // With the columns that the format at hand has.
  readState: `
    select *
    from state
    where id = 1`,
  lastChange: `
    select max(sequence) as last
    from changes`,
  everyChange: `
    select sequence, revision, kind, logged_at, key, checksum
    from changes
    order by sequence`,
  everyRecord: `
    select sequence, fingerprint, asked_at, checksum, done
    from idempotency_records
    order by sequence`,
  // A stored format to the letter, blanks included: a check compares it (docs/formats.md).
  createBackup: `
    create table backup (
      id integer primary key check (id = 1),
      digest blob not null
    ) strict`,
  insertBackup: `
    insert into backup (id, digest)
    values (1, ?)`,
  backupSchema: `
    select sql
    from sqlite_schema
    where type = 'table' and name = 'backup'`,
  readBackup: `
    select digest
    from backup
    where id = 1`,
  readNumbers: `
    select revision, sequence
    from state
    where id = 1`,
  forgetChanges: `
    delete from changes`,
  dropBackup: `
    drop table backup`,
  restoreState: `
    update state
    set incarnation = ?, revision = revision + ?, sequence = sequence + ?, is_clean = 1
    where id = 1`,
} as const;
