// Names are found by their text and by their last segment, offers by their root: trees of the file in orders in
// which nobody registers, so that a thousand names of a share would change a thousand pages of each. What comes is
// therefore in memory first, with a note in the file from which that is made again, and is brought into the trees
// later, in their order (sqlite-settling.ts). Until then it is asked for here, too: it may be in both.
import { InOrder } from './in-order.ts';
import { OffersByRoot, type RecentOffer } from './offers-by-root.ts';
import { inCodePointOrder, leafOf } from './search-text.ts';
import type { SqliteFile } from './sqlite-file.ts';

export interface RecentName {
  readonly id: number;
  readonly name: string;
  /** The last segment of the folded name. */
  readonly leaf: string;
  isGone: boolean;
}

const ID_OF = 'SELECT id FROM by_name WHERE name = ?';
const NOTE = 'INSERT INTO recent (name, peer) VALUES (?, ?)';
const NAMES = 'SELECT id, name, leaf FROM names WHERE id IN (SELECT name FROM recent)';
const OFFERS = `SELECT lower(hex(o.root)), o.peer, o.name, o.size
  FROM (SELECT DISTINCT name, peer FROM recent) r JOIN offers o ON o.name = r.name AND o.peer = r.peer
  WHERE o.root IS NOT NULL`;

/** What came in one stretch of time. */
export class Generation {
  readonly names = new Map<string, RecentName>();
  readonly byName = new InOrder<RecentName>((a, b) => inCodePointOrder(a.name, b.name));
  readonly byLeaf = new InOrder<RecentName>(
    (a, b) => inCodePointOrder(a.leaf, b.leaf) || a.id - b.id,
  );
  readonly offers = new OffersByRoot();
  /** How many offers there are notes of. */
  noted = 0;
}

