// What the API answers, as docs and api/openapi.yaml say.

export type Role = 'viewer' | 'editor' | 'admin';
export interface User { id: string; name: string; role: Role; disabled?: boolean; created?: string; last_login?: string | null; revision?: number }
export interface SessionInfo { user: User; csrf_token: string; expires: string; version: string }
export interface List<T> { items: T[]; next_cursor: string | null; total?: number }

export type Config = Record<string, unknown>;
export interface Entity<S = undefined> {
  id: string;
  name: string;
  position: number;
  revision: number;
  managed_by: 'file' | 'user' | 'example';
  created: string;
  updated: string;
  config: Config;
  status: S;
}

export interface Account { status: string; expires: string | null; max_connections: number | null; active_connections: number | null }
export interface SourceStatus {
  state: 'fresh' | 'stale' | 'failed' | 'never' | 'quarantined' | 'running';
  items: number | null;
  bytes: number | null;
  fetched: string | null;
  confirmed: string | null;
  next: string | null;
  failures: number;
  error: string | null;
  quarantined: { items: number; replies: number; was: number } | null;
  account?: Account | null;
}
export type Source = Entity<SourceStatus>;
export interface Validation {
  usable: boolean;
  format: string;
  bytes: number;
  items: number;
  groups: { name: string; count: number }[];
  guides: string[];
  problems: { severity: string; message: string; count: number }[];
  account: Account | null;
}
/** What a reply that waits would change; `items`: the first of each kind. */
export interface ReplyComparison { was: number; is: number; added: number; removed: number; changed: number; items: Change[] }
export interface SnapshotRow { fetched: string | null; items: number; bytes: number; state: string }

export interface ProxyStatus {
  /** 0: nothing was made yet. */
  generation: number;
  created: string | null;
  channels: number;
  programmes: number;
  /** A roll back holds it. */
  held: boolean;
  /** Newer generations that wait for its release. */
  candidates: number;
  /** null: not for who asks. */
  playlist_url: string | null;
  guide_url: string | null;
}
export type Proxy = Entity<ProxyStatus>;
export interface Generation {
  number: number;
  state: string;
  created: string;
  channels: number;
  programmes: number;
  added: number | null;
  removed: number | null;
  changed: number | null;
  files: { name: string; bytes: number }[];
}
export type Values = Record<string, string | number | boolean | null>;
export interface Change { change: 'added' | 'removed' | 'changed'; id?: string; name: string; before?: Values | null; after?: Values | null }
export interface Diff { from: number; to: number; added: number; removed: number; changed: number; items: Change[]; next_cursor: string | null }
export interface OutputToken { id: string; name: string; created: string | null; expires: string | null; last_used?: string | null }
export interface NewOutputToken extends OutputToken { token: string; playlist_url: string; guide_url: string }

export interface Impact { id: string; name: string; channels_before: number; channels_after: number; added: number; removed: number; changed: number; samples: Change[] }

export interface Show { title: string; start: string; stop: string | null }
export interface Channel {
  row: number;
  id: string;
  number: string | number | null;
  name: string;
  group: string;
  logo: string;
  guide_id: string;
  guide_name?: string | null;
  source: string;
  url?: string;
  edited: boolean;
  hidden?: boolean;
  now?: Show | null;
  next?: Show | null;
}
export interface ChannelPage { generation: number; settings_revision: number; total: number; total_is_exact: boolean; items: Channel[]; next_cursor: string | null }
export interface Edit {
  channel: string;
  proxy?: string | null;
  /** As players show it: "7", "7.1". */
  number?: string | null;
  name?: string | null;
  group?: string | null;
  logo?: string | null;
  guide_id?: string | null;
  hidden?: boolean | null;
  place?: { before?: string | null; after?: string | null } | null;
  managed_by?: 'file' | 'user';
  revision?: number;
  updated?: string;
  /** Since when its source does not have the channel. */
  missing_since?: string | null;
}

export interface BulkEdit {
  dry_run: boolean;
  channels: number;
  made: 'edits' | 'rule' | 'filter';
  rule: { id?: string; name: string; expression: string } | null;
  /** Each edit that was made, with what was before. */
  items?: { channel: string; revision: number; before: Edit | null }[];
  proxies?: Impact[];
}

export interface OwnLogo { id: string; name: string; /** What a channel names it by. */ logo: string; type: string; bytes: number }

export interface Backup { name: string; created?: string; bytes: number; secrets?: 'passphrase' | 'key'; with_snapshots?: boolean; /** Only of one that was just made. */ missing?: number; missing_names?: string[] }
/** What came of an archive, or would. */
export interface Restored { program: string; created: string; rows: number; /** Sources whose accounts have to be entered again. */ without_secrets: number }

export interface Programme {
  title: string;
  subtitle?: string;
  start: string;
  /** null: it is not known. */
  stop: string | null;
  categories?: string[];
  description?: string;
  is_new?: boolean;
  is_live?: boolean;
}
export interface ChannelProgrammes { channel: string; guide_id: string; programmes: Programme[] }
export interface GuideChannel { id: string; names: string[]; source: string; programmes: number }

