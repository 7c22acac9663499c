// The service's settings while they are edited. What was typed stays while one goes to other pages.
import { ApiError, messageOf, request } from './api';
import { saidIn, same, withChanges, withoutChange } from './setting_values';
import type { SettingKey, Settings, SettingsTrial } from './types';

type Trouble = { field?: string; message: string; hint?: string };
const sentence = (trouble: Trouble): string => [trouble.message, trouble.hint].filter(Boolean).join(' – ');
/** Whether a field is a key's own, or within it. */
export function isOf(field: string | undefined, key: string): boolean {
  const name = (field ?? '').replace(/^config\./, '');
  return name === key || name.startsWith(`${key}.`) || name.startsWith(`${key}[`);
}

class SettingsDraft {
  loaded = $state.raw<Settings>();
  /** What was typed, by key; undefined: back to the default. */
  changes = $state.raw<ReadonlyMap<string, unknown>>(new Map());
  trial = $state.raw<SettingsTrial>();
  busy = $state(false);
  error = $state('');
  /** Somebody else has saved something since these were loaded, and these keys of it were typed here too. */
  theirs = $state.raw<{ keys: string[] }>();
  private problem = $state.raw<ApiError>();
  private etag: string | null = null;

  value(key: SettingKey): unknown {
    if (!this.changes.has(key.key)) return key.saved;
    return this.changes.get(key.key) ?? key.default;
  }
  set(key: SettingKey, value: unknown): void {
    const next = new Map(this.changes);
    if (same(value, key.saved) || (value === undefined && key.source !== 'database')) next.delete(key.key);
    else next.set(key.key, value);
    this.changes = next;
    this.trial = undefined;
  }
  discard(): void {
    this.changes = new Map();
    this.trial = this.problem = this.theirs = undefined;
    this.error = '';
  }
  /** What the service says is wrong with a key. */
  wrong(key: string): string {
    const found = this.problem?.problem.errors?.find((one) => isOf(one.field, key));
    return found ? sentence(found) : '';
  }
  /** What is wrong with no single key. */
  get otherTroubles(): string[] {
    const errors = this.problem?.problem.errors ?? [];
    return errors.filter((one) => !this.loaded?.keys.some((key) => isOf(one.field, key.key))).map(sentence);
  }

  async load(): Promise<void> {
    await this.attempt(async () => {
      await this.seeTheirs();
      if (!this.theirs?.keys.length) this.theirs = undefined;
    });
  }
  async look(): Promise<void> {
    this.trial = await this.attempt(async () => (await this.put<SettingsTrial>(true)).data);
  }
  /** Whether it is saved; the way back, if so. */
  async save(): Promise<(() => Promise<void>) | undefined> {
    const before = new Map([...this.changes.keys()].map((key) => [key, saidIn(this.loaded?.config, key)]));
    return this.attempt(async () => {
      this.take(await this.put<Settings>(false));
      this.discard();
      return () => this.putBack(before);
    });
  }
  private put<T>(dry: boolean): ReturnType<typeof request<T>> {
    return request<T>('PUT', '/settings', { body: { config: withChanges(this.loaded?.config ?? {}, this.changes) }, ifMatch: this.etag, query: { dry_run: dry || undefined } });
  }
  /** These keys alone: what was saved since stays. */
  private async putBack(before: ReadonlyMap<string, unknown>): Promise<void> {
    const now = await request<Settings>('GET', '/settings');
    this.take(await request<Settings>('PUT', '/settings', { body: { config: withChanges(now.data.config, before) }, ifMatch: now.etag }));
  }
  private take(answer: { data: Settings; etag: string | null }): void {
    this.loaded = answer.data;
    this.etag = answer.etag;
  }
  private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.busy = true;
    this.error = '';
    this.problem = this.theirs = undefined;
    try {
      return await work();
    } catch (error) {
      if (error instanceof ApiError && error.conflict) await this.seeTheirs().catch((lost: unknown) => (this.error = messageOf(lost)));
      else this.error = messageOf(error);
      if (error instanceof ApiError) this.problem = error;
      return undefined;
    } finally {
      this.busy = false;
    }
  }
  /** Loads what the other one saved; what was typed here stays beside it. */
  private async seeTheirs(): Promise<void> {
    const before = new Map(this.loaded?.keys.map((one) => [one.key, one.saved]));
    this.take(await request<Settings>('GET', '/settings'));
    const keys = (this.loaded?.keys ?? []).filter((one) => this.changes.has(one.key) && !same(before.get(one.key), one.saved)).map((one) => one.key);
    this.theirs = { keys };
  }
}

export const settings = new SettingsDraft();

/** Changes one key at once, over what is saved now; gives the way back, and whether it waits for the next start. */
export async function changeSetting(key: string, change: (saved: unknown) => unknown): Promise<{ back: () => Promise<void>; waits: boolean }> {
  const { data, etag } = await request<Settings>('GET', '/settings');
  const put = (value: unknown, base: Settings, tag: string | null): ReturnType<typeof request<Settings>> =>
    request<Settings>('PUT', '/settings', { body: { config: withChanges(base.config, new Map([[key, value]])) }, ifMatch: tag });
  const before = saidIn(data.config, key);
  const wanted = change(data.keys.find((one) => one.key === key)?.saved);
  const after = await put(wanted, data, etag);
  return {
    waits: after.data.restart_needed.includes(key),
    back: async () => {
      const now = await request<Settings>('GET', '/settings');
      await put(withoutChange(saidIn(now.data.config, key), before, wanted), now.data, now.etag);
    },
  };
}
