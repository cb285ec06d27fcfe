/** A promise of the package that every runtime has to keep. */
export interface RuntimeCase {
  /** The promise in words. */
  readonly name: string;
  /** How long it may take, in ms. Default: 30 000. */
  readonly limitMs?: number;
  /** Tries it, and rejects with what is wrong. */
  run(): Promise<void>;
}

/** A promise of the package about a site (see `Site`) on the other side of a network. */
export interface SiteCase {
  /** The promise in words. */
  readonly name: string;
  /** Whether the site has to be of one process, where runs go on between requests. */
  readonly needsRunner: boolean;
  /** Tries it on the site at this address, and rejects with what is wrong. */
  run(origin: string): Promise<void>;
}
