/** The classes of the platform that a package of the tests replaces. `@hono/node-server` replaces these two. */
const CLASSES = { Request, Response }

/** Puts the platform's own classes back: an object that `fetch` returns is no instance of the replaced ones. */
export function restorePlatformClasses(): void {
  for (const [name, value] of Object.entries(CLASSES)) Object.defineProperty(globalThis, name, { value })
}
