// Picker and part file together: whatever the order of arrivals, failures and kills, and whatever becomes
// of the part in between, in the end every piece is there once and right.
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Picker } from '../../src/peer/download/picker.ts';
import { PieceFile } from '../../src/peer/download/piece-file.ts';
import { verifyPiece } from '../../src/peer/download/verify-piece.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { contentOf, PIECE, type TestContent } from './content-source.ts';

const CONTENTS = [1, PIECE, PIECE + 1, 6 * PIECE + 77].map((size) => contentOf(randomBytes(size)));

const step = fc.record({
  does: fc.constantFrom(
    ...(['ask', 'ask', 'ask', 'arrive', 'arrive', 'arrive twice', 'write', 'fail'] as const),
    ...(['kill', 'kill and damage', 'kill and claim', 'leave'] as const),
  ),
  source: fc.constantFrom('a', 'b', 'c'),
  which: fc.nat(100),
});

/** One process after the other that downloads a content to a folder. */
class Processes {
  readonly #content: TestContent;
  readonly #root: string;
  #folder = '';
  #count = 0;
  #file!: PieceFile;
  picker = new Picker(new Uint8Array(0));
  underWay: { source: string; piece: number }[] = [];
  /** Pieces that were noted, and not damaged. */
  readonly noted = new Set<number>();

  constructor(content: TestContent, root: string) {
    this.#content = content;
    this.#root = root;
  }

  get pieces(): number {
    return this.#content.layer.length / 32;
  }

  async begin(): Promise<void> {
    this.#folder = this.#folder === '' ? await this.#newFolder() : this.#folder;
    const { root, bytes, layer } = this.#content;
    const size = bytes.length;
    this.#file = await PieceFile.open(join(this.#folder, 'got'), root, false);
    const { descriptor } = this.#file;
    const have = (await this.#file.prepare(size)).map((isClaimed, piece) => {
      const hash = layer.subarray(32 * piece, 32 * piece + 32);
      const job = { piece, size, hash, memory: undefined, descriptor };
      return isClaimed === 1 && verifyPiece(job) === 'right' ? 1 : 0;
    });
    // Whatever was noted and is right is not fetched again.
    for (const piece of this.noted) expect(have[piece]).toBe(1);
    this.picker = new Picker(have);
    this.underWay = [];
  }

  /** The right bytes of a piece are written to its place. */
  write(piece: number): void {
    const bytes = this.#content.bytes.subarray(piece * PIECE, (piece + 1) * PIECE);
    writeSync(this.#file.descriptor, bytes, 0, bytes.length, piece * PIECE);
  }

  async arrive(piece: number): Promise<void> {
    this.write(piece);
    if (this.picker.has(piece)) return;
    this.picker.arrive(piece);
    await this.#file.take(piece);
    this.noted.add(piece);
  }

  /** What a killed process leaves is what there was at that moment: the next one finds that. */
  async kill(damage?: 'damage' | 'claim', which = 0): Promise<void> {
    const before = this.#folder;
    this.#folder = await this.#newFolder();
    for (const name of await readdir(before))
      if (!name.endsWith('-lock')) await copyFile(join(before, name), join(this.#folder, name));
    await this.#file.leave();
    if (damage) await this.#change(damage, which);
    await this.begin();
  }

  async leave(): Promise<void> {
    await this.#file.leave();
    await this.begin();
  }

  async finish(): Promise<{ bytes: Buffer; names: string[] }> {
    await this.#file.finish();
    return {
      bytes: await readFile(join(this.#folder, 'got')),
      names: await readdir(this.#folder),
    };
  }

  async #change(damage: 'damage' | 'claim', which: number): Promise<void> {
    const ending = damage === 'damage' ? 'part' : 'state';
    const path = join(this.#folder, `.got.${this.#content.root.slice(0, 16)}.sp2p-${ending}`);
    const handle = await open(path, 'r+');
    const { size } = await handle.stat();
    if (damage === 'damage') {
      const byte = Buffer.alloc(1);
      const piece = which % this.pieces;
      await handle.read(byte, 0, 1, piece * PIECE);
      await handle.write(Buffer.of(~(byte[0] ?? 0)), 0, 1, piece * PIECE);
      this.noted.delete(piece);
    } else await handle.write('1', size - this.pieces + (which % this.pieces));
    await handle.close();
  }

  async #newFolder(): Promise<string> {
    const folder = join(this.#root, String(this.#count++));
    await mkdir(folder, { recursive: true });
    return folder;
  }
}

test('whatever happens on the way, in the end every piece is there once and right', async () => {
  const root = await temporaryFolder();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...CONTENTS),
      fc.array(step, { maxLength: 40 }),
      async (content, steps) => {
        const processes = new Processes(content, join(root, String(run++)));
        await processes.begin();
        for (const { does, source, which } of steps) {
          const { picker, underWay } = processes;
          const one = underWay[which % Math.max(1, underWay.length)];
          if (does === 'ask') {
            const piece = picker.next(source, () => which % 2 === 0);
            if (piece === undefined) continue;
            expect(picker.has(piece)).toBe(false);
            underWay.push({ source, piece });
          } else if (does === 'kill') await processes.kill();
          else if (does === 'kill and damage') await processes.kill('damage', which);
          else if (does === 'kill and claim') await processes.kill('claim', which);
          else if (does === 'leave') await processes.leave();
          else if (one && does === 'write') processes.write(one.piece);
          else if (one) {
            underWay.splice(underWay.indexOf(one), 1);
            if (does === 'fail') picker.fail(one.source, one.piece);
            else await processes.arrive(one.piece);
            if (does === 'arrive twice') await processes.arrive(one.piece);
          }
        }
        const { picker, underWay } = processes;
        for (const { source, piece } of underWay) picker.fail(source, piece);
        const fetched: number[] = [];
        for (;;) {
          const piece = picker.next('last', () => false);
          if (piece === undefined) break;
          fetched.push(piece);
          await processes.arrive(piece);
        }
        expect(picker.isDone).toBe(true);
        expect(new Set(fetched).size).toBe(fetched.length);
        const { bytes, names } = await processes.finish();
        expect(bytes.equals(content.bytes)).toBe(true);
        expect(names).toEqual(['got']);
      },
    ),
    { numRuns: 60 },
  );
});
