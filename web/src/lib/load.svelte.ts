// Something that is loaded, and loaded again; what was there stays until the new is.
import { ConnectionLost, isAbort, messageOf } from './api';

export class Loaded<T> {
  value = $state.raw<T>();
  error = $state('');
  busy = $state(false);
  private running: AbortController | undefined;

  constructor(private readonly fetcher: (signal: AbortSignal) => Promise<T>) {}

  /** The last call counts: an earlier one that is still under way is given up. */
  async reload(): Promise<void> {
    this.running?.abort();
    const controller = new AbortController();
    this.running = controller;
    this.busy = true;
    try {
      const value = await this.fetcher(controller.signal);
      if (controller.signal.aborted) return;
      this.value = value;
      this.error = '';
    } catch (error) {
      if (controller.signal.aborted || isAbort(error)) return;
      // The page says by itself that there is no connection.
      if (!(error instanceof ConnectionLost)) this.error = messageOf(error);
    }
    this.busy = false;
  }
}
