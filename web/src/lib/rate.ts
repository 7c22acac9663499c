// How fast something goes, of what is known of the last seconds.

const kWindowMs = 8000;
const kLeastMs = 400;

export class Rate {
  private samples: { at: number; done: number }[] = [];

  /** So much is done at `now`; gives how much a second, undefined while too little is known. */
  add(done: number, now: number): number | undefined {
    const last = this.samples.at(-1);
    if (last && done < last.done) this.samples = [];
    this.samples = [...this.samples.filter((one) => now - one.at <= kWindowMs), { at: now, done }];
    const first = this.samples[0];
    if (!first || now - first.at < kLeastMs || done === first.done) return undefined;
    return ((done - first.done) * 1000) / (now - first.at);
  }
}

/** Seconds until all is done; undefined where that is not known. */
export function remaining(done: number, total: number, perSecond: number | undefined): number | undefined {
  return perSecond && total > done ? (total - done) / perSecond : undefined;
}
