// Strangers of thousands of addresses, in a process of their own: some open connections and say nothing, some
// take or give so little that they are just not cut. Who is cut comes again.
// Arguments: whom (peer or registry), port, how many are idle, how many slow.
import { connect } from 'node:net';

const [whom = '', port = '', idle = '', slow = ''] = process.argv.slice(2);
const AGAIN_MS = 10_000;
/** They come over so long, not all at once. */
const COMING_MS = 5_000;
/** A peer cuts who takes less than 128 KiB within 30 s. */
const SIP_BYTES = 512 * 1024;
const SIP_EVERY_MS = 10_000;
const DRIP_EVERY_MS = 1_000;

const counts = { opened: 0, cut: 0, open: 0 };

/** 127.1.0.1, 127.1.0.2 …: each stranger has an address of its own. */
function addressOf(block: number, number: number): string {
  return `127.${block}.${Math.floor(number / 250)}.${1 + (number % 250)}`;
}

function come(localAddress: string, isSlow: boolean): void {
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
  let doing: NodeJS.Timeout | undefined;
  socket
    .on('connect', () => {
      counts.opened++;
      counts.open++;
      if (isSlow) doing = whom === 'peer' ? sip() : drip();
      else socket.resume();
    })
    .on('error', () => undefined)
    .on('close', () => {
      clearInterval(doing);
      counts.open--;
      counts.cut++;
      setTimeout(come, AGAIN_MS, localAddress, isSlow);
    });
  const sip = () => {
    socket.pause();
    socket.write('GET big\n');
    return setInterval(() => {
      let left = SIP_BYTES;
      socket.on('data', (chunk: Buffer) => {
        left -= chunk.length;
        if (left > 0) return;
        socket.pause();
        socket.removeAllListeners('data');
      });
      socket.resume();
    }, SIP_EVERY_MS);
  };
  const drip = () => {
    socket.resume();
    socket.write('POST /api/v1/reports HTTP/1.1\r\nHost: r\r\nContent-Length: 10000\r\n\r\n');
    return setInterval(() => socket.write(' '), DRIP_EVERY_MS);
  };
}

for (const [block, many, isSlow] of [
  [1, Number(idle), false],
  [2, Number(slow), true],
] as const)
  for (let number = 0; number < many; number++)
    setTimeout(come, (number / many) * COMING_MS, addressOf(block, number), isSlow);

setInterval(() => {
  process.send?.(counts);
}, 500);
