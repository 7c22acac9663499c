// The way to the API: one function for every request, so that a session that ran out, a connection
// that broke and a conflict are dealt with in one place.

/** What the API says when it does not do what it was asked for (RFC 9457). */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  hint?: string;
  errors?: { field?: string; code?: string; message: string; hint?: string }[];
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super([problem.detail ?? problem.title, problem.hint].filter(Boolean).join(' – '));
  }
  /** Somebody else changed the thing meanwhile. */
  get conflict(): boolean {
    return this.status === 412;
  }
  /** What is wrong with one field, if it is that. */
  of(field: string): string | undefined {
    const found = this.problem.errors?.find((error) => error.field === field || error.field === `config.${field}`);
    return found && [found.message, found.hint].filter(Boolean).join(' – ');
  }
}

/** There was no answer at all. */
export class ConnectionLost extends Error {}

export interface Answer<T> {
  data: T;
  etag: string | null;
  status: number;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined | null>;
  body?: unknown;
  /** Sent as it is, with its own type. */
  raw?: Blob;
  ifMatch?: string | null;
  ifNoneMatch?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** What the page does about a session that ran out and a connection that comes and goes. */
export interface Hooks {
  csrf(): string;
  /** Resolves once somebody has signed in again; the request is then sent a second time. */
  signInAgain(): Promise<void>;
  lost(): void;
  back(): void;
}

let hooks: Hooks | undefined;
export function useHooks(given: Hooks): void {
  hooks = given;
}

/** Where the service is: the page is at …/ui/, so that any reverse proxy may put both below a path. */
export const base = (): URL => new URL('..', document.baseURI.replace(/[?#].*$/, ''));

export function apiUrl(path: string, query: RequestOptions['query'] = {}): string {
  const url = new URL(`api/v1${path}`, base());
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value));
  return url.href;
}

let revision = 0;
/** The settings' revision after the last change that was made here: what was changed is in every
 *  generation whose own is not smaller. */
export const changedUpTo = (): number => revision;

const kSafe = new Set(['GET', 'HEAD']);

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    const read = JSON.parse(text) as Problem;
    if (typeof read.title === 'string' || typeof read.detail === 'string') return read;
  } catch {
    // A reverse proxy's own page, or a line of text.
  }
  return { title: response.statusText || `HTTP ${response.status}`, status: response.status, detail: text.startsWith('<') ? undefined : text.trim().slice(0, 300) || undefined };
}

async function send(method: string, path: string, options: RequestOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  if (!kSafe.has(method)) headers['X-CSRF-Token'] = hooks?.csrf() ?? '';
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.ifMatch) headers['If-Match'] = options.ifMatch;
  if (options.ifNoneMatch) headers['If-None-Match'] = options.ifNoneMatch;
  try {
    const response = await fetch(apiUrl(path, options.query), {
      method,
      headers,
      body: options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      signal: options.signal,
      credentials: 'same-origin',
      cache: 'no-store',
    });
    hooks?.back();
    revision = Math.max(revision, Number(response.headers.get('Settings-Revision')));
    return response;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    hooks?.lost();
    throw new ConnectionLost();
  }
}

export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  let response = await send(method, path, options);
  if (response.status === 401 && hooks && !path.startsWith('/session') && path !== '/setup') {
    await hooks.signInAgain();
    response = await send(method, path, options);
  }
  if (!response.ok) throw new ApiError(response.status, await problemOf(response));
  const text = response.status === 204 ? '' : await response.text();
  return { data: (text ? JSON.parse(text) : undefined) as T, etag: response.headers.get('ETag'), status: response.status };
}

export const get = async <T>(path: string, query?: RequestOptions['query'], signal?: AbortSignal): Promise<T> =>
  (await request<T>('GET', path, { query, signal })).data;
export const post = async <T>(path: string, body?: unknown, options: RequestOptions = {}): Promise<T> =>
  (await request<T>('POST', path, { body, ...options })).data;
export const put = async <T>(path: string, body: unknown, options: RequestOptions = {}): Promise<T> =>
  (await request<T>('PUT', path, { body, ...options })).data;
export const remove = async (path: string, options: RequestOptions = {}): Promise<void> => {
  await request('DELETE', path, options);
};

/** What went wrong, as one sentence for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';