export class RecentEntries {
  readonly #file: SqliteFile;
  /** The last one is filled; one before it is brought into the trees. */
  #generations: Generation[] = [new Generation()];
  /** How many names the file has. */
  #count = 0;
  /** Takes back what the transaction that runs has done here. */
  #undo: (() => void)[] = [];

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** Once the file is open. */
  open(): void {
    this.#file.onEnd((isDone) => {
      if (!isDone) for (const undo of this.#undo.reverse()) undo();
      this.#undo = [];
    });
    this.#file.onOld('names', [], ['old.name'], (name) => {
      this.#nameGoes(name as string);
    });
    const place = ['lower(hex(old.root))', 'old.peer', 'old.name'];
    this.#file.onOld('offers', ['root', 'size'], place, (root, peer, name) => {
      this.#offerGoes(root as string, peer as number, name as number);
    });
    this.#read();
  }

  /** Where all that comes from now on is. */
  get filled(): Generation {
    return this.#generations.at(-1) as Generation;
  }

  /** Has another one filled from now on. */
  turn(): Generation {
    const { filled } = this;
    this.#generations = [filled, new Generation()];
    return filled;
  }

  /** Once all of it is in the trees, and has no notes any more. */
  drop(generation: Generation): void {
    this.#generations = this.#generations.filter((each) => each !== generation);
  }

  /** How many names there are, in the trees or not. */
  get count(): number {
    return this.#count;
  }

  /** The id of a name, whether it came or is in the tree. */
  idOf(name: string): number | undefined {
    for (const { names } of this.#generations) {
      const known = names.get(name);
      if (known) return known.id;
    }
    return this.#file.lists(ID_OF, name)[0]?.[0] as number | undefined;
  }

  offersOf(root: string): RecentOffer[] {
    // Asked for every look-up: mostly there is nothing.
    let all: RecentOffer[] = [];
    for (const { offers } of this.#generations) {
      const some = offers.of(root);
      if (some.length > 0) all = all.length === 0 ? some : [...all, ...some];
    }
    return all;
  }

  /** Of contents that came, those that went again possibly among them. */
  get roots(): string[] {
    return this.#generations.flatMap(({ offers }) => offers.roots);
  }

  /** In code point order. */
  namesAfter(after: string, limit: number): RecentName[] {
    return this.#first(limit, ({ byName }) =>
      byName.after(({ name }) => inCodePointOrder(name, after) > 0),
    )
      .sort((a, b) => inCodePointOrder(a.name, b.name))
      .slice(0, limit);
  }

  /** Those whose last segment begins with a text: the first so many of each generation. */
  leavesAfter(text: string, after: { leaf: string; id: number }, limit: number): RecentName[] {
    const isAfter = ({ leaf, id }: RecentName) =>
      (inCodePointOrder(leaf, after.leaf) || id - after.id) > 0;
    return this.#first(
      limit,
      ({ byLeaf }) => byLeaf.after(isAfter),
      ({ leaf }) => leaf.startsWith(text),
    );
  }

  /** Within a transaction; what is offered under it follows. */
  nameComes(id: number, name: string, folded: string): void {
    const { filled } = this;
    const entry = nameOf(id, name, leafOf(folded));
    this.#count++;
    addName(filled, entry);
    this.#undo.push(() => {
      this.#count--;
      removeName(filled, entry);
    });
  }

  /** Within a transaction. */
  offerComes(peer: number, name: number, size: number | null, root: string | undefined): void {
    const { filled } = this;
    this.#file.insert(NOTE, name, peer);
    filled.noted++;
    if (root === undefined) return;
    const entry = { root, peer, name, size, isGone: false };
    filled.offers.add(entry);
    this.#undo.push(() => {
      removeOffer(filled, entry);
    });
  }

  #nameGoes(name: string): void {
    this.#count--;
    this.#undo.push(() => {
      this.#count++;
    });
    for (const generation of this.#generations) {
      const entry = generation.names.get(name);
      if (!entry) continue;
      removeName(generation, entry);
      this.#undo.push(() => {
        entry.isGone = false;
        generation.names.set(name, entry);
      });
    }
  }

  #offerGoes(root: string, peer: number, name: number): void {
    for (const generation of this.#generations) {
      const entry = generation.offers.find(root, peer, name);
      if (!entry) continue;
      removeOffer(generation, entry);
      this.#undo.push(() => {
        entry.isGone = false;
        generation.offers.add(entry);
      });
    }
  }

  #first(
    limit: number,
    entriesOf: (generation: Generation) => Iterable<RecentName>,
    fits: (entry: RecentName) => boolean = () => true,
  ): RecentName[] {
    return this.#generations.flatMap((generation) => {
      const first: RecentName[] = [];
      for (const entry of entriesOf(generation)) {
        if (first.length === limit || !fits(entry)) break;
        first.push(entry);
      }
      return first;
    });
  }

  /** What the notes are of. */
  #read(): void {
    const numberOf = (what: string) => this.#file.lists(`SELECT count(*) FROM ${what}`)[0]?.[0];
    this.#count = numberOf('names') as number;
    this.filled.noted = numberOf('recent') as number;
    for (const [id, name, leaf] of this.#file.lists(NAMES) as [number, string, string][])
      addName(this.filled, nameOf(id, name, leaf));
    type Row = [string, number, number, number | null];
    for (const [root, peer, name, size] of this.#file.lists(OFFERS) as Row[])
      this.filled.offers.add({ root, peer, name, size, isGone: false });
  }
}

/** With texts of their own, which keep no longer one in memory. */
function nameOf(id: number, name: string, leaf: string): RecentName {
  return { id, name, leaf: Buffer.from(leaf).toString(), isGone: false };
}

function addName({ names, byName, byLeaf }: Generation, entry: RecentName): void {
  names.set(entry.name, entry);
  byName.add(entry);
  byLeaf.add(entry);
}

function removeName({ names }: Generation, entry: RecentName): void {
  entry.isGone = true;
  names.delete(entry.name);
}

function removeOffer({ offers }: Generation, entry: RecentOffer): void {
  entry.isGone = true;
  offers.remove(entry);
}
