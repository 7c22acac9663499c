// How far a generation that runs is, stage by stage. Several stages share one pass over the
// channels, so they go on together; a job says of which pass it is and what of that is done.
import type { Progress } from './types';

const kPasses = [['source_loading', 'data_mapping', 'filtering', 'logo_caching'], ['channel_numbering', 'm3u_generation'], ['epg_generation']];

/** `done`: from 0 to 1; undefined: it runs, and nobody knows how far it is. */
export interface StageDone { name: string; done: number | undefined }

/** Its stages in their order; none for what is no stage of a generation. */
export function stagesDone(progress: Progress): StageDone[] {
  const now = progress.stage.toLowerCase().replaceAll(' ', '_');
  const running = kPasses.findIndex((pass) => pass.includes(now));
  if (running < 0) return [];
  const part = progress.total > 0 ? Math.min(1, progress.done / progress.total) : undefined;
  return kPasses.flatMap((pass, i) => pass.map((name) => ({ name, done: i < running ? 1 : i > running ? 0 : part })));
}
