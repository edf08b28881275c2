// What a peer's port offers: its catalogue, and the parts of running downloads.
import { pieceCountOf } from '../protocol/merkle.ts';
import { PieceSet } from '../protocol/piece-set.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import { modifiedOf, type OpenedFile, type SharedFile } from './catalogue/shared-file.ts';
import type { OfferedFile, Offers } from './server/offers.ts';

/** A file of the catalogue as it is listed. */
export function offeredOf(file: SharedFile): OfferedFile {
  return {
    name: file.name,
    size: file.state.size,
    modified: modifiedOf(file),
    root: file.root,
  };
}

/** Contents are those of the catalogue first: they are whole. Names are the catalogue's alone. */
export function offersOf(catalogue: Catalogue, parts: Offers): Offers {
  const opened = (found: { file: SharedFile; opened: OpenedFile } | undefined) =>
    found && Object.assign(found.opened, { file: offeredOf(found.file) });
  return {
    open: async (name) => opened(await catalogue.open(name)),
    openContent: async (root) =>
      opened(await catalogue.openContent(root)) ?? (await parts.openContent(root)),
    shapeOf: async (root) => (await catalogue.shapeOf(root)) ?? (await parts.shapeOf(root)),
    holding: async (root) => {
      const shape = await catalogue.shapeOf(root);
      if (!shape) return parts.holding(root);
      const { size } = shape;
      // It is whole.
      return { size, has: PieceSet.full(pieceCountOf(size)), onGain: () => () => undefined };
    },
    page: (after, limit) => catalogue.page(after, limit).map(offeredOf),
    get count() {
      return catalogue.names.length;
    },
  };
}
