// Two hosts on one machine: network namespaces joined by a cable, which nothing else is connected to.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

export interface Host {
  namespace: string;
  address: string;
  /** Runs a program on this host; answers what it wrote to stdout. */
  run: (program: string, ...args: string[]) => Promise<string>;
}

/** Why this machine cannot make namespaces, or undefined where it can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  if (process.getuid?.() !== 0) return 'making network namespaces needs root';
  try {
    await run('ip', ['netns', 'list']);
    await run('curl', ['--version']);
    return undefined;
  } catch (error) {
    return `"ip" of iproute2 or "curl" is missing: ${String(error)}`;
  }
}

/** Two hosts of one network; they are gone when the test has finished. */
export async function twoHosts(): Promise<[Host, Host]> {
  const id = process.pid.toString(36);
  const hosts = [1, 2].map((n): Host => ({
    namespace: `sp2p-${id}-${n}`,
    address: `10.77.0.${n}`,
    run: async (program, ...args) =>
      (await run('ip', ['netns', 'exec', `sp2p-${id}-${n}`, program, ...args])).stdout,
  })) as [Host, Host];
  const [a, b] = hosts;
  onTestFinished(async () => {
    // The cable goes with either end.
    for (const { namespace } of hosts) await run('ip', ['netns', 'delete', namespace]);
  });
  for (const { namespace } of hosts) await run('ip', ['netns', 'add', namespace]);
  await run('ip', [
    ...['link', 'add', 'cable', 'netns', a.namespace, 'type', 'veth'],
    ...['peer', 'name', 'cable', 'netns', b.namespace],
  ]);
  for (const host of hosts) {
    await host.run('ip', 'address', 'add', `${host.address}/24`, 'dev', 'cable');
    await host.run('ip', 'link', 'set', 'cable', 'up');
    await host.run('ip', 'link', 'set', 'lo', 'up');
  }
  return hosts;
}
