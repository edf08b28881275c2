// The control interface of the peer whose own host this is: everything that is not the registry's.
import type {
  Download,
  DownloadChange,
  Folders,
  Limits,
  NewDownload,
  OfferedPage,
  Preview,
  Settings,
  ShareState,
} from '../../../src/protocol/control.ts';
import { call, CallError, type CallOptions } from './call.ts';

const BASE = '/control/v1';
export const STATE_EVENTS_PATH = `${BASE}/events`;

export function piecesPath(id: string): string {
  return `${BASE}/downloads/${id}/pieces`;
}

/** Whether this page comes from a peer's own host; else it comes from a registry. @throws CallError */
export async function isPeerHost(signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await call<{ service?: unknown } | undefined>(BASE, { signal });
    return answer?.service === 'sp2p-peer';
  } catch (error) {
    if (error instanceof CallError && error.status >= 400 && error.status < 500) return false;
    throw error;
  }
}

/** The calls that need the token, all with the same one. */
export function controlCalls(token: string) {
  const ask = <T>(path: string, options: CallOptions = {}) =>
    call<T>(`${BASE}${path}`, { ...options, token });
  return {
    addDownload: (body: NewDownload) => ask<Download>('/downloads', { method: 'POST', body }),
    changeDownload: (id: string, body: DownloadChange) =>
      ask<Download>(`/downloads/${id}`, { method: 'PATCH', body }),
    removeDownload: (id: string) => ask<undefined>(`/downloads/${id}`, { method: 'DELETE' }),
    openFolder: (id: string) => ask<undefined>(`/downloads/${id}/open`, { method: 'POST' }),
    preview: (id: string) => ask<Preview>(`/downloads/${id}/preview`, { method: 'POST' }),
    addShare: (folder: string) => ask<ShareState>('/shares', { method: 'POST', body: { folder } }),
    removeShare: (id: string) => ask<undefined>(`/shares/${id}`, { method: 'DELETE' }),
    folders: (under: string | undefined, signal: AbortSignal) =>
      ask<Folders>(
        under === undefined ? '/folders' : `/folders?under=${encodeURIComponent(under)}`,
        { signal },
      ),
    offered: (text: string, after: string, limit: number, signal: AbortSignal) => {
      const query = new URLSearchParams({ text, after, limit: String(limit) });
      return ask<OfferedPage>(`/offered?${query.toString()}`, { signal });
    },
    setLimits: (body: Limits, signal: AbortSignal) =>
      ask<unknown>('/limits', { method: 'PUT', body, signal }),
    setSettings: (body: Settings) => ask<unknown>('/settings', { method: 'PUT', body }),
  };
}
