// Files of people's own: their content is sent to a source that is never fetched.
import { ApiError, request } from './api';
import type { Config } from './types';

/** Nobody has this host (RFC 2606): the source's place is a name only. */
export const kUploadHost = 'uploaded.invalid';
const kTries = 20;
const kPauseMs = 300;

export const uploadConfig = (file: File): Config => ({ url: `http://${kUploadHost}/${encodeURIComponent(file.name)}`, refresh: 'manual' });

/** Sends it; a source that is being looked at for the first time is waited for. */
export async function upload(path: string, file: File): Promise<void> {
  for (let attempt = 1; ; ++attempt) {
    try {
      await request('PUT', `${path}/content`, { raw: file, headers: { 'Content-Type': 'application/octet-stream' } });
      return;
    } catch (error) {
      const busy = error instanceof ApiError && (error.status === 409 || error.status === 429 || error.status === 503);
      if (!busy || attempt === kTries) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, kPauseMs));
  }
}