export interface ExplainStep {
  kind: 'source' | 'rule' | 'edit' | 'filter' | 'number' | 'guide' | 'duplicate';
  name: string;
  id?: string;
  matched: boolean;
  verdict?: string;
  text: string;
  before?: Values;
  after?: Values;
}
export interface Explanation {
  found: 'published' | 'filtered' | 'hidden' | 'duplicate' | 'not_in_sources';
  channel: Channel | null;
  source: { id?: string; name: string } | null;
  steps: ExplainStep[];
  guide: { id: string; text?: string; matched_by?: string | null; /** false: guides are still being read. */ candidates_are_whole?: boolean; candidates?: { id: string; name: string; source: string; how: string }[] } | null;
  candidates?: Channel[];
}

export type AppliesTo = 'channels' | 'programmes' | 'guide_channels';
export type Kind = 'filter' | 'rule';
export interface ExpressionError { message: string; /** What could stand there instead; '' where nothing is near. */ hint: string; start: number; end: number; line: number; column: number }
export interface ExpressionCheck { valid: boolean; errors: ExpressionError[]; tokens: { start: number; end: number; class: string }[] }
export interface Completion { from: number; to: number; items: { label: string; class: string; detail?: string; count?: number }[] }
export interface ExpressionTest {
  evaluated: number;
  matched: number;
  seconds: number;
  items: { title: string; group?: string; source?: string; before: Values; after: Values }[];
}

/** `done` and `total` are bytes of what is read; total 0: not known. */
export interface Progress { stage: string; items: number; items_total?: number; done: number; total: number }
export interface Job {
  id: string;
  kind: string;
  target: string;
  target_name: string;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  created: string | null;
  started: string | null;
  finished: string | null;
  attempts: number;
  error: string | null;
  progress: Progress | null;
}
export interface Status {
  version: string;
  uptime_s: number;
  ready: boolean;
  database: string;
  memory: {
    rss_mb: number | null;
    used_mb: number;
    peak_mb: number;
    limit_mb: number | null;
    pressure: string;
    tags: { name: string; used_mb: number; peak_mb: number }[];
    spill: { used_mb: number; peak_mb: number; written_mb: number; files: number };
  };
  /** The newest first. */
  cleanups: Cleanup[];
  jobs: { queued: number; running: Job[] };
  disk: { free_mb: number | null; used_mb: number | null };
  /** What is not over. */
  alerts: Alert[];
  http: { connections: number; requests: number };
}
export interface Cleanup { at: string; stage: string; strategy: string; reason: string; freed_mb: number; items: number; duration_ms: number }
/** `about`: the name of a source, of a proxy. */
export interface Alert { cause: string; about: string; since: string; message: string }
export interface RunStage { name: string; seconds: number; peak_mb: number; items: number }
/** What is null is not known of a run that failed; `limit_mb`: there was no limit. */
export interface RunRow {
  job: string;
  state: string;
  error: string | null;
  started: string;
  finished: string;
  seconds: number;
  channels: number | null;
  programmes: number | null;
  peak_mb: number | null;
  limit_mb: number | null;
  spilled_mb: number | null;
  stages: RunStage[];
}

export type SettingType = 'text' | 'integer' | 'number' | 'boolean' | 'duration' | 'share' | 'size' | 'choice' | 'names' | 'list' | 'table';
export interface SettingKey {
  /** "service.refresh". */
  key: string;
  section: string;
  name: string;
  type: SettingType;
  least?: number | null;
  most?: number | null;
  choices?: string[];
  /** What holds without anybody's word, what holds now, and what holds from the next start on. */
  default: unknown;
  value: unknown;
  saved: unknown;
  source: 'command_line' | 'environment' | 'file' | 'database' | 'default';
  applies: 'at_once' | 'restart';
  editable: boolean;
  secret: boolean;
}
export interface Settings { revision: number; updated: string | null; /** What is saved here, by section. */ config: Record<string, unknown>; keys: SettingKey[]; restart_needed: string[] }
export interface SettingsTrial { dry_run: boolean; changed: string[]; restart_needed: string[]; proxies: { id: string; name: string }[] }

export interface PluginStage { stage: string; generations: number; calls: number; items_in: number; items_out: number; failures: number; replaced: number; seconds: number; peak_mb: number; last_failure: string | null }
export interface Plugin {
  name: string;
  version: string;
  state: 'ready' | 'quarantined' | 'disabled' | 'unusable';
  error: string | null;
  file: string;
  stages: string[];
  position: string;
  parallel: boolean;
  on_failure: string;
  permissions: string[];
  memory: { min_mb: number; max_mb: number; limit_mb: number; streaming: boolean };
  description: string;
  author: string;
  license: string;
  generations: number;
  calls: number;
  failures: number;
  seconds: number;
  peak_mb: number;
  profile: PluginStage[];
}
export interface PluginList { enabled: boolean; folder: string; items: Plugin[] }
export interface PluginReload { loaded: string[]; removed: string[]; unchanged: string[]; failed: { file: string; message: string; kept: boolean }[] }
