// Makes endpoints known to a real registry without a peer behind them: sources that a test has made up.
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { Identity } from '../../src/lib/identity.ts';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import type { TestContent } from '../download/content-source.ts';
import { startRegistry } from '../harness/running.ts';

/** A registry whose leases outlive the test: nobody renews those that are made up. */
export function startPatientRegistry() {
  return startRegistry({ leaseSeconds: 3_600 });
}

/** An endpoint offers a content under a name. */
export async function announceFile(
  url: URL,
  { ipAddress, port }: Endpoint,
  { root, bytes }: TestContent,
  name: string,
): Promise<void> {
  const peer = new NativeRegistry({ url }).as(Identity.fresh());
  const { revision } = await peer.announce({ ipAddress, port });
  const entry = { name, size: bytes.length, modified: Date.UTC(2026, 0, 1), root };
  await peer.changeCatalogue({ revision, offered: [entry], withdrawn: [] });
}

/** An endpoint holds a content, or a part of it, under no name. */
export async function announceHolding(
  url: URL,
  { ipAddress, port }: Endpoint,
  root: string,
  complete: boolean,
): Promise<void> {
  const peer = new NativeRegistry({ url }).as(Identity.fresh());
  await peer.announce({ ipAddress, port });
  await peer.holdContent(root, complete);
}

/** Who is told to hold a content. */
export async function sourcesOf(
  url: URL,
  root: string,
): Promise<{ endpoint: Endpoint; complete: boolean }[]> {
  const { sources } = await new NativeRegistry({ url }).contentOf(root, 1_000);
  return sources.map(({ endpoint, complete }) => ({ endpoint, complete }));
}
