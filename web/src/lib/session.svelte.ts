// Who is signed in, whether the service can be reached, and what to do when that changes.
import { ApiError, get, post, request, useHooks } from './api';
import type { Role, SessionInfo } from './types';

const kRetryMs = 2000;

export const session = $state<{
  info: SessionInfo | null;
  /** Whether it is known who is signed in. */
  known: boolean;
  setupNeeded: boolean;
  /** The session ran out while a page was in use: it stays behind a question for the password. */
  expired: boolean;
  lost: boolean;
  /** Counts how often the service came back; what depends on it is loaded again. */
  returns: number;
}>({ info: null, known: false, setupNeeded: false, expired: false, lost: false, returns: 0 });

const kRank: Record<Role, number> = { viewer: 0, editor: 1, admin: 2 };
export const may = (role: Role): boolean => kRank[session.info?.user.role ?? 'viewer'] >= kRank[role];

let waiting: (() => void)[] = [];
let knocking: ReturnType<typeof setTimeout> | undefined;

function knock(): void {
  knocking = setTimeout(() => {
    request('GET', '/session').catch((error: unknown) => {
      if (!(error instanceof ApiError) && session.lost) knock();
    });
  }, kRetryMs);
}

useHooks({
  csrf: () => session.info?.csrf_token ?? '',
  signInAgain: () => {
    session.expired = true;
    return new Promise((resolve) => waiting.push(resolve));
  },
  lost: () => {
    if (session.lost) return;
    session.lost = true;
    knock();
  },
  back: () => {
    if (!session.lost) return;
    clearTimeout(knocking);
    session.lost = false;
    session.returns += 1;
  },
});

function enter(info: SessionInfo): void {
  session.info = info;
  session.expired = false;
  session.setupNeeded = false;
  const resume = waiting;
  waiting = [];
  for (const go of resume) go();
}

export async function loadSession(): Promise<void> {
  try {
    enter(await get<SessionInfo>('/session'));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    session.info = null;
    session.setupNeeded = (await get<{ needed: boolean }>('/setup')).needed;
  }
  session.known = true;
}

export async function signIn(name: string, password: string): Promise<void> {
  enter(await post<SessionInfo>('/session', { name, password }));
}
export async function setUp(token: string, name: string, password: string): Promise<void> {
  enter(await post<SessionInfo>('/setup', { token, name, password }));
}
export async function signOut(): Promise<void> {
  await request('DELETE', '/session');
  session.info = null;
  location.hash = '#/';
}
