/** The file that makes a runtime do something with a bundle. */
export function loaderOf(name: string): string {
  return new URL(`loaders/${name}`, import.meta.url).pathname;
}
