/** A promise that somebody else settles: `Promise.withResolvers` is too new for some runtimes. */
export class Later<Value> {
  readonly promise: Promise<Value>;
  resolve: (value: Value) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve) => this.resolve = resolve);
  }
}
