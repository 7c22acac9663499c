// The service's events: one stream a browser, however many tabs there are.
//
// A browser opens few connections to one host, so one tab holds the stream and tells the others by a
// BroadcastChannel. Which one it is, a lease in localStorage says, which works without https too.
import { apiUrl } from './api';

export type EventName = 'job' | 'source' | 'generation' | 'status' | 'alert' | 'log' | 'reset';
export const eventNames: EventName[] = ['job', 'source', 'generation', 'status', 'alert', 'log', 'reset'];
export type Listener = (data: unknown) => void;

const kLeaseKey = 'm3u-proxy.events';
const kRenewMs = 2000;
const kLeaseMs = 6000;

export interface Lease { tab: string; until: number }

/** Whether this tab may hold the stream now. */
export function mayLead(stored: string | null, tab: string, now: number): boolean {
  if (!stored) return true;
  try {
    const lease = JSON.parse(stored) as Lease;
    return lease.tab === tab || !(lease.until > now) || lease.until > now + 10 * kLeaseMs;
  } catch {
    return true;
  }
}

class Events {
  private readonly tab = `${Date.now()}-${Math.random()}`;
  private readonly channel = new BroadcastChannel('m3u-proxy');
  private readonly listeners = new Map<EventName, Set<Listener>>();
  private stream: EventSource | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private level = '';
  /** What other tabs want to read of the log, and until when they said so. */
  private readonly wishes = new Map<string, { level: string; until: number }>();

  constructor() {
    this.channel.onmessage = ({ data }: MessageEvent<{ name?: EventName; data?: unknown; wish?: { tab: string; level: string } }>) => {
      if (data.wish) this.wishes.set(data.wish.tab, { level: data.wish.level, until: Date.now() + kLeaseMs });
      else if (data.name) this.tell(data.name, data.data);
    };
    addEventListener('pagehide', () => this.stop());
  }

  start(): void {
    if (this.timer) return;
    this.timer = setInterval(() => this.renew(), kRenewMs);
    this.renew();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    if (this.stream) localStorage.removeItem(kLeaseKey);
    this.close();
  }

  /** Until the returned function is called. */
  on(name: EventName, listener: Listener): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }

  /** A new generation of a proxy, or one that may have been missed. */
  onGeneration(proxy: string | undefined, listener: () => void): () => void {
    return this.on('generation', (data) => {
      if (data === undefined || (data as { proxy?: string }).proxy === proxy) listener();
    });
  }

  /** Which lines of the log this tab wants: '' for none. */
  wantLogs(level: string): void {
    this.level = level;
    if (this.timer) this.renew();
  }

  private tell(name: EventName, data: unknown): void {
    for (const listener of this.listeners.get(name) ?? []) listener(data);
    // Some were missed: what is shown is read anew.
    if (name === 'reset') for (const missed of ['job', 'source', 'generation'] as const) this.tell(missed, undefined);
  }

  private renew(): void {
    const now = Date.now();
    if (!mayLead(localStorage.getItem(kLeaseKey), this.tab, now)) {
      this.close();
      if (this.level) this.channel.postMessage({ wish: { tab: this.tab, level: this.level } });
      return;
    }
    localStorage.setItem(kLeaseKey, JSON.stringify({ tab: this.tab, until: now + kLeaseMs } satisfies Lease));
    for (const [tab, wish] of this.wishes) if (wish.until < now) this.wishes.delete(tab);
    this.open(this.level || [...this.wishes.values()].map((wish) => wish.level).find(Boolean) || '');
  }

  private open(level: string): void {
    const url = apiUrl('/events', { logs: level });
    if (this.stream?.url === url && this.stream.readyState !== EventSource.CLOSED) return;
    this.stream?.close();
    this.stream = new EventSource(url);
    for (const name of eventNames)
      this.stream.addEventListener(name, ({ data }: MessageEvent<string>) => {
        const read: unknown = data ? JSON.parse(data) : undefined;
        this.tell(name, read);
        this.channel.postMessage({ name, data: read });
      });
  }

  private close(): void {
    this.stream?.close();
    this.stream = undefined;
  }
}

export const events = new Events();
