// A thing that is being edited: what was loaded, what was typed, and what to do when somebody else
// was faster.
import { ApiError, messageOf, post, request } from './api';
import type { Config, Entity, Impact } from './types';

export type EntityKind = 'sources' | 'epg-sources' | 'filters' | 'rules' | 'proxies';

/** Keys without a value are left out: the service's own defaults hold. */
export function tidied(config: Config): Config {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== '' && value !== undefined && value !== null));
}

export class Draft {
  name = $state('');
  config = $state<Config>({});
  busy = $state(false);
  error = $state('');
  /** The thing was changed by somebody else since it was loaded. */
  conflict = $state(false);
  impacts = $state<Impact[]>();
  private loaded = $state('');
  private problem = $state.raw<ApiError>();
  private etag = '';

  constructor(
    readonly kind: EntityKind,
    readonly entity?: Entity<unknown>,
    start: { name?: string; config?: Config } = {},
  ) {
    this.take(entity?.name ?? start.name ?? '', entity?.config ?? start.config ?? {}, entity?.revision ?? 0);
    if (!entity) this.loaded = '';
  }

  get dirty(): boolean {
    return this.loaded === '' ? this.name !== '' : JSON.stringify([this.name, this.config]) !== this.loaded;
  }
  get locked(): boolean {
    return this.entity?.managed_by === 'file';
  }
  text(key: string): string {
    const value = this.config[key];
    return value === undefined || value === null ? '' : String(value);
  }
  list(key: string): string[] {
    const value = this.config[key];
    return Array.isArray(value) ? (value as string[]) : [];
  }
  wrong(field: string): string | undefined {
    return this.problem?.of(field);
  }

  /** The saved thing; undefined when it could not be saved, and `error` or `conflict` says why. */
  async save(): Promise<Entity<unknown> | undefined> {
    return this.attempt(async () => {
      const body = this.body();
      const answer = this.entity
        ? await request<Entity<unknown>>('PUT', `/${this.kind}/${this.entity.id}`, { body, ifMatch: this.etag })
        : await request<Entity<unknown>>('POST', `/${this.kind}`, { body });
      this.loaded = JSON.stringify([this.name, this.config]);
      return answer.data;
    });
  }
  /** What saving would do, as `work` finds it out. */
  async look(work: () => Promise<Impact[]>): Promise<void> {
    this.impacts = (await this.attempt(work)) ?? this.impacts;
  }
  /** Takes what the other one saved; what was typed here goes. */
  async takeTheirs(): Promise<void> {
    await this.attempt(async () => {
      const { data } = await request<Entity<unknown>>('GET', `/${this.kind}/${this.entity?.id}`);
      this.take(data.name, data.config, data.revision);
    });
  }
  /** Saves over what the other one saved. */
  async keepMine(): Promise<Entity<unknown> | undefined> {
    const theirs = await this.attempt(async () => (await request<Entity<unknown>>('GET', `/${this.kind}/${this.entity?.id}`)).data);
    if (!theirs) return undefined;
    this.etag = `"${theirs.revision}"`;
    return this.save();
  }

  body(): { name: string; config: Config } {
    return { name: this.name.trim(), config: tidied($state.snapshot(this.config)) };
  }
  private take(name: string, config: Config, revision: number): void {
    this.name = name;
    this.config = structuredClone($state.snapshot(config));
    this.etag = `"${revision}"`;
    this.loaded = JSON.stringify([name, config]);
    this.conflict = false;
  }
  private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.busy = true;
    this.error = '';
    this.problem = undefined;
    this.conflict = false;
    try {
      return await work();
    } catch (error) {
      if (error instanceof ApiError && error.conflict) this.conflict = true;
      else this.error = messageOf(error);
      if (error instanceof ApiError) this.problem = error;
      return undefined;
    } finally {
      this.busy = false;
    }
  }
}

/** Makes a deleted thing again, for an undo. */
export const makeAgain = (kind: EntityKind, entity: Entity<unknown>): Promise<unknown> => post(`/${kind}`, { name: entity.name, config: entity.config });
