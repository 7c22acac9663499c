// The loaded parts of a list that is too long to load: blocks, of which the longest unused goes first.

export interface Loaded<T> { total: number; items: T[] }

export class Blocks<T> {
  total = 0;
  private readonly blocks = new Map<number, T[]>();
  private readonly loading = new Map<number, AbortController>();

  constructor(
    private readonly load: (from: number, limit: number, signal: AbortSignal) => Promise<Loaded<T>>,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
    readonly size = 200,
    private readonly most = 24,
  ) {}

  /** The row, or undefined while it is on its way. */
  at(index: number): T | undefined {
    return this.blocks.get(Math.floor(index / this.size))?.[index % this.size];
  }

  /** Loads what is missing of these rows; what is on its way and out of view now is left alone. */
  need(first: number, count: number): void {
    const from = Math.floor(first / this.size);
    const to = Math.floor(Math.max(first, first + count - 1) / this.size);
    for (const [block, controller] of this.loading)
      if (block < from || block > to) {
        controller.abort();
        this.loading.delete(block);
      }
    for (let block = from; block <= to; ++block) {
      const rows = this.blocks.get(block);
      if (rows) {
        this.blocks.delete(block);
        this.blocks.set(block, rows);
      } else if (!this.loading.has(block)) void this.fetch(block);
    }
  }

  /** Gives up what is on its way. */
  abandon(): void {
    for (const controller of this.loading.values()) controller.abort();
    this.loading.clear();
  }

  private async fetch(block: number): Promise<void> {
    const controller = new AbortController();
    this.loading.set(block, controller);
    try {
      const { total, items } = await this.load(block * this.size, this.size, controller.signal);
      if (controller.signal.aborted) return;
      this.loading.delete(block);
      this.total = total;
      this.blocks.set(block, items);
      for (const oldest of this.blocks.keys()) {
        if (this.blocks.size <= this.most) break;
        this.blocks.delete(oldest);
      }
      this.changed();
    } catch (error) {
      if (controller.signal.aborted) return;
      this.loading.delete(block);
      this.failed(error);
    }
  }
}
