// Offers by their root: most roots have one.

export interface RecentOffer {
  /** Hex digits. */
  readonly root: string;
  readonly peer: number;
  /** Its id. */
  readonly name: number;
  readonly size: number | null;
  isGone: boolean;
}

export class OffersByRoot {
  readonly #single = new Map<string, RecentOffer>();
  /** By peer and name: one root may have very many. */
  readonly #several = new Map<string, Map<string, RecentOffer>>();

  add(offer: RecentOffer): void {
    const { root } = offer;
    let several = this.#several.get(root);
    const single = this.#single.get(root);
    if (!several && !single) {
      this.#single.set(root, offer);
      return;
    }
    if (!several) this.#several.set(root, (several = new Map<string, RecentOffer>()));
    if (single) several.set(placeOf(single), single);
    this.#single.delete(root);
    several.set(placeOf(offer), offer);
  }

  remove(offer: RecentOffer): void {
    const { root } = offer;
    if (this.#single.get(root) === offer) this.#single.delete(root);
    const several = this.#several.get(root);
    several?.delete(placeOf(offer));
    if (several?.size === 0) this.#several.delete(root);
  }

  /** What a peer offers of it under a name. */
  find(root: string, peer: number, name: number): RecentOffer | undefined {
    const single = this.#single.get(root);
    if (single?.peer === peer && single.name === name) return single;
    return this.#several.get(root)?.get(placeOf({ peer, name }));
  }

  of(root: string): RecentOffer[] {
    const single = this.#single.get(root);
    return single ? [single] : [...(this.#several.get(root)?.values() ?? [])];
  }

  get roots(): string[] {
    return [...this.#single.keys(), ...this.#several.keys()];
  }
}

function placeOf({ peer, name }: Pick<RecentOffer, 'peer' | 'name'>): string {
  return `${peer} ${name}`;
}
